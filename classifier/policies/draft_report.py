"""Report on a draft in shadow mode beside the policy in force: by day, by change, against moderators' decisions.

Days and changes are exact and come from an index alone. The comparison with decisions reads the latest LOOKED
judgements of the period in one query, so the page costs the same however many there are.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db.models import Count, QuerySet
from django.db.models.functions import TruncDate
from django.utils import timezone

from classifier.core.measures import Confusion
from classifier.core.visibility import narrow, unlooked
from classifier.inference.bands import APPROVE, BANDS, RANK, REMOVE, REVIEW
from classifier.model_versions.shadow_report import LOOKED, PAGE
from classifier.models import ShadowJudgement, ShadowPolicy, ShadowPolicyStatus, Source, User

PERIODS = {1: "Today", 7: "Last 7 days", 30: "Last 30 days", 90: "Last 90 days"}
CHANGES = [(before, after) for after in reversed(BANDS) for before in BANDS if before != after]


@dataclass(frozen=True)
class DayLine:
    """A UTC day: the number of judgements, and of those that gave another band than the policy in force did."""

    day: date
    judged: int
    stricter: int
    milder: int

    @property
    def changed(self) -> int:
        return self.stricter + self.milder


@dataclass(frozen=True)
class ChangeLine:
    """Number of comments that went from one band to another, and of them the number removed and approved by people.

    `removed` and `approved` count only the latest judgements, whose decisions are read.
    """

    before: str
    after: str
    count: int
    removed: int
    approved: int

    @property
    def key(self) -> str:
        return f"{self.before}-{self.after}"


@dataclass(frozen=True)
class BandOutcomes:
    """What people removed and approved of the comments in one band, by the policy in force and by the draft."""

    band: str
    removed_before: int
    approved_before: int
    removed_after: int
    approved_after: int


@dataclass(frozen=True)
class ShadowPolicyReport:
    """The report of one draft: counts over the whole period, and a comparison with decisions of the `looked` latest.

    `caught_before` and `caught_after` compare "not approved by the policy" with "removed by a person".
    """

    judged: int = 0
    looked: int = 0
    days: list[DayLine] = field(default_factory=list)
    changes: list[ChangeLine] = field(default_factory=list)
    before: Mapping[str, int] = field(default_factory=dict)
    after: Mapping[str, int] = field(default_factory=dict)
    waiting_before: int = 0
    waiting_after: int = 0
    automatic_before: int = 0
    automatic_after: int = 0
    outcomes: list[BandOutcomes] = field(default_factory=list)
    caught_before: Confusion = field(default_factory=Confusion)
    caught_after: Confusion = field(default_factory=Confusion)

    @property
    def changed(self) -> int:
        return sum(line.count for line in self.changes)

    @property
    def decided(self) -> int:
        return self.caught_after.decided

    @property
    def partial(self) -> bool:
        return self.looked < self.judged


def shadow_policy_running(*, source: Source | None) -> ShadowPolicy | None:
    """Return the draft in shadow mode for a source (None: for the site's policy); None if there is none."""
    return shadow_policies_running().filter(source=source).first()


def shadow_policies_running() -> "QuerySet[ShadowPolicy]":
    """List the drafts in shadow mode now: at most one for each source, and one for the site's policy."""
    return ShadowPolicy.objects.filter(status=ShadowPolicyStatus.RUNNING)


def shadow_policies_of(*, source: Source | None) -> "QuerySet[ShadowPolicy]":
    """List all drafts that were tried for a source (None: the site's policy), newest first."""
    rows = ShadowPolicy.objects.filter(source=source).select_related("source", "created_by", "policy")
    return rows.order_by("-pk")


def shadow_policy_report(
    *, shadow: ShadowPolicy, user: User | None, days: int, looked: int = LOOKED
) -> ShadowPolicyReport:
    """Report on the last `days` days, including today, in the sources that `user` sees. Two queries."""
    rows = _rows(shadow, user, days)
    counted = list(
        rows.annotate(day=TruncDate("created_at", tzinfo=UTC))
        .values_list("day", "before", "after", "automatic")
        .annotate(number=Count("*"))
    )
    judgements = list(
        rows.order_by("-created_at").values_list(
            "before",
            "after",
            "prediction_id",
            "prediction__comment__current_decision__action",
            "prediction__comment__current_decision__automatic",
            "prediction__comment__current_decision__prediction_id",
            "prediction__comment__edited_at",
        )[:looked]
    )
    moved: Counter[tuple[str, str]] = Counter()
    by_itself = 0
    for _, before, after, automatic, number in counted:
        moved[before, after] += number
        by_itself += number if automatic else 0
    bands = {"before": Counter[str](), "after": Counter[str]()}
    for (before, after), number in moved.items():
        bands["before"][before] += number
        bands["after"][after] += number
    judged = moved.total()
    removes = REMOVE in shadow.automatic
    return ShadowPolicyReport(
        judged=judged,
        looked=len(judgements),
        days=_days(counted),
        before={band: bands["before"][band] for band in BANDS},
        after={band: bands["after"][band] for band in BANDS},
        waiting_before=sum(number for _, band, _, auto, number in counted if band != APPROVE and not auto),
        waiting_after=bands["after"][REVIEW] + (0 if removes else bands["after"][REMOVE]),
        automatic_before=by_itself,
        automatic_after=sum(bands["after"][band] for band in shadow.automatic),
        **_decision_outcomes(judgements, moved),
    )


def changed_judgements(
    *,
    shadow: ShadowPolicy,
    user: User | None,
    days: int,
    before: str,
    after: str,
    older_than: int | None = None,
) -> list[ShadowJudgement]:
    """List judgements that change one band to another, latest first: PAGE of them, and one more if there is one."""
    rows = _rows(shadow, user, days).filter(
        unlooked(user, "prediction__comment"), changed=True, before=before, after=after
    )
    if older_than is not None:
        rows = rows.filter(pk__lt=older_than)
    shown = rows.select_related(
        "prediction__model_version",
        "prediction__comment__source",
        "prediction__comment__current_decision__by",
    )
    return list(shown.order_by("-id")[: PAGE + 1])


def _rows(shadow: ShadowPolicy, user: User | None, days: int) -> "QuerySet[ShadowJudgement]":
    today = datetime.combine(timezone.now().date(), datetime.min.time(), UTC)
    since = today - timedelta(days=days - 1)
    rows = ShadowJudgement.objects.filter(shadow_policy=shadow, created_at__gte=since)
    return narrow(rows.order_by(), user, "prediction__comment__source")


def _days(counted: Iterable[tuple[date, str, str, bool, int]]) -> list[DayLine]:
    """Sum the counts by day, newest first; days without a judgement are left out."""
    by_day: dict[date, Counter[str]] = {}
    for day, before, after, _, number in counted:
        line = by_day.setdefault(day, Counter())
        line["judged"] += number
        if before != after:
            line["stricter" if RANK[after] > RANK[before] else "milder"] += number
    return [
        DayLine(day, line["judged"], line["stricter"], line["milder"])
        for day, line in sorted(by_day.items(), reverse=True)
    ]


def _decision_outcomes(
    judgements: Iterable[tuple[Any, ...]], moved: Mapping[tuple[str, str], int]
) -> dict[str, Any]:
    """Count what people decided about the judged comments, by change and by band, as fields of ShadowPolicyReport."""
    decided: Counter[tuple[str, str, bool]] = Counter()
    for before, after, seen, action, automatic, decided_on, edited in judgements:
        # A decision without a prediction was imported.
        same_text = decided_on == seen or (decided_on is None and edited is None)
        if action in ("approve", "remove") and not automatic and same_text:
            decided[before, after, action == "remove"] += 1
    caught = Confusion(), Confusion()
    for (before, after, truth), number in decided.items():
        for confusion, band in zip(caught, (before, after), strict=True):
            confusion.add(band != APPROVE, truth, number)

    def count(index: int, band: str, removed: bool) -> int:
        return sum(number for key, number in decided.items() if key[index] == band and key[2] == removed)

    return {
        "changes": [
            ChangeLine(*way, moved[way], decided[*way, True], decided[*way, False])
            for way in CHANGES
            if moved.get(way)
        ],
        "outcomes": [
            BandOutcomes(
                band, count(0, band, True), count(0, band, False), count(1, band, True), count(1, band, False)
            )
            for band in BANDS
        ],
        "caught_before": caught[0],
        "caught_after": caught[1],
    }
