"""Notices: what a person wants by e-mail, and what was sent to them."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from classifier.core.validation import InvalidInput
from classifier.models import NoticeDelivery
from classifier.notices.checks import DIGEST_PERMISSION
from classifier.notices.recording import kinds_for
from classifier.notices.services import preference_of, preference_set, time_zones
from classifier.web.access import person_of, signed_in

SENT_SHOWN = 20
NO_DIGEST = ""


class NoticesForm(forms.Form):
    """What comes by e-mail; the service checks what this person may choose."""

    kinds = forms.MultipleChoiceField(required=False)
    digest_hour = forms.TypedChoiceField(
        required=False,
        coerce=int,
        empty_value=None,
        choices=[(NO_DIGEST, "No digest"), *((hour, f"{hour:02}:00") for hour in range(24))],
    )
    time_zone = forms.CharField(max_length=64, error_messages={"required": "Choose a time zone."})

    def __init__(self, *args: Any, kinds: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kinds"].choices = kinds  # type: ignore[attr-defined]


@never_cache
@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def notices(request: HttpRequest) -> HttpResponse:
    """Show and change what the person who is signed in gets by e-mail."""
    user = person_of(request)
    kinds = [(kind.value, kind.label) for kind in kinds_for(user)]
    preference = preference_of(user)
    initial = {
        "kinds": preference.kinds,
        "digest_hour": preference.digest_hour,
        "time_zone": preference.time_zone,
    }
    form = NoticesForm(request.POST if request.method == "POST" else None, kinds=kinds, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            preference_set(user=user, **form.cleaned_data)
        except InvalidInput as error:
            for problem in error.problems:
                form.add_error(problem.field if problem.field in form.fields else None, problem.message)
        else:
            messages.success(request, "Your notices are saved.")
            return redirect("notices")
    chosen = set(form["kinds"].value() or [])
    hour = form["digest_hour"].value()
    context = {
        "form": form,
        "problems": form.non_field_errors(),
        "kinds": [(value, title, value in chosen) for value, title in kinds],
        "hours": [
            (value, title, str(value) == str("" if hour is None else hour))
            for value, title in form.fields["digest_hour"].choices  # type: ignore[attr-defined]
        ],
        "zones": time_zones(),
        "email_is_set": settings.EMAIL_IS_SET,
        "address": user.email,
        "may_digest": user.has_perm(DIGEST_PERMISSION),
        "may_channels": user.has_perm("classifier.view_noticechannel"),
        "sent": NoticeDelivery.objects.filter(user=user)
        .select_related("notice")
        .order_by("-pk")[:SENT_SHOWN],
    }
    return render(request, "classifier/notices/notices.html", context, status=422 if form.errors else 200)
