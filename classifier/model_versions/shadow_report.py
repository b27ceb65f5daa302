"""Reports of a shadow version: what it scored so far, and over a period against production and moderators' decisions.

Totals are exact, from an index alone. Everything in a period that needs scores or decisions is read from its latest
LOOKED rows, in one query, so that the page costs the same however much was scored.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from django.db.models import Avg, Count, F, Min, Q, QuerySet
from django.utils import timezone

from classifier.core.measures import Confusion, wilson
from classifier.core.visibility import narrow
from classifier.inference.language import UNDETERMINED, base_language
from classifier.models import ModelVersion, ShadowPrediction, Source, User

LOOKED = 20_000
POINTS = 400
PAGE = 20
PERIODS = {1: "Last day", 7: "Last 7 days", 30: "Last 30 days", 90: "Last 90 days"}
EDGES = (-0.5, -0.25, -0.1, -0.02, 0.02, 0.1, 0.25, 0.5)
TOXIC, CALM = "toxic", "non-toxic"
BOTH_WAYS = {TOXIC: "Only the shadow version says toxic", CALM: "Only production says toxic"}


@dataclass(frozen=True)
class Differing:
    """Rows, and how many of them have another verdict in either direction."""

    rows: int
    towards_toxic: int
    towards_calm: int

    @property
    def share(self) -> float:
        return (self.towards_toxic + self.towards_calm) / self.rows

    @property
    def interval(self) -> tuple[float, float]:
        return wilson(self.towards_toxic + self.towards_calm, self.rows)


@dataclass(frozen=True)
class SourceLine(Differing):
    """The rows of one source, and those with another verdict in either direction."""

    source: str


@dataclass(frozen=True)
class LanguageLine(Differing):
    """The rows in one language, as production judged it (`und`: not clear), and those with another verdict."""

    language: str


@dataclass(frozen=True)
class ShadowPeriod:
    """What a shadow version scored in a period.

    `rows` and `disagreements` are of the whole period, all else of the `looked` latest rows in it.

    `only_production` and `only_shadow` count decided comments that one of them alone got right. `points`: (probability
    in production, in the shadow, comment, kind of BOTH_WAYS or ""). `bins`: (from, to, rows) of the difference.
    """

    days: int
    rows: int = 0
    disagreements: int = 0
    looked: int = 0
    sources: list[SourceLine] = field(default_factory=list)
    languages: list[LanguageLine] = field(default_factory=list)
    production: Confusion = field(default_factory=Confusion)
    shadow: Confusion = field(default_factory=Confusion)
    only_production: int = 0
    only_shadow: int = 0
    points: list[tuple[float, float, int, str]] = field(default_factory=list)
    bins: list[tuple[float, float, int]] = field(default_factory=list)
    mean_difference: float | None = None

    @property
    def partial(self) -> bool:
        return self.looked < self.rows

    @property
    def agreed(self) -> int:
        return self.rows - self.disagreements


def shadow_period(
    *, model_version: ModelVersion, user: User | None, days: int, looked: int = LOOKED
) -> ShadowPeriod:
    """Report the version's scores of the last `days`, in the sources that `user` sees. Three queries."""
    rows = _rows(model_version, user, days)
    totals: dict[str, int] = rows.aggregate(
        rows=Count("id"), disagreements=Count("id", filter=Q(disagrees=True))
    )
    names = dict(Source.objects.values_list("pk", "name"))
    latest = list(
        rows.order_by("-created_at").values_list(
            "verdict",
            "score",
            "prediction_id",
            "prediction__verdict",
            "prediction__score",
            "prediction__comment_id",
            "prediction__comment__source_id",
            "prediction__comment__current_decision__action",
            "prediction__comment__current_decision__labels",
            "prediction__comment__current_decision__automatic",
            "prediction__comment__current_decision__prediction_id",
            "prediction__language",
        )[:looked]
    )
    production, shadow = Confusion(), Confusion()
    alone: Counter[str] = Counter()
    by_source: dict[int, Counter[str]] = {}
    by_language: dict[str, Counter[str]] = {}
    differences: list[float] = []
    for row in latest:
        (
            verdict,
            score,
            seen,
            other,
            other_score,
            _,
            source,
            action,
            labels,
            automatic,
            decided_on,
            language,
        ) = row
        base = base_language(language or UNDETERMINED)
        base = UNDETERMINED if base.startswith(UNDETERMINED) else base
        for line in (by_source.setdefault(source, Counter()), by_language.setdefault(base, Counter())):
            line["rows"] += 1
            line[verdict if verdict != other else "same"] += 1
        differences.append(score - other_score)
        truth = _truth(action, labels, automatic, model_version.primary_label)
        if truth is None or decided_on != seen:  # nobody decided, or about another text
            continue
        ours, theirs = (verdict == TOXIC) == truth, (other == TOXIC) == truth
        shadow.add(verdict == TOXIC, truth)
        production.add(other == TOXIC, truth)
        if ours != theirs:
            alone["shadow" if ours else "production"] += 1
    return ShadowPeriod(
        days=days,
        **totals,
        looked=len(latest),
        sources=sorted(
            (
                SourceLine(line["rows"], line[TOXIC], line[CALM], names.get(pk, ""))
                for pk, line in by_source.items()
            ),
            key=lambda line: (-line.towards_toxic - line.towards_calm, line.source),
        ),
        languages=sorted(
            (
                LanguageLine(line["rows"], line[TOXIC], line[CALM], language)
                for language, line in by_language.items()
            ),
            key=lambda line: (-line.rows, line.language),
        ),
        production=production,
        shadow=shadow,
        only_production=alone["production"],
        only_shadow=alone["shadow"],
        points=_points(latest),
        bins=_bins(differences),
        mean_difference=sum(differences) / len(differences) if differences else None,
    )


def changed_verdicts(
    *, model_version: ModelVersion, user: User | None, days: int, verdict: str, before: int | None = None
) -> list[ShadowPrediction]:
    """Return a page of comments that this version alone calls `verdict`, the latest first; PAGE rows and one if any.

    `before` is the id of the last row of the page before.
    """
    rows = _rows(model_version, user, days).filter(disagrees=True, verdict=verdict)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    shown = rows.select_related(
        "prediction__comment__source", "prediction__comment__current_decision__by"
    ).order_by("-id")
    return list(shown[: PAGE + 1])


def _rows(version: ModelVersion, user: User | None, days: int) -> "QuerySet[ShadowPrediction]":
    rows = ShadowPrediction.objects.filter(
        model_version=version, created_at__gte=timezone.now() - timedelta(days=days)
    )
    return narrow(rows.order_by(), user, "prediction__comment__source")


def _truth(action: str | None, labels: Any, automatic: bool | None, primary: str) -> bool | None:
    if action not in ("approve", "remove") or automatic:
        return None
    return bool(labels[primary]) if primary in (labels or {}) else action == "remove"


def _points(rows: list[Any]) -> list[tuple[float, float, int, str]]:
    """Choose at most POINTS rows, half of them with changed verdicts, evenly over the time."""
    changed = [row for row in rows if row[0] != row[3]]
    same = [row for row in rows if row[0] == row[3]]
    room = max(POINTS // 2, POINTS - len(same))
    chosen = _spread(changed, room)
    chosen += _spread(same, POINTS - len(chosen))
    return [(row[4], row[1], row[5], row[0] if row[0] != row[3] else "") for row in chosen]


def _spread(rows: list[Any], most: int) -> list[Any]:
    step = max(-(-len(rows) // most), 1)
    return rows[::step]


def _bins(differences: Iterable[float]) -> list[tuple[float, float, int]]:
    edges = (-1.0, *EDGES, 1.0)
    counts = Counter(sum(difference > edge for edge in EDGES) for difference in differences)
    return [(begin, end, counts[index]) for index, (begin, end) in enumerate(pairwise(edges))]


EXAMPLES = 20


@dataclass(frozen=True)
class ShadowReport:
    """Counts of scored comments; `mean_difference` is the shadow's probability less that of the verdict that counted.

    `decided` are the disagreements that a moderator has decided since, on the text that the shadow read; `decided_for`
    those where the moderator sided with the shadow. `examples` are disagreements, the latest first, with prediction
    and comment.
    """

    rows: int = 0
    disagreements: int = 0
    towards_toxic: int = 0
    towards_calm: int = 0
    mean_difference: float | None = None
    decided: int = 0
    decided_for: int = 0
    since: datetime | None = None
    examples: list[ShadowPrediction] = field(default_factory=list)

    @property
    def share(self) -> float:
        """The share of scored comments that had another verdict; 0 to 1."""
        return self.disagreements / self.rows if self.rows else 0.0


def shadow_report(*, model_version: ModelVersion, examples: int = EXAMPLES) -> ShadowReport:
    """Report everything that a shadow version has scored, in two queries however much that is."""
    rows = ShadowPrediction.objects.filter(model_version=model_version)
    decision = "prediction__comment__current_decision__action"
    disagrees = Q(disagrees=True)
    by_people = disagrees & Q(
        prediction__comment__current_decision__automatic=False,
        prediction__comment__current_decision__prediction=F("prediction"),
    )
    numbers: dict[str, Any] = rows.aggregate(
        rows=Count("id"),
        disagreements=Count("id", filter=disagrees),
        towards_toxic=Count("id", filter=disagrees & Q(verdict="toxic")),
        towards_calm=Count("id", filter=disagrees & Q(verdict="non-toxic")),
        mean_difference=Avg(F("score") - F("prediction__score")),
        decided=Count("id", filter=by_people & Q(**{f"{decision}__in": ["approve", "remove"]})),
        decided_for=Count(
            "id",
            filter=by_people
            & (Q(verdict="toxic", **{decision: "remove"}) | Q(verdict="non-toxic", **{decision: "approve"})),
        ),
        since=Min("created_at"),
    )
    latest = rows.filter(disagrees).select_related("prediction__comment__source").order_by("-id")[:examples]
    return ShadowReport(**numbers, examples=list(latest))
