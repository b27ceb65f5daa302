"""Why there is no next comment: nothing waits, nothing fits, or what is left is not for this person now."""

from dataclasses import dataclass, replace

from django.db.models import Q

from classifier.models import CommentStatus, User
from classifier.review.filters import QueueFilters
from classifier.review.pages.session import QueueState
from classifier.review.selectors import (
    BoundedCount,
    decidable_by,
    not_skipped_by,
    queue_comments,
    queue_count,
)

LIMIT = 1_000


@dataclass(frozen=True)
class Empty:
    """`waiting` fit the filters, `all_waiting` wait in all; the rest says why nothing of it can be claimed."""

    waiting: BoundedCount
    all_waiting: BoundedCount
    unscored: BoundedCount
    others: int = 0
    leads: int = 0
    skipped: int = 0
    passed: int = 0

    @property
    def kind(self) -> str:
        if self.waiting.number:
            return "left"
        return "no-match" if self.all_waiting.number else "nothing"


def why_empty(state: QueueState, user: User) -> Empty:
    """Counts no further than LIMIT; only asked when there is no next comment."""
    filters = state.queue_filters()
    waiting = queue_count(user=user, filters=filters, limit=LIMIT)
    everything = queue_count(user=user, filters=QueueFilters(), limit=LIMIT)
    unscored = queue_count(user=user, filters=QueueFilters(status=CommentStatus.PENDING), limit=LIMIT)
    if not waiting.number:
        return Empty(waiting, everything, unscored)
    rows = queue_comments(user=user, filters=filters).order_by()

    def count(condition: Q) -> int:
        return rows.filter(condition).values("pk")[:LIMIT].count()

    decidable = decidable_by(user=user)
    return Empty(
        waiting,
        everything,
        unscored,
        others=queue_count(user=user, filters=replace(filters, claimed="others"), limit=LIMIT).number,
        leads=count(~decidable) if decidable else 0,
        skipped=count(~not_skipped_by(user=user)),
        passed=count(Q(pk__in=state.passed)) if state.passed else 0,
    )
