"""What a data set of decisions would hold if it were frozen now, counted before anything is frozen."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Count, F, Q, QuerySet

from classifier.models import FINAL_ACTIONS, Decision, DecisionAction, Suggestion
from classifier.selectors.suggestions import usable_suggestions
from training.models import Dataset, DatasetKind


@dataclass(frozen=True)
class SourceCount:
    """One source's part."""

    source: str
    approved: int
    removed: int


@dataclass(frozen=True)
class DecisionsSummary:
    """Decisions that stand and would go in, and what would be left out: golden items, policies' own, purged texts.

    `new` came after the last data set of decisions, `last`. `marked` and `corrected` are among those that go in.
    """

    approved: int = 0
    removed: int = 0
    corrected: int = 0
    marked: int = 0
    suggestions: int = 0
    golden: int = 0
    by_policies: int = 0
    purged: int = 0
    new: int = 0
    sources: list[SourceCount] = field(default_factory=list)
    last: Dataset | None = None

    @property
    def total(self) -> int:
        return self.approved + self.removed


def decisions_summary() -> DecisionsSummary:
    """Four queries, each over what stands."""
    last = last_frozen()
    standing = standing_decisions()
    usable = Q(automatic=False, comment__golden__isnull=True, comment__text_purged_at__isnull=True)
    people = Q(automatic=False)
    counted: dict[str, Any] = standing.aggregate(
        approved=Count("pk", filter=usable & Q(action=DecisionAction.APPROVE)),
        removed=Count("pk", filter=usable & Q(action=DecisionAction.REMOVE)),
        corrected=Count("pk", filter=usable & ~Q(labels={})),
        marked=Count("pk", filter=usable & ~Q(marks=[])),
        new=Count("pk", filter=usable & Q(pk__gt=last_decision_of(last))),
        by_policies=Count("pk", filter=Q(automatic=True)),
        golden=Count("pk", filter=people & Q(comment__golden__isnull=False)),
        purged=Count(
            "pk", filter=people & Q(comment__text_purged_at__isnull=False, comment__golden__isnull=True)
        ),
    )
    by_source = (
        standing.filter(usable)
        .values("comment__source__name")
        .annotate(
            approved=Count("pk", filter=Q(action=DecisionAction.APPROVE)),
            removed=Count("pk", filter=Q(action=DecisionAction.REMOVE)),
        )
        .order_by("comment__source__name")
    )
    sources = [
        SourceCount(row["comment__source__name"], row["approved"], row["removed"]) for row in by_source
    ]
    return DecisionsSummary(**counted, suggestions=teaching_suggestions().count(), sources=sources, last=last)


def standing_decisions() -> "QuerySet[Decision]":
    """Decisions that count for their comment: final ones that nobody has undone and none has followed."""
    rows = Decision.objects.filter(action__in=FINAL_ACTIONS, comment__current_decision=F("pk"))
    return rows.order_by()


def teaching_suggestions(
    *,
    sources: Sequence[str] = (),
    since: datetime | None = None,
    until: datetime | None = None,
    golden: bool = False,
) -> "QuerySet[Suggestion]":
    """What others sent through the API and nobody rejected; about golden items only where asked for."""
    rows = usable_suggestions(sources=sources, since=since, until=until).select_related("source")
    return rows if golden else rows.filter(comment__golden__isnull=True)


def last_frozen() -> Dataset | None:
    """The newest data set of decisions that is still there."""
    return Dataset.objects.usable().filter(kind=DatasetKind.DECISIONS).order_by("-pk").first()


def last_decision_of(dataset: Dataset | None) -> int:
    """The newest decision that went into a data set; 0 without one."""
    kept = (dataset.statistics.get("decisions") or {}) if dataset is not None else {}
    return int(kept.get("last_decision_id") or 0)


def mixable_with(dataset: Dataset) -> list[Dataset]:
    """Other rows to learn from that decisions are usually mixed with, public and large ones first."""
    rows = Dataset.objects.trainable().exclude(pk=dataset.pk).exclude(kind=DatasetKind.DECISIONS)
    public = {str(DatasetKind.HUB): 0, str(DatasetKind.UPLOAD): 1, str(DatasetKind.SAMPLE): 2}
    return sorted(rows, key=lambda row: (public.get(row.kind, 3), -int(row.rows.get("train") or 0)))
