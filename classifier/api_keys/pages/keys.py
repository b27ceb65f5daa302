"""The pages of API keys: list with use, create, change, rotate, revoke. A key is shown only once."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from classifier.api_keys.pages.forms import (
    OVERLAPS,
    KeyForm,
    NewKeyForm,
    RotateForm,
    SecondForm,
    initial_of,
    last_day_of,
)
from classifier.api_keys.services import api_key_create, api_key_revoke, api_key_rotate, api_key_update
from classifier.api_keys.short_keys import short_key_create, short_key_withdraw
from classifier.api_keys.usage import DayOfUse, usage_days, usage_of
from classifier.core.validation import InvalidInput
from classifier.models import ApiKey, ApiScope, ShortKey, ShortKeyForm
from classifier.references.pages.references import reference_of_key
from classifier.references.pages.score_maps import map_of_key
from classifier.web.access import permitted, person_of
from classifier.web.refusals import refusals_shown

SEE = "classifier.view_apikey"
ADD = "classifier.add_apikey"
CHANGE = "classifier.change_apikey"
LISTED = 200
SPARK_DAYS = 14
DAYS = 30
SPARK_HEIGHT = 22


@permitted(SEE)
@require_safe
def keys(request: HttpRequest) -> HttpResponse:
    user = person_of(request)
    now = timezone.now()
    newest = list(_all().order_by("-id")[: LISTED + 1])
    listed = sorted(newest[:LISTED], key=lambda key: not key.is_usable(now))  # usable ones first
    used = usage_of(keys=listed, days=SPARK_DAYS)
    context = {
        "rows": [
            {"key": key, **_state(key), "today": used[key.pk][-1], "bars": _bars(used[key.pk])}
            for key in listed
        ],
        "spark_days": SPARK_DAYS,
        "listed": LISTED if len(newest) > LISTED else 0,
        "may_add": user.has_perm(ADD),
    }
    return render(request, "classifier/api_keys/list.html", context)


@permitted(SEE, ADD)
@require_http_methods(["GET", "HEAD", "POST"])
def key_new(request: HttpRequest) -> HttpResponse:
    user = person_of(request)
    form = NewKeyForm(
        request.POST if request.method == "POST" else None, user=user, initial={"owner": user.pk}
    )
    if request.method == "POST" and form.is_valid():
        try:
            created, plaintext = api_key_create(**form.values(), by=user)
        except InvalidInput as error:
            form.complain(error)
        else:
            return _shown_once(request, created, plaintext)
    context = {**_form(form), "scopes": _choices(form, "scopes", ApiScope.choices)}
    return render(request, "classifier/api_keys/new.html", context, status=422 if form.errors else 200)


@permitted(SEE)
@require_http_methods(["GET", "HEAD", "POST"])
def key(request: HttpRequest, key_id: int) -> HttpResponse:
    """Show one key; a POST changes it."""
    api_key, user = _key(key_id), person_of(request)
    form = KeyForm(user=user, initial=initial_of(api_key))
    if request.method == "POST":
        form = KeyForm(request.POST, user=user)
        if form.is_valid():
            values = form.values()
            if form.cleaned_data["expires_on"] == last_day_of(api_key.expires_at):
                values["expires_at"] = api_key.expires_at  # to the second, as it was
            try:
                api_key_update(api_key=api_key, **values, by=user)
            except InvalidInput as error:
                form.complain(error)
            else:
                messages.success(request, f"The key {api_key.prefix}… is changed.")
                return redirect("key", key_id)
        api_key = _key(key_id)
    days = usage_days(api_key=api_key, days=DAYS)
    short_since = dict(ShortKey.objects.filter(api_key=api_key).values_list("form", "created_at"))
    context = {
        **_form(form),
        **_state(api_key),
        **reference_of_key(api_key, user),
        "key": api_key,
        "scope_titles": [ApiScope(scope).label for scope in api_key.scopes],
        "today": days[-1],
        "days": days[::-1],
        "chart": _chart(days),
        "was_used": any(day.requests or day.refused for day in days),
        "follower": ApiKey.objects.filter(replaces=api_key).first(),
        "overlaps": OVERLAPS,
        "short_forms": [
            {"value": value, "title": title, "since": short_since.get(value)}
            for value, title in ShortKeyForm.choices
        ],
        **map_of_key(api_key, user),
        "may_change": user.has_perm(CHANGE),
        "may_rotate": user.has_perms((CHANGE, ADD)),
    }
    return render(request, "classifier/api_keys/key.html", context, status=422 if form.errors else 200)


@permitted(CHANGE, ADD)
@require_POST
def rotate(request: HttpRequest, key_id: int) -> HttpResponse:
    api_key = _key(key_id)
    form = RotateForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Choose when the old key ends.")
        return redirect("key", key_id)
    with refusals_shown(request):
        created, plaintext = api_key_rotate(
            api_key=api_key, overlap=timedelta(hours=form.cleaned_data["overlap"]), by=person_of(request)
        )
        return _shown_once(request, created, plaintext, old=api_key)
    return redirect("key", key_id)


@permitted(CHANGE)
@require_POST
def short_form(request: HttpRequest, key_id: int) -> HttpResponse:
    """Create the second form of a key for clients of Akismet and show it, or end it."""
    api_key = _key(key_id)
    form = SecondForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Choose where the second form of the key is for.")
        return redirect("key", key_id)
    kind, person = form.cleaned_data["form"], person_of(request)
    if form.cleaned_data["act"] == "end":
        short_key_withdraw(api_key=api_key, form=kind, by=person)
        messages.success(request, "This form of the key is ended; programs that use it are refused.")
        return redirect("key", key_id)
    with refusals_shown(request):
        plaintext = short_key_create(api_key=api_key, form=kind, by=person)
        return _shown_once(request, api_key, plaintext, short=kind)
    return redirect("key", key_id)


@permitted(CHANGE)
@require_POST
def revoke(request: HttpRequest, key_id: int) -> HttpResponse:
    api_key = _key(key_id)
    api_key_revoke(api_key=api_key, by=person_of(request))
    messages.success(request, f"The key {api_key.prefix}… is revoked; programs that use it are refused.")
    return redirect("key", key_id)


def _shown_once(
    request: HttpRequest, created: ApiKey, plaintext: str, old: ApiKey | None = None, short: str = ""
) -> HttpResponse:
    """Give the one answer that holds the key: no session, message or cache keeps it."""
    context = {"key": created, "plaintext": plaintext, "old": old, "short": short}
    return render(request, "classifier/api_keys/made.html", context)  # `permitted` keeps it out of caches


def _all() -> Any:
    return ApiKey.objects.select_related("owner", "reference").prefetch_related("sources")


def _key(key_id: int) -> ApiKey:
    api_key: ApiKey = get_object_or_404(_all(), pk=key_id)
    return api_key


def _state(key: ApiKey) -> dict[str, Any]:
    now = timezone.now()
    if key.revoked_at is not None:
        return {"state": "Revoked", "usable": False}
    if not key.is_usable(now):
        return {"state": "Expired", "usable": False}
    if not key.owner.is_active:
        return {"state": "Account closed", "usable": False}
    return {"state": "Usable", "usable": True}


def _form(form: KeyForm) -> dict[str, Any]:
    return {
        "form": form,
        "sources": _choices(form, "sources", [(source.pk, source.name) for source in form.offered]),
        "server_limit": settings.API_REQUESTS_PER_MINUTE,
        "problems": form.non_field_errors(),
    }


def _choices(form: KeyForm, name: str, choices: Any) -> list[tuple[Any, str, bool]]:
    chosen = set(map(str, form[name].value() or []))
    return [(value, title, str(value) in chosen) for value, title in choices]


def _bars(days: list[DayOfUse]) -> list[dict[str, int]]:
    """Return the small bars in the list of keys, as rectangles."""
    most = max((day.requests for day in days), default=0)
    heights = [-(-day.requests * SPARK_HEIGHT // most) if most else 0 for day in days]
    return [
        {"x": index * 6, "y": SPARK_HEIGHT - height, "height": height}
        for index, height in enumerate(heights)
        if height
    ]


def _chart(days: list[DayOfUse]) -> dict[str, Any]:
    series = (("Texts", "texts"), ("Requests", "requests"), ("Errors", "errors"), ("Refused", "refused"))
    return {
        "categories": [f"{day.day:%-d %b}" for day in days],
        "vertical": True,
        "series": [{"name": title, "values": [getattr(day, name) for day in days]} for title, name in series],
    }
