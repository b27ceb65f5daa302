"""How the numbers of training are written: metrics with intervals, shares, durations, sizes, counts.

Also a template library, `{% load numbers %}`: the functions below are its filters. Every one of them takes a value
that may be unknown, and writes a dash for it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django import template

from classifier.web import formatting
from training.ml.evaluation.stored import UNKNOWN, Estimate, StoredReport
from training.ml.evaluation.suites import kind_title
from training.ml.json_reader import number

register = template.Library()
DASH = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True)
class Metric:
    """A quantity: how it is called, which end is better, how it is written."""

    key: str
    title: str
    better: str = "high"
    digits: int = 4
    help: str = ""

    def figure(self, report: StoredReport, label: str) -> "Figure":
        """Return the figure of this metric, or of what an answer costs, in a report."""
        cost = COSTS.get(self.key)
        return Figure(self, report.metric(label, self.key) if cost is None else Estimate(cost(report)))

    def best(self, figures: Iterable["Figure"]) -> float | None:
        known = [figure.estimate.value for figure in figures if figure.estimate.value is not None]
        if not known:
            return None
        return max(known) if self.better == "high" else min(known)

    def verdict(self, difference: Estimate) -> str:
        """Say what a difference between two versions means for the first of them."""
        if not difference.excludes_zero or difference.low is None:
            return "cannot be told"
        return "better" if (difference.low > 0) == (self.better == "high") else "worse"


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
KEY_COLUMNS = (METRIC_OF["roc_auc"], METRIC_OF["pr_auc"], METRIC_OF["f1"], LATENCY, SIZE)
"""What lists of runs and versions show."""


def _millions(value: int | None) -> float | None:
    return None if value is None else value / 1e6


COSTS: dict[str, Callable[[StoredReport], float | None]] = {
    "latency": lambda report: report.speed.latency_ms_p50,
    "size": lambda report: _millions(report.size.bytes),
    "parameters": lambda report: _millions(report.size.parameters),
    "trainable": lambda report: _millions(report.size.trainable_parameters),
}


@dataclass(frozen=True)
class Figure:
    """A cell of a table: a metric, what is known of it, and whether it is the best of its column."""

    metric: Metric
    estimate: Estimate = UNKNOWN
    best: bool = False

    @property
    def text(self) -> str:
        return digits(self.estimate.value, self.metric.digits)

    @property
    def interval(self) -> str:
        low, high = self.estimate.low, self.estimate.high
        places = self.metric.digits
        return "" if low is None or high is None else f"{low:.{places}f} to {high:.{places}f}"


def key_figures(report: StoredReport, primary: str) -> list[Figure]:
    """Return the key columns of a version: of the label that makes its verdict, else of the mean over labels."""
    label = primary if report.metrics.get(primary) else "macro"
    return [metric.figure(report, label) for metric in KEY_COLUMNS]


def with_best_marked(rows: Sequence[Sequence[Figure]]) -> list[list[Figure]]:
    """Return rows of the same metrics with the best of each column marked, if there are several rows."""
    if len(rows) < 2:
        return [list(row) for row in rows]
    best = [column[0].metric.best(column) for column in zip(*rows, strict=True)]
    return [
        [
            replace(figure, best=top is not None and figure.estimate.value == top)
            for figure, top in zip(row, best, strict=True)
        ]
        for row in rows
    ]


@register.filter
def label_title(label: str) -> str:
    """Name a label, or the mean over all labels, as pages write it."""
    return "Mean over labels" if label == "macro" else formatting.label_title(label)


def ordered_labels(names: Iterable[str], primary: str = "toxic") -> list[str]:
    """Sort the primary label first, the mean over labels last."""
    names = list(names)
    rest = [name for name in names if name not in (primary, "macro")]
    return [name for name in (primary, *rest, "macro") if name in names]


@register.filter
def words(name: str) -> str:
    """Write `identity_hate` as `identity hate`, and a kind of the shipped suite by its title."""
    return kind_title(name)


@register.filter
def duration(seconds: float | None) -> str:
    """Write `40 s`, `12 min`, `3 h 05 min`, `2 d 4 h`."""
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


@register.filter
def count(value: Any) -> str:
    known = number(value)
    return DASH if known is None else f"{known:,.0f}"


@register.filter
def digits(value: Any, places: int) -> str:
    """Write `0.97` with four places as `0.9700`."""
    known = number(value)
    return DASH if known is None else f"{known:.{places}f}"


@register.filter
def difference(value: Any, places: int = 4) -> str:
    """Write `0.01` as `+0.0100`, and numbers below zero with a minus sign."""
    known = number(value)
    return DASH if known is None else f"{known:+.{places}f}".replace("-", MINUS)


@register.filter
def megabytes(size: Any) -> str:
    known = number(size)
    if known is None:
        return DASH
    return f"{known / 1e6:.1f} MB" if known < 1e9 else f"{known / 1e9:.2f} GB"


@register.filter
def parameters(value: Any) -> str:
    """Write `22,713,216` as `22.7 M`."""
    known = number(value)
    if known is None:
        return DASH
    return f"{known / 1e6:.1f} M" if known >= 1e6 else f"{known:,.0f}"


@register.filter
def percent(share: Any) -> str:
    known = number(share)
    return DASH if known is None else f"{known * 100:.1f} %"


@register.filter
def probability(value: Any) -> str:
    """Write `0.973` as `97.3%`, like the verdict of a comment; empty where it is unknown."""
    known = number(value)
    return "" if known is None else formatting.percent(known)
