"""What a dataset of decisions would hold if it were built now, counted before anything is written."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Count, F, Q, QuerySet

from classifier.core.visibility import narrow
from classifier.core.visible_comments import edited_since
from classifier.models import FINAL_ACTIONS, Decision, DecisionAction, Suggestion, User
from classifier.suggestions.services import usable_suggestions
from training.datasets.statistics import statistics_of
from training.models import Dataset, DatasetKind, RetrainingPlan

PEOPLE = Q(automatic=False)
GOLDEN = Q(comment__golden__isnull=False)
PURGED = Q(comment__text="")
EDITED = edited_since("created_at")
"""The person who decided never saw the text as it is now, and the earlier text is not kept."""
USABLE = PEOPLE & ~GOLDEN & ~PURGED & ~EDITED


@dataclass(frozen=True)
class SourceCount:
    """The decisions of one source that would go in."""

    source: str
    approved: int
    removed: int


@dataclass(frozen=True)
class DecisionsSummary:
    """Decisions that stand and would go in, and what would be left out, each under the first reason that holds.

    The reasons: `by_policies` themselves, `golden` items, `purged` texts, texts `edited` after the decision. `new` came
    after the last dataset of decisions, `last`; `marked` and `corrected` are among those that go in.
    """

    approved: int = 0
    removed: int = 0
    corrected: int = 0
    marked: int = 0
    suggestions: int = 0
    golden: int = 0
    by_policies: int = 0
    purged: int = 0
    edited: int = 0
    new: int = 0
    sources: list[SourceCount] = field(default_factory=list)
    last: Dataset | None = None

    @property
    def total(self) -> int:
        return self.approved + self.removed


def decisions_summary(*, user: User | None = None) -> DecisionsSummary:
    """Count what would go in and what would be left out, of the sources that `user` sees.

    Four queries, each over the decisions that stand.
    """
    last = last_decisions_dataset()
    standing = narrow(standing_decisions(), user, "comment__source")
    counted: dict[str, Any] = standing.aggregate(
        approved=Count("pk", filter=USABLE & Q(action=DecisionAction.APPROVE)),
        removed=Count("pk", filter=USABLE & Q(action=DecisionAction.REMOVE)),
        corrected=Count("pk", filter=USABLE & ~Q(labels={})),
        marked=Count("pk", filter=USABLE & ~Q(marks=[])),
        new=Count("pk", filter=USABLE & Q(pk__gt=last_decision_of(last))),
        by_policies=Count("pk", filter=~PEOPLE),
        golden=Count("pk", filter=PEOPLE & GOLDEN),
        purged=Count("pk", filter=PEOPLE & ~GOLDEN & PURGED),
        edited=Count("pk", filter=PEOPLE & ~GOLDEN & ~PURGED & EDITED),
    )
    by_source = (
        standing.filter(USABLE)
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
    return DecisionsSummary(
        **counted, suggestions=narrow(teaching_suggestions(), user).count(), sources=sources, last=last
    )


def decisions_since_retraining(*, user: User | None = None) -> int:
    """Count the decisions that a retraining would newly learn from, in the sources that `user` sees.

    Pages, the plan of retraining and the API all show this number as *new decisions*.
    """
    return new_decisions(user).count()


def new_decisions(user: User | None) -> "QuerySet[Decision]":
    """Select the decisions that would go into a dataset and came after the last retraining began."""
    begun = RetrainingPlan.objects.filter(pk=1).values_list("last_decision_id", flat=True).first() or 0
    return narrow(standing_decisions(), user, "comment__source").filter(USABLE, pk__gt=begun)


def standing_decisions(
    *, sources: Sequence[str] = (), since: datetime | None = None, until: datetime | None = None
) -> "QuerySet[Decision]":
    """Select the decisions that count for their comment: final ones, neither undone nor followed by another one."""
    rows = Decision.objects.filter(action__in=FINAL_ACTIONS, comment__current_decision=F("pk"))
    if sources:
        rows = rows.filter(comment__source__slug__in=sources)
    if since is not None:
        rows = rows.filter(created_at__gte=since)
    if until is not None:
        rows = rows.filter(created_at__lt=until)
    return rows.order_by()


def teaching_suggestions(
    *, sources: Sequence[str] = (), since: datetime | None = None, until: datetime | None = None
) -> "QuerySet[Suggestion]":
    """Select suggestions that came in through the API and that nobody rejected; none about known answers."""
    rows = usable_suggestions(sources=sources, since=since, until=until).select_related("source")
    return rows.filter(comment__golden__isnull=True)


def last_decisions_dataset() -> Dataset | None:
    """Return the newest dataset of decisions that is still there."""
    return Dataset.objects.usable().filter(kind=DatasetKind.DECISIONS).order_by("-pk").first()


def last_decision_of(dataset: Dataset | None) -> int:
    """Return the id of the newest decision that went into a dataset; 0 without one."""
    decisions = statistics_of(dataset).decisions
    return decisions.last_decision_id if decisions is not None else 0


def mixable_with(dataset: Dataset) -> list[Dataset]:
    """Return other datasets that decisions are usually mixed with, public and large ones first."""
    rows = Dataset.objects.trainable().exclude(pk=dataset.pk).exclude(kind=DatasetKind.DECISIONS)
    public = {str(DatasetKind.HUB): 0, str(DatasetKind.UPLOAD): 1, str(DatasetKind.SAMPLE): 2}
    return sorted(rows, key=lambda row: (public.get(row.kind, 3), -int(row.rows.get("train") or 0)))
