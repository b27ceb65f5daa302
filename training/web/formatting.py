"""How the numbers of training become what a page shows: metrics with intervals, durations, sizes, counts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from classifier.web import formatting

DASH = "\N{EN DASH}"


@dataclass(frozen=True)
class Metric:
    """A quantity: how it is called, which end is better, how it is written."""

    key: str
    title: str
    better: str = "high"
    digits: int = 4
    help: str = ""


METRICS = (
    Metric("roc_auc", "ROC-AUC", help="Chance that a toxic row scores above one that is not"),
    Metric("pr_auc", "PR-AUC", help="Precision averaged over recall; a coin scores the share of toxic rows"),
    Metric("f1", "F1", help="Harmonic mean of precision and recall at the version's threshold"),
    Metric("macro_f1", "Macro-F1", help="Mean of F1 for toxic rows and F1 for harmless ones"),
    Metric("precision", "Precision", help="Share of flagged rows that are toxic"),
    Metric("recall", "Recall", help="Share of toxic rows that are flagged"),
    Metric("accuracy", "Accuracy", help="Share of rows answered rightly; always “no” is right on most"),
    Metric("brier", "Brier", "low", help="Mean squared error of the probability"),
    Metric("ece", "ECE", "low", help="Mean gap between probability and what happened"),
)
METRIC_OF = {metric.key: metric for metric in METRICS}
LATENCY = Metric("latency", "Latency", "low", 1, "Milliseconds that half of single comments took")
SIZE = Metric("size", "Size", "low", 1, "Megabytes on disk")


@dataclass(frozen=True)
class Figure:
    """A number and its 95 % interval, either of which may be unknown."""

    value: float | None = None
    low: float | None = None
    high: float | None = None
    digits: int = 4
    best: bool = False

    @property
    def text(self) -> str:
        return DASH if self.value is None else f"{self.value:.{self.digits}f}"

    @property
    def interval(self) -> str:
        if self.low is None or self.high is None:
            return ""
        return f"{self.low:.{self.digits}f} to {self.high:.{self.digits}f}"


def figure(found: Any, metric: Metric) -> Figure:
    """Read a metric of a report: {"value", "low", "high"}, or a bare number as in a run's card."""
    if isinstance(found, Mapping):
        low, high = number(found.get("low")), number(found.get("high"))
        return Figure(number(found.get("value")), low, high, metric.digits)
    return Figure(number(found), digits=metric.digits)


def number(value: Any) -> float | None:
    """A finite number, or None: reports of older formats may lack what is asked for."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if value == value and abs(value) != float("inf") else None


def label_title(label: str) -> str:
    """Name a label, or the mean over all labels, as pages write it."""
    return "Mean over labels" if label == "macro" else formatting.label_title(label)


def ordered_labels(names: Iterable[str], primary: str = "toxic") -> list[str]:
    """The primary label first, the mean over labels last."""
    names = list(names)
    rest = [name for name in names if name not in (primary, "macro")]
    return [name for name in (primary, *rest, "macro") if name in names]


def span(seconds: float | None) -> str:
    """A duration for people: `40 s`, `12 min`, `3 h 05 min`, `2 d 4 h`."""
    if seconds is None or seconds < 0:
        return DASH
    whole = round(seconds)
    if whole < 90:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s" if whole < 600 else f"{whole // 60} min"
    if whole < 86_400:
        return f"{whole // 3600} h {whole % 3600 // 60:02} min"
    return f"{whole // 86_400} d {whole % 86_400 // 3600} h"


def between(start: datetime | None, end: datetime | None) -> str:
    return DASH if start is None or end is None else span((end - start).total_seconds())


def count(value: Any) -> str:
    known = number(value)
    return DASH if known is None else f"{known:,.0f}"


def megabytes(size: Any) -> str:
    known = number(size)
    if known is None:
        return DASH
    return f"{known / 1e6:.1f} MB" if known < 1e9 else f"{known / 1e9:.2f} GB"


def parameters(value: Any) -> str:
    """`22,713,216` as `22.7 M`."""
    known = number(value)
    if known is None:
        return DASH
    return f"{known / 1e6:.1f} M" if known >= 1e6 else f"{known:,.0f}"


def percent(share: Any) -> str:
    known = number(share)
    return DASH if known is None else f"{known * 100:.1f} %"
