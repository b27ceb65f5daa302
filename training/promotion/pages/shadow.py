"""The page of a shadow version: its verdicts about live traffic beside those of production and of moderators."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.views.decorators.http import require_http_methods

from classifier.core.measures import Confusion, share_with_interval, wilson
from classifier.core.validation import row_id, whole_number
from classifier.inference.language import UNDETERMINED
from classifier.model_versions.shadow import shadow_start, shadow_stop
from classifier.model_versions.shadow_report import (
    BOTH_WAYS,
    PAGE,
    PERIODS,
    ShadowPeriod,
    changed_verdicts,
    shadow_period,
)
from classifier.models import ModelVersion
from classifier.web.formatting import language_title
from training.promotion.pages.versions import SEE_VERSIONS, production_context, tried, version_or_404
from training.web.access import permitted, person_of
from training.web.formatting import DASH, percent

USUAL_DAYS = 30
FEW_PAIRS = 6  # with fewer, even if all point one way, an exact test cannot fall below 0.05
FEW_DECIDED = 30


@permitted(SEE_VERSIONS)
@require_http_methods(["GET", "HEAD", "POST"])
def shadow(request: HttpRequest, version_id: int) -> HttpResponse:
    """Show what a version scored in shadow mode; by POST, start or stop that mode."""
    version = version_or_404(version_id)
    if request.method == "POST":
        return _switch(request, version)
    days = whole_number(request.GET.get("days")) or USUAL_DAYS
    days = days if days in PERIODS else USUAL_DAYS
    way = request.GET.get("way", "")
    way = way if way in BOTH_WAYS else next(iter(BOTH_WAYS))
    before = row_id(request.GET.get("before"))
    user = person_of(request)
    period = shadow_period(model_version=version, user=user, days=days)
    examples = changed_verdicts(model_version=version, user=user, days=days, verdict=way, before=before)
    active = ModelVersion.objects.active()
    context: dict[str, Any] = {
        **production_context(request, version),
        "period": period,
        "periods": [(number, title, number == days) for number, title in PERIODS.items()],
        "days": days,
        "compared": compared(period),
        "cells": cells(period),
        "sentence": verdict_sentence(period),
        "few": period.shadow.decided < FEW_DECIDED,
        "chart": scatter(period, active.threshold if active else None, version.threshold),
        "differences": difference_rows(period),
        "sources": source_rows(period),
        "languages": language_lines(period),
        "ways": [(key, title, key == way) for key, title in BOTH_WAYS.items()],
        "way": way,
        "examples": examples[:PAGE],
        "older": examples[PAGE - 1].pk if len(examples) > PAGE else None,
        "later_page": before is not None,
        "may_read": user.has_perm("classifier.view_comment"),
    }
    return render(request, "training/promotion/shadow_page.html", context)


def _switch(request: HttpRequest, version: ModelVersion) -> HttpResponse:
    stop = request.POST.get("do") == "stop"
    verb = shadow_stop if stop else shadow_start
    reason = request.POST.get("reason", "").strip()[:300]
    success = (
        f"{version} no longer scores live traffic."
        if stop
        else f"{version} scores live traffic silently from now on. Its verdicts are shown here and change nothing."
    )
    back = (
        reverse("training:version-shadow", args=[version.pk]) if request.POST.get("from") == "report" else ""
    )
    return tried(
        request,
        version,
        lambda: verb(model_version=version, by=person_of(request), reason=reason),
        success,
        back,
    )


@dataclass(frozen=True)
class Compared:
    """One measure of both versions; `help` says what it is."""

    title: str
    help: str
    production: str
    shadow: str


def compared(period: ShadowPeriod) -> list[Compared]:
    """Return precision, recall, F1 and accuracy with their 95 % intervals and what they are counted of."""

    def line(title: str, about: str, of: Callable[[Confusion], tuple[int, int]]) -> Compared:
        return Compared(title, about, _share(*of(period.production)), _share(*of(period.shadow)))

    return [
        line("Precision", "of what it calls toxic, moderators removed", lambda counts: counts.precision),
        line("Recall", "of what moderators removed, it calls toxic", lambda counts: counts.recall),
        Compared(
            "F1",
            "harmonic mean of the two; no interval",
            *(
                DASH if counts.f1 is None else f"{counts.f1:.3f}"
                for counts in (period.production, period.shadow)
            ),
        ),
        line(
            "Accuracy", "of all decided comments, it says what they decided", lambda counts: counts.accuracy
        ),
    ]


def cells(period: ShadowPeriod) -> list[tuple[str, int, int]]:
    """Return the four cells of the confusion matrices: (what, production, shadow)."""
    names = (
        ("Toxic, removed", "tp"),
        ("Toxic, approved: false alarms", "fp"),
        ("Non-toxic, removed: missed", "fn"),
        ("Non-toxic, approved", "tn"),
    )
    return [(title, getattr(period.production, key), getattr(period.shadow, key)) for title, key in names]


def verdict_sentence(period: ShadowPeriod) -> str:
    """Put McNemar's test of the comments that only one of the two got right into words."""
    b, c = period.only_shadow, period.only_production
    start = f"On {b:,} decided comments only the shadow version was right, on {c:,} only production."
    if b + c < FEW_PAIRS:
        return f"{start} Too few to tell the two apart."
    p_value = mcnemar_p(b, c)
    test = "McNemar\N{RIGHT SINGLE QUOTATION MARK}s test gives"
    chance = "p below 0.001" if p_value < 0.001 else f"p = {p_value:.3f}"
    if p_value >= 0.05:
        return f"{start} {test} {chance}: these cannot tell the two apart."
    better = "the shadow version" if b > c else "production"
    return f"{start} {test} {chance}: {better} was right more often, by more than chance."


def mcnemar_p(b: int, c: int) -> float:
    """Return the p-value for `b` pairs that only one version, and `c` that only the other, got right."""
    import numpy as np

    from training.ml.evaluation.compare import mcnemar

    ours = np.array([True] * b + [False] * c)
    return float(mcnemar(ours, ~ours)["p_value"])


def scatter(period: ShadowPeriod, production: float | None, shadow: float) -> dict[str, Any]:
    """Plot each sampled comment by both probabilities, with a link to it."""
    return {
        "points": [
            {
                "name": f"Comment {pk}",
                "x": round(x, 4),
                "y": round(y, 4),
                "url": reverse("comment-detail", args=[pk]),
                "group": BOTH_WAYS.get(kind, "Same verdict"),
            }
            for x, y, pk, kind in period.points
        ],
        "x": {"name": f"Probability in production{_cut(production)}", "min": 0, "max": 1},
        "y": {"name": f"Probability of this version{_cut(shadow)}", "min": 0, "max": 1},
        "labels": False,
    }


def difference_rows(period: ShadowPeriod) -> list[tuple[str, int, str]]:
    """Return (how far apart, comments, share) of the rows that were looked at."""
    rows = []
    for low, high, number in period.bins:
        if (low, high) == (-0.02, 0.02):
            title = "Within 0.02"
        elif high <= 0:
            title = f"{-high:g} to {-low:g} lower"
        else:
            title = f"{low:g} to {high:g} higher"
        rows.append((title, number, percent(number / period.looked if period.looked else None)))
    return rows


def source_rows(period: ShadowPeriod) -> list[dict[str, Any]]:
    return [{"line": line, "said": share_with_interval(line.share, line.interval)} for line in period.sources]


def language_lines(period: ShadowPeriod) -> list[dict[str, Any]]:
    """Return the table by language; none where everything is in one."""
    if len(period.languages) < 2:
        return []
    return [
        {
            "line": line,
            "title": "not clear" if line.language == UNDETERMINED else language_title(line.language),
            "said": share_with_interval(line.share, line.interval),
        }
        for line in period.languages
    ]


def _share(hits: int, of: int) -> str:
    return f"{share_with_interval(hits / of, wilson(hits, of))} of {of:,}" if of else f"{DASH} of 0"


def _cut(threshold: float | None) -> str:
    return "" if threshold is None else f" (toxic from {threshold:.2f})"


urlpatterns = [path("versions/<int:version_id>/shadow/", shadow, name="version-shadow")]
