"""Webhooks: the list; create, change, test, enable, disable and delete one; roll its secret."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from classifier.core.outgoing import outgoing_hold
from classifier.core.validation import InvalidInput
from classifier.core.visibility import visible_sources
from classifier.models import Source, User, Webhook, WebhookDelivery, WebhookEventType
from classifier.web.access import permitted, person_of
from classifier.web.refusals import refusals_shown
from classifier.webhooks.pages.deliveries import log_of
from classifier.webhooks.selectors import webhooks_of, webhooks_with_counts
from classifier.webhooks.services import (
    ADD,
    CHANGE,
    CHOOSABLE,
    webhook_create,
    webhook_delete,
    webhook_disable,
    webhook_enable,
    webhook_secret_roll,
    webhook_test,
    webhook_update,
)

SEE = "classifier.view_webhook"
LISTED = 200
NOT_ALL = "Choose sources: you do not see all of them."
OVERLAPS = [(0, "at once"), (1, "in an hour"), (24, "in a day"), (7 * 24, "in a week")]


class WebhookForm(forms.Form):
    """The events and the address of a webhook; the service checks what is allowed."""

    name = forms.CharField(max_length=100, label="Name")
    url = forms.CharField(max_length=500, label="URL")
    events = forms.MultipleChoiceField(
        choices=[(kind.value, kind.label) for kind in CHOOSABLE],
        error_messages={"required": "Choose at least one."},
    )
    sources = forms.ModelMultipleChoiceField(queryset=Source.objects.none(), required=False)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["sources"].queryset = visible_sources(user)  # type: ignore[attr-defined]

    def complain(self, error: InvalidInput) -> None:
        """Put each problem beside its field."""
        for problem in error.problems:
            self.add_error(problem.field if problem.field in self.fields else None, problem.message)

    def choices(self, name: str) -> list[tuple[Any, str, bool]]:
        chosen = set(map(str, self[name].value() or []))
        options = self.fields[name].choices  # type: ignore[attr-defined]
        return [(str(value), title, str(value) in chosen) for value, title in options]


class SecretForm(forms.Form):
    overlap = forms.TypedChoiceField(choices=OVERLAPS, coerce=int)


@permitted(SEE)
@require_safe
def webhooks(request: HttpRequest) -> HttpResponse:
    user = person_of(request)
    rows = list(webhooks_with_counts(user)[:LISTED])
    context = {"webhooks": rows, "may_add": user.has_perm(ADD), "hold": outgoing_hold()}
    return render(request, "classifier/webhooks/list.html", context)


@permitted(SEE, ADD)
@require_http_methods(["GET", "HEAD", "POST"])
def webhook_new(request: HttpRequest) -> HttpResponse:
    user = person_of(request)
    form = WebhookForm(request.POST if request.method == "POST" else None, user=user)
    if request.method == "POST" and form.is_valid():
        try:
            made, secret = webhook_create(**form.cleaned_data, by=user)
        except InvalidInput as error:
            form.complain(error)
        except PermissionDenied:
            form.add_error("sources", NOT_ALL)
        else:
            return _shown_once(request, made, secret)
    status = 422 if form.errors else 200
    return render(request, "classifier/webhooks/new.html", _form(form), status=status)


@permitted(SEE)
@require_http_methods(["GET", "HEAD", "POST"])
def webhook(request: HttpRequest, webhook_id: int) -> HttpResponse:
    """Show one webhook with its log; a POST changes it."""
    webhook, user = _webhook(request, webhook_id), person_of(request)
    initial = {
        "name": webhook.name,
        "url": webhook.url,
        "events": webhook.events,
        "sources": [source.pk for source in webhook.sources.all()],
    }
    form = WebhookForm(user=user, initial=initial)
    if request.method == "POST":
        form = WebhookForm(request.POST, user=user)
        if form.is_valid():
            try:
                webhook_update(webhook=webhook, **form.cleaned_data, by=user)
            except InvalidInput as error:
                form.complain(error)
            except PermissionDenied:
                form.add_error("sources", NOT_ALL)
            else:
                messages.success(request, f"{webhook.name} is changed.")
                return redirect("webhook", webhook_id)
        webhook = _webhook(request, webhook_id)
    context = {
        **_form(form),
        **log_of(webhook, request.GET),
        "webhook": webhook,
        "event_titles": [WebhookEventType(kind).label for kind in webhook.events],
        "old_secret": webhook.old_secret_until if _lives(webhook) else None,
        "overlaps": OVERLAPS,
        "give_up_days": settings.WEBHOOK_GIVE_UP_DAYS,
        "may_change": user.has_perm(CHANGE),
    }
    return render(request, "classifier/webhooks/webhook.html", context, status=422 if form.errors else 200)


@permitted(SEE, CHANGE)
@require_POST
def webhook_switch(request: HttpRequest, webhook_id: int) -> HttpResponse:
    webhook = _webhook(request, webhook_id)
    enabled = request.POST.get("enabled") == "1"
    (webhook_enable if enabled else webhook_disable)(webhook=webhook, by=person_of(request))
    outcome = (
        "is on; what waits is sent now" if enabled else "is off; what waits is kept until it is on again"
    )
    messages.success(request, f"{webhook.name} {outcome}.")
    return redirect("webhook", webhook_id)


@permitted(SEE, CHANGE)
@require_POST
def webhook_secret(request: HttpRequest, webhook_id: int) -> HttpResponse:
    webhook = _webhook(request, webhook_id)
    form = SecretForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Choose when the old secret ends.")
        return redirect("webhook", webhook_id)
    hours = form.cleaned_data["overlap"]
    secret = webhook_secret_roll(webhook=webhook, overlap_hours=hours, by=person_of(request))
    return _shown_once(request, webhook, secret, rolled=True)


@permitted(SEE, CHANGE)
@require_POST
def test(request: HttpRequest, webhook_id: int) -> HttpResponse:
    """Send a test; the page of its delivery shows the result."""
    webhook = _webhook(request, webhook_id)
    with refusals_shown(request):
        delivery = webhook_test(webhook=webhook, by=person_of(request))
        return redirect("webhook-delivery", webhook_id, delivery.pk)
    return redirect("webhook", webhook_id)


@permitted(SEE, CHANGE)
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, webhook_id: int) -> HttpResponse:
    """Ask first, with what waits to be sent; by POST, delete."""
    webhook = _webhook(request, webhook_id)
    if request.method != "POST":
        waits = webhook.deliveries.filter(status=WebhookDelivery.Status.WAITING).count()
        return render(request, "classifier/webhooks/delete.html", {"webhook": webhook, "waits": waits})
    webhook_delete(webhook=webhook, by=person_of(request))
    messages.success(request, f"{webhook.name} is deleted; nothing is sent to it any more.")
    return redirect("webhooks")


def _shown_once(request: HttpRequest, made: Webhook, secret: str, rolled: bool = False) -> HttpResponse:
    """Show the secret, in this answer only; `permitted` keeps the page out of caches."""
    context = {"webhook": made, "secret": secret, "rolled": rolled, "old_secret": _lives(made)}
    return render(request, "classifier/webhooks/made.html", context)


def _lives(webhook: Webhook) -> bool:
    return webhook.old_secret_until is not None and webhook.old_secret_until > timezone.now()


def _webhook(request: HttpRequest, webhook_id: int) -> Webhook:
    webhook: Webhook | None = webhooks_of(person_of(request)).filter(pk=webhook_id).first()
    if webhook is None:
        raise Http404
    return webhook


def _form(form: WebhookForm) -> dict[str, Any]:
    return {
        "form": form,
        "events": form.choices("events"),
        "sources": form.choices("sources"),
        "problems": form.non_field_errors(),
    }
