"""A shadow version's own page: what it said about live traffic, held against production and against moderators."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.views.decorators.http import require_http_methods

from classifier.core.validation import row_id, whole_number
from classifier.model_versions.shadow import shadow_start, shadow_stop
from classifier.model_versions.shadow_report import BOTH_WAYS, PAGE, PERIODS, changed_verdicts, shadow_period
from classifier.models import ModelVersion
from training.promotion.pages.shadow_report import (
    FEW_DECIDED,
    cells,
    compared,
    difference_rows,
    scatter,
    source_rows,
    verdict_sentence,
)
from training.promotion.pages.versions import SEE_VERSIONS, found_version, production_context, tried
from training.web.access import permitted, person_of

USUAL_DAYS = 30


@permitted(SEE_VERSIONS)
@require_http_methods(["GET", "HEAD", "POST"])
def shadow(request: HttpRequest, version_id: int) -> HttpResponse:
    """The report of a version that scores, or scored, silently; by POST such scoring starts or stops."""
    found = found_version(version_id)
    if request.method == "POST":
        return _switch(request, found)
    days = whole_number(request.GET.get("days")) or USUAL_DAYS
    days = days if days in PERIODS else USUAL_DAYS
    way = request.GET.get("way", "")
    way = way if way in BOTH_WAYS else next(iter(BOTH_WAYS))
    before = row_id(request.GET.get("before"))
    user = person_of(request)
    period = shadow_period(model_version=found, user=user, days=days)
    examples = changed_verdicts(model_version=found, user=user, days=days, verdict=way, before=before)
    active = ModelVersion.objects.active()
    context: dict[str, Any] = {
        **production_context(request, found),
        "period": period,
        "periods": [(number, title, number == days) for number, title in PERIODS.items()],
        "days": days,
        "compared": compared(period),
        "cells": cells(period),
        "sentence": verdict_sentence(period),
        "few": period.shadow.decided < FEW_DECIDED,
        "chart": scatter(period, active.threshold if active else None, found.threshold),
        "differences": difference_rows(period),
        "sources": source_rows(period),
        "ways": [(key, title, key == way) for key, title in BOTH_WAYS.items()],
        "way": way,
        "examples": examples[:PAGE],
        "older": examples[PAGE - 1].pk if len(examples) > PAGE else None,
        "later_page": before is not None,
        "may_read": user.has_perm("classifier.view_comment"),
    }
    return render(request, "training/promotion/shadow_page.html", context)


def _switch(request: HttpRequest, found: ModelVersion) -> HttpResponse:
    stop = request.POST.get("do") == "stop"
    verb = shadow_stop if stop else shadow_start
    reason = request.POST.get("reason", "").strip()[:300]
    said = (
        f"{found} no longer scores live traffic."
        if stop
        else f"{found} scores live traffic silently from now on. Its verdicts are shown here and change nothing."
    )
    back = reverse("training:version-shadow", args=[found.pk]) if request.POST.get("from") == "report" else ""
    return tried(
        request, found, lambda: verb(model_version=found, by=person_of(request), reason=reason), said, back
    )


urlpatterns = [path("versions/<int:version_id>/shadow/", shadow, name="version-shadow")]
