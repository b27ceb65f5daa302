"""Which version judges which language: the default, and the slots of languages, with what can be done about each."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods, require_POST

from classifier.model_versions.language_slots import (
    assembly_with,
    slot_can_roll_back,
    slot_empty,
    slot_roll_back,
    slot_shadow_start,
    slot_shadow_stop,
    slots_fill,
)
from classifier.model_versions.memory import memory_needed
from classifier.models import LanguageSlot, ModelVersion
from classifier.scoring.heartbeat import workers
from classifier.web.formatting import language_title
from classifier.web.refusals import NOTHING_CHANGED, refusals_shown
from training.promotion.pages.versions import PROMOTE, REASON_CHARACTERS, SEE_VERSIONS
from training.web.access import permitted, person_of

SHADOW = "shadow"


class SlotForm(forms.Form):
    """A version, the languages that it is to judge or to shadow, and why."""

    version = forms.ModelChoiceField(
        queryset=ModelVersion.objects.all(), label="Model version", empty_label="Choose a version"
    )
    languages = forms.CharField(
        max_length=500,
        label="Languages",
        help_text="Language tags with spaces between them, such as de ru pt.",
    )
    reason = forms.CharField(max_length=REASON_CHARACTERS, required=False, label="Reason (optional)")
    override = forms.BooleanField(
        required=False,
        label="Override the quality gate",
        help_text="Needs a reason; the history keeps it with the findings of the gate.",
    )

    def clean_languages(self) -> list[str]:
        return str(self.cleaned_data["languages"]).replace(",", " ").split()

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("override") and not cleaned.get("reason", "").strip():
            self.add_error("reason", "Give a reason for overriding the gate; the history keeps it.")
        return cleaned


@dataclass(frozen=True)
class SlotRow:
    """A slot on the page; `language` is empty for the default."""

    language: str
    title: str
    version: ModelVersion | None
    since: datetime | None
    shadow: ModelVersion | None
    loaded: int
    can_roll_back: bool = False


@permitted(SEE_VERSIONS)
@require_http_methods(["GET", "HEAD", "POST"])
def slots(request: HttpRequest) -> HttpResponse:
    """Show the assembly; by POST, put a version into slots or let it shadow them."""
    may = person_of(request).has_perm(PROMOTE)
    form = SlotForm(
        request.POST if request.method == "POST" else None, initial={"version": request.GET.get("version")}
    )
    if request.method == "POST":
        if not may:
            return redirect("training:version-languages")
        if form.is_valid() and _filled(request, form.cleaned_data):
            return redirect("training:version-languages")
    production = assembly_with({})
    context = {
        "rows": _rows(),
        "form": form,
        "may_promote": may,
        "known": [language_title(tag) for tag in production.languages],
        "any_language": not production.languages,
        "memory": sum(map(memory_needed, production.versions)),
        "budget": settings.MODEL_MEMORY_MIB,
        "versions": [
            {
                "version": version,
                "languages": ", ".join(version.languages),
                "experimental": ", ".join(version.experimental_languages),
            }
            for version in ModelVersion.objects.all()[:100]
        ],
    }
    return render(request, "training/promotion/languages.html", context, status=422 if form.errors else 200)


def _filled(request: HttpRequest, chosen: dict[str, Any]) -> bool:
    """Do what the form asks for; return whether it was done."""
    version, by, reason = chosen["version"], person_of(request), chosen["reason"].strip()
    with refusals_shown(request, NOTHING_CHANGED):
        if request.POST.get("do") == SHADOW:
            with transaction.atomic():  # all of them or none
                for language in chosen["languages"]:
                    slot_shadow_start(language=language, model_version=version, by=by, reason=reason)
            messages.success(
                request,
                f"{version} scores live texts in {', '.join(chosen['languages'])} silently from now on.",
            )
            return True
        filled = slots_fill(
            languages=chosen["languages"],
            model_version=version,
            by=by,
            reason=reason,
            override_reason=reason if chosen["override"] else "",
        )
        messages.success(request, f"{version} judges {', '.join(filled)}; workers load it within seconds.")
        return True
    return False


@permitted(PROMOTE)
@require_POST
def slot_change(request: HttpRequest, language: str) -> HttpResponse:
    """Empty a slot, roll it back, or end its shadow."""
    by, reason = person_of(request), request.POST.get("reason", "").strip()[:REASON_CHARACTERS]
    with refusals_shown(request, NOTHING_CHANGED):
        if request.POST.get("do") == "empty":
            slot_empty(language=language, by=by, reason=reason)
            messages.success(request, f"The slot of {language} is empty; the other versions judge its texts.")
        elif request.POST.get("do") == "unshadow":
            slot_shadow_stop(language=language, by=by, reason=reason)
            messages.success(request, f"No version scores texts in {language} silently any more.")
        else:
            before = slot_roll_back(language=language, by=by, reason=reason)
            messages.success(
                request, f"{before or 'No version of its own'} is in production again for {language}."
            )
    return redirect("training:version-languages")


def _rows() -> list[SlotRow]:
    active, shadow = ModelVersion.objects.active(), ModelVersion.objects.shadow()
    loaded = [{status.model_version, *status.versions} for status in workers()]

    def workers_with(version: ModelVersion | None) -> int:
        return sum(version is not None and version.version in names for names in loaded)

    since = active.activated_at if active is not None else None
    slots = list(LanguageSlot.objects.select_related("model_version", "shadow"))
    title = "Every other language" if slots else "Every language"
    rows = [SlotRow("", title, active, since, shadow, workers_with(active))]
    for row in slots:
        rows.append(
            SlotRow(
                row.language,
                language_title(row.language),
                row.model_version,
                row.filled_at,
                row.shadow,
                workers_with(row.model_version),
                row.model_version is not None and slot_can_roll_back(row.language),
            )
        )
    return rows


urlpatterns = [
    path("versions/languages/", slots, name="version-languages"),
    path("versions/languages/<str:language>/", slot_change, name="version-language-slot"),
]
