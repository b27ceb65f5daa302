"""A draft's report in words: its days as chart and table, its measures, its examples with what drove them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from classifier.core.measures import Confusion, share_with_interval, wilson
from classifier.inference.bands import Judge
from classifier.models import ShadowJudgement, ShadowPolicy
from classifier.policies.draft_report import ShadowPolicyReport
from classifier.web.charts import NOTHING, Figure, count, lines, share


@dataclass(frozen=True)
class Measure:
    """One measure of both policies; `help` says what it is."""

    title: str
    help: str
    before: str
    after: str


@dataclass(frozen=True)
class Example:
    """A comment that the draft puts elsewhere; `label` and `score` are what the draft looks at first."""

    row: ShadowJudgement
    label: str
    score: float | None


def day_figure(report: ShadowPolicyReport) -> Figure:
    """What would have changed, day by day."""
    told: list[tuple[str, dict[str, Any]]] = [
        (
            day.day.isoformat(),
            {"judged": day.judged, "stricter": day.stricter, "milder": day.milder, "changed": day.changed},
        )
        for day in reversed(report.days)
    ]
    return Figure(
        "shadow-days",
        "Changes by day",
        "Comments that the draft puts into another band than the policy in force. Days begin at midnight UTC.",
        "lines",
        lines(told, {"Stricter": lambda day: day["stricter"], "Milder": lambda day: day["milder"]}),
        ("Day", "Judged", "Stricter", "Milder", "Changed"),
        [
            [at, count(day["judged"]), count(day["stricter"]), count(day["milder"]), _share_of(day)]
            for at, day in reversed(told)
        ],
    )


def measures(report: ShadowPolicyReport) -> list[Measure]:
    """How well what is not approved matches what people removed, with 95 % intervals."""

    def line(title: str, about: str, of: Callable[[Confusion], tuple[int, int]]) -> Measure:
        shown = (_of(*of(one)) for one in (report.caught_before, report.caught_after))
        return Measure(title, about, *shown)

    return [
        line("Precision", "of what it does not approve, people removed", lambda one: one.precision),
        line("Recall", "of what people removed, it does not approve", lambda one: one.recall),
    ]


def example_rows(shadow: ShadowPolicy, rows: Sequence[ShadowJudgement]) -> list[Example]:
    judges: dict[int, Judge] = {}
    found = []
    for row in rows:
        version = row.prediction.model_version
        if version.pk not in judges:
            judges[version.pk] = Judge(shadow.bands, version.thresholds, version.primary_label)
        scores = row.prediction.scores
        label = judges[version.pk].judge(scores).label
        found.append(Example(row, label, scores.get(label)))
    return found


def _share_of(day: dict[str, Any]) -> str:
    return f"{count(day['changed'])} ({share(day['changed'] / day['judged'])})"


def _of(hits: int, of: int) -> str:
    return f"{share_with_interval(hits / of, wilson(hits, of))} of {of:,}" if of else f"{NOTHING} of 0"
