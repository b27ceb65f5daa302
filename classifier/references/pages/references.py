"""Reference services: their list, naming and changing one, asking it once, switching it off and on, removing it."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from classifier.core.validation import InvalidInput, row_id
from classifier.models import ApiKey, ReferenceCall, ReferenceMode, ReferenceService, User, Wire
from classifier.references.pace import Health, healths
from classifier.references.selectors import (
    ENDED,
    latest_calls,
    reference_notices,
    services_there,
    uses,
    why_over,
)
from classifier.references.services import (
    ADD,
    CHANGE,
    CHANGE_KEY,
    PRESETS,
    SAMPLE,
    VIEW,
    ReferenceFields,
    reference_ask_once,
    reference_create,
    reference_disable,
    reference_enable,
    reference_mode_set,
    reference_remove,
    reference_update,
)
from classifier.web.access import permitted, person_of
from classifier.web.refusals import refusals_shown

LATEST = 20
CUSTOM = ReferenceFields("", Wire.PERSPECTIVE, "")


class ReferenceForm(forms.Form):
    """The settings of a service as an admin enters them; the service layer checks them."""

    name = forms.CharField(max_length=100)
    wire = forms.ChoiceField(choices=Wire.choices)
    url = forms.CharField(max_length=500)
    key = forms.CharField(max_length=500, required=False)
    no_key = forms.BooleanField(required=False)
    model = forms.CharField(max_length=100, required=False)
    timeout_seconds = forms.FloatField()
    calls_per_second = forms.FloatField()
    share_percent = forms.FloatField()
    keeps_texts = forms.BooleanField(required=False)
    ends_on = forms.DateField(required=False)

    def fields_given(self) -> ReferenceFields:
        given = dict(self.cleaned_data)
        given["share"] = given.pop("share_percent") / 100
        return ReferenceFields(
            **{name: value for name, value in given.items() if name not in ("key", "no_key")}
        )

    def complain(self, error: InvalidInput) -> None:
        """Put each problem beside its field."""
        for problem in error.problems:
            name = "share_percent" if problem.field == "share" else problem.field
            message = "This must be from 0 to 100." if problem.field == "share" else problem.message
            self.add_error(name if name in self.fields else None, message)


@permitted(VIEW)
@require_safe
def references(request: HttpRequest) -> HttpResponse:
    user, now = person_of(request), timezone.now()
    services = list(services_there())
    states = healths([service.pk for service in services])
    used = {use.service.pk: use for use in uses(now)}
    sees_keys = user.has_perm("classifier.view_apikey")
    context = {
        "rows": [
            {"service": service, **state_of(service, states[service.pk]), "use": used.get(service.pk)}
            for service in services
        ],
        "keys": _keys() if sees_keys else [],
        "notices": reference_notices(now),
        "modes": list(ReferenceMode),
        "sees_keys": sees_keys,
        "may_add": user.has_perm(ADD) and user.sees_all_sources,
        "may_set": user.has_perms((CHANGE_KEY, VIEW)),
    }
    return render(request, "classifier/references/list.html", context)


@permitted(VIEW, ADD)
@require_http_methods(["GET", "HEAD", "POST"])
def reference_new(request: HttpRequest) -> HttpResponse:
    user = person_of(request)
    _require_all(user)
    preset = str(request.GET.get("preset", ""))
    form = ReferenceForm(initial=_initial(PRESETS.get(preset, CUSTOM)))
    if request.method == "POST":
        form = ReferenceForm(request.POST)
        if form.is_valid():
            try:
                made = reference_create(fields=form.fields_given(), key=form.cleaned_data["key"], by=user)
            except InvalidInput as error:
                form.complain(error)
            else:
                messages.success(request, f"{made.name} is added. Ask it once to see whether it answers.")
                return redirect("reference", made.pk)
    presets = [(name, fields.name) for name, fields in PRESETS.items()]
    context = {"form": form, "presets": presets, "preset": preset, "problems": form.non_field_errors()}
    return render(request, "classifier/references/new.html", context, status=422 if form.errors else 200)


@permitted(VIEW)
@require_http_methods(["GET", "HEAD", "POST"])
def reference(request: HttpRequest, reference_id: int) -> HttpResponse:
    """Show one service; a POST changes it."""
    service, user = _service_or_404(reference_id), person_of(request)
    form = ReferenceForm(initial=_initial(_fields_of(service)))
    if request.method == "POST":
        _require_change(user)
        form = ReferenceForm(request.POST)
        if form.is_valid():
            try:
                reference_update(
                    service=service,
                    fields=form.fields_given(),
                    key=form.cleaned_data["key"],
                    no_key=form.cleaned_data["no_key"],
                    by=user,
                )
            except InvalidInput as error:
                form.complain(error)
            else:
                messages.success(request, f"{service.name} is changed.")
                return redirect("reference", reference_id)
        service = _service_or_404(reference_id)
    return _page(request, service, form, status=422 if form.errors else 200)


@permitted(VIEW, CHANGE)
@require_POST
def reference_switch(request: HttpRequest, reference_id: int) -> HttpResponse:
    service = _service_or_404(reference_id)
    enabled = request.POST.get("enabled") == "1"
    (reference_enable if enabled else reference_disable)(service=service, by=person_of(request))
    outcome = "is on" if enabled else "is off; keys that follow it are answered by this site's model"
    messages.success(request, f"{service.name} {outcome}.")
    return redirect("reference", reference_id)


@permitted(VIEW, CHANGE)
@require_POST
def reference_ask(request: HttpRequest, reference_id: int) -> HttpResponse:
    """Ask the service once and show its answer; nothing of it is stored."""
    service = _service_or_404(reference_id)
    text = str(request.POST.get("text", ""))
    form = ReferenceForm(initial=_initial(_fields_of(service)))
    try:
        reply = reference_ask_once(service=service, text=text, by=person_of(request))
    except InvalidInput as error:
        problem = error.problems[0].message
        return _page(request, service, form, {"text": text, "text_problem": problem}, status=422)
    failure = ReferenceCall.Failure(reply.failure).label if reply.failure else ""
    scores = sorted(reply.scores[0].items()) if reply.scores else []
    test = {"text": text, "reply": reply, "failure": failure, "scores": scores}
    return _page(request, service, form, test)


@permitted(VIEW, CHANGE)
@require_POST
def reference_away(request: HttpRequest, reference_id: int) -> HttpResponse:
    service = _service_or_404(reference_id)
    reference_remove(service=service, by=person_of(request))
    messages.success(request, f"{service.name} is removed, and its key with it.")
    return redirect("references")


@permitted("classifier.view_apikey", CHANGE_KEY, VIEW)
@require_POST
def key_reference(request: HttpRequest, key_id: int) -> HttpResponse:
    """Let a key observe or follow a service, or ask none."""
    key = ApiKey.objects.filter(pk=key_id).first()
    if key is None:
        raise Http404
    back = "references" if request.POST.get("back") == "references" else None
    mode = str(request.POST.get("mode", ""))
    service = services_there().filter(pk=row_id(request.POST.get("service")) or 0).first()
    if mode not in ReferenceMode.values:
        messages.error(request, "Choose off, observe or follow.")
    else:
        with refusals_shown(request):
            reference_mode_set(api_key=key, mode=ReferenceMode(mode), service=service, by=person_of(request))
            messages.success(request, f"The key {key.prefix}… {_done(ReferenceMode(mode), service)}")
    return redirect(back) if back else redirect("key", key_id)


def reference_of_key(api_key: ApiKey, user: User) -> dict[str, Any]:
    """Return what the part of a key's page about reference services shows."""
    if not user.has_perm(VIEW):
        return {"reference_shown": False}
    now = timezone.now()
    services = list(services_there())
    chosen = api_key.reference
    return {
        "reference_shown": True,
        "reference_services": services,
        "reference_modes": list(ReferenceMode),
        "reference_over": why_over(chosen, now) if chosen is not None else "",
        "reference_may_set": user.has_perms((CHANGE_KEY, VIEW)),
    }


def state_of(service: ReferenceService, health: Health) -> dict[str, Any]:
    """Return a word for the state of a service, and the class of its tag."""
    over = why_over(service, timezone.now())
    if over:
        return {"state": "Ended" if over == ENDED else "Off", "tag": "off", "over": over, "health": health}
    if health.failing:
        state = "Paused" if health.paused_seconds else "Failing"
        return {"state": state, "tag": "bad", "over": "", "health": health}
    return {"state": "On", "tag": "on", "over": "", "health": health}


def _page(
    request: HttpRequest,
    service: ReferenceService,
    form: ReferenceForm,
    test: dict[str, Any] | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    user = person_of(request)
    use = next((use for use in uses(timezone.now()) if use.service.pk == service.pk), None)
    context = {
        "service": service,
        **state_of(service, healths([service.pk])[service.pk]),
        "form": form,
        "problems": form.non_field_errors(),
        "has_key": service.sealed_key is not None,
        "use": use,
        "calls": latest_calls(service, LATEST),
        "sees_calls": user.has_perm("classifier.view_referencecall") and user.sees_all_sources,
        "sees_keys": user.has_perm("classifier.view_apikey"),
        "may_change": user.has_perm(CHANGE) and user.sees_all_sources,
        "text": SAMPLE,
        **(test or {}),
    }
    return render(request, "classifier/references/reference.html", context, status=status)


def _done(mode: ReferenceMode, service: ReferenceService | None) -> str:
    sentences: dict[ReferenceMode, Callable[[str], str]] = {
        ReferenceMode.OFF: lambda _: "asks no reference service any more.",
        ReferenceMode.OBSERVE: lambda name: f"is answered by this site and observes {name}.",
        ReferenceMode.FOLLOW: lambda name: f"is answered by {name} while that answers.",
    }
    return sentences[mode](service.name if service is not None else "")


def _keys() -> list[ApiKey]:
    """List the keys that can still be used, to choose what they do with a service."""
    rows = ApiKey.objects.filter(revoked_at__isnull=True).select_related("owner", "reference")
    now = timezone.now()
    return [key for key in rows.order_by("name", "pk")[:200] if key.is_usable(now)]


def _initial(fields: ReferenceFields) -> dict[str, Any]:
    values = asdict(fields)
    values["share_percent"] = f"{values.pop('share') * 100:g}"
    for name in ("timeout_seconds", "calls_per_second"):
        values[name] = f"{values[name]:g}"
    return values


def _fields_of(service: ReferenceService) -> ReferenceFields:
    names = ReferenceFields.__dataclass_fields__
    return ReferenceFields(**{name: getattr(service, name) for name in names})


def _service_or_404(reference_id: int) -> ReferenceService:
    service: ReferenceService | None = services_there().filter(pk=reference_id).first()
    if service is None:
        raise Http404
    return service


def _require_all(user: User) -> None:
    if not user.sees_all_sources:
        raise PermissionDenied("Reference services concern every source.")


def _require_change(user: User) -> None:
    if not user.has_perm(CHANGE):
        raise PermissionDenied(CHANGE)
    _require_all(user)
