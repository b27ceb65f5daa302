"""A shadow's period in words: two versions beside each other against decisions, the difference as chart and table."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from classifier.core.measures import Confusion, share_with_interval, wilson
from classifier.model_versions.shadow_report import BOTH_WAYS, ShadowPeriod
from training.web.formatting import DASH, percent

FEW_PAIRS = 6  # with fewer, even if all point one way, an exact test cannot fall below 0.05
FEW_DECIDED = 30


@dataclass(frozen=True)
class Compared:
    """One measure of both versions; `help` says what it is."""

    title: str
    help: str
    production: str
    shadow: str


def compared(period: ShadowPeriod) -> list[Compared]:
    """Precision, recall, F1 and accuracy with their 95 % intervals and what they are counted of."""

    def line(title: str, about: str, of: Callable[[Confusion], tuple[int, int]]) -> Compared:
        return Compared(title, about, _share(*of(period.production)), _share(*of(period.shadow)))

    return [
        line("Precision", "of what it calls toxic, moderators removed", lambda one: one.precision),
        line("Recall", "of what moderators removed, it calls toxic", lambda one: one.recall),
        Compared(
            "F1",
            "harmonic mean of the two; no interval",
            *(DASH if one.f1 is None else f"{one.f1:.3f}" for one in (period.production, period.shadow)),
        ),
        line("Accuracy", "of all decided comments, it says what they decided", lambda one: one.accuracy),
    ]


def cells(period: ShadowPeriod) -> list[tuple[str, int, int]]:
    """The four cells of the confusion matrices: (what, production, shadow)."""
    names = (
        ("Toxic, removed", "tp"),
        ("Toxic, approved: false alarms", "fp"),
        ("Non-toxic, removed: missed", "fn"),
        ("Non-toxic, approved", "tn"),
    )
    return [(title, getattr(period.production, key), getattr(period.shadow, key)) for title, key in names]


def verdict_sentence(period: ShadowPeriod) -> str:
    """What McNemar's test says about the comments that only one of the two got right."""
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
    """The p-value for `b` pairs that only one version, and `c` that only the other, got right."""
    import numpy as np

    from training.ml.evaluation.compare import mcnemar

    ours = np.array([True] * b + [False] * c)
    return float(mcnemar(ours, ~ours)["p_value"])


def scatter(period: ShadowPeriod, production: float | None, shadow: float) -> dict[str, Any]:
    """Each sampled comment by both probabilities, a click away."""
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
    """(how far apart, comments, share) of the looked-at rows."""
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


def _share(hits: int, of: int) -> str:
    return f"{share_with_interval(hits / of, wilson(hits, of))} of {of:,}" if of else f"{DASH} of 0"


def _cut(threshold: float | None) -> str:
    return "" if threshold is None else f" (toxic from {threshold:.2f})"
