"""Claims on comments: a claim belongs to one person until the comment is decided or released, or the claim expires.

Two moderators never get the same comment: the next one is locked with SKIP LOCKED while it is marked as taken, and
Postgres checks a row again that changed during the search. Nothing here waits for a lock on a comment while holding
another one, so that claims, decisions and bulk actions cannot block each other.
"""

from collections.abc import Collection
from datetime import timedelta

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.db.models import Case, F, Value, When
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Now
from django.utils import timezone

from classifier.core.errors import ClaimTaken, WrongFilter
from classifier.core.permissions import require_permission
from classifier.models import Comment, User
from classifier.models.comment import NO_CLAIM, CommentQuerySet
from classifier.review.appeal_answers import require_other
from classifier.review.filters import WAITING, QueueFilters, free_for
from classifier.review.selectors import (
    APPEALS,
    ESCALATIONS,
    LEARN,
    decidable_by,
    learn_candidates,
    not_skipped_by,
    queue_comments,
    queue_order,
    with_review,
)

CLAIM_LOCK = 0x746F7802  # the first half of the advisory lock's key; the second is the person
GONE = "This comment does not wait for a decision any more."


def claim_next(
    *, filters: QueueFilters, order: str, by: User, passing: Collection[int] = ()
) -> Comment | None:
    """Claim the first comment that nobody else has claimed and `by` has not just skipped; None when all is done.

    Any other claim of `by` is released. A comment that `by` has claimed already counts as free, so asking twice
    returns the same one; `passing` are ids to pass over. Raises PermissionDenied and WrongFilter.
    """
    require_permission(by, "classifier.add_decision")
    if filters.status != WAITING:
        raise WrongFilter("status", "Only comments that wait can be claimed.")
    queue_order(order)
    waiting = queue_comments(user=by, filters=filters).filter(
        free_for(by), decidable_by(user=by), not_skipped_by(user=by)
    )
    if passing:
        waiting = waiting.exclude(pk__in=passing)
    with transaction.atomic():
        _one_at_a_time(by)
        claimed_id = _lock_first(waiting, order)
        if claimed_id is not None:
            _mark(claimed_id, by)
        _let_go(by, keep=claimed_id)
    return None if claimed_id is None else with_review(Comment.objects.all()).get(pk=claimed_id)


def claim(*, comment: Comment, by: User) -> Comment:
    """Claim this comment, or extend the claim on it. Raises ClaimTaken (with the other person), PermissionDenied."""
    require_permission(by, "classifier.add_decision")
    with transaction.atomic():
        _one_at_a_time(by)
        row = (
            queue_comments(user=by, filters=QueueFilters(ids=(comment.pk,)))
            .select_for_update(of=("self",))
            .annotate(free=Case(When(free_for(by), then=Value(True)), default=Value(False)))
            .first()
        )
        if row is None:
            raise ClaimTaken(GONE, by=None)
        require_decidable(row, by)
        if not row.free:  # type: ignore[attr-defined]
            raise ClaimTaken(f"{row.review_by} looks at this comment right now.", by=row.review_by)
        _mark(row.pk, by)
        _let_go(by, keep=row.pk)
    return with_review(Comment.objects.all()).get(pk=comment.pk)


def claim_renew(*, comment: Comment, by: User) -> bool:
    """Extend the claim of `by` for another settings.REVIEW_CLAIM_SECONDS; False when `by` does not have it any more."""
    claims = Comment.objects.filter(pk=comment.pk, review_by=by, queued_at__isnull=False)
    return claims.update(review_until=_until()) == 1


def release(*, comment: Comment, by: User | None) -> bool:
    """Release a claim; False when `by` has none. None, the system itself, releases anybody's."""
    claims = Comment.objects.filter(pk=comment.pk, review_by__isnull=False)
    return (claims if by is None else claims.filter(review_by=by)).update(**NO_CLAIM) == 1


def require_decidable(comment: Comment, by: User | None) -> None:
    """Raise PermissionDenied for a moderator where only a lead may decide."""
    if comment.is_escalated and by is not None and not by.has_perm(ESCALATIONS):
        raise PermissionDenied("This comment was escalated; a lead decides about it.")
    if comment.has_open_appeal and by is not None and not by.has_perm(APPEALS):
        raise PermissionDenied("The author has appealed; a lead answers appeals.")
    require_other(comment, by)


def require_unclaimed(comment: Comment, by: User) -> None:
    """Raise ClaimTaken while somebody else has claimed the comment; an expired claim does not count."""
    other, until = comment.review_by, comment.review_until
    if other is not None and other != by and until is not None and until > timezone.now():
        raise ClaimTaken(f"Your claim had run out, and {other} looks at this comment now.", by=other)


def _one_at_a_time(by: User) -> None:
    """Let two tabs of one person claim one after the other, so that both cannot keep a claim."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [CLAIM_LOCK, by.pk % 2**31])


def _lock_first(waiting: CommentQuerySet, order: str) -> int | None:
    locked = waiting.select_for_update(skip_locked=True, of=("self",))
    if order != LEARN:
        return locked.order_by(*queue_order(order).columns).values_list("pk", flat=True).first()
    for candidate in learn_candidates(waiting):
        if (locked_id := locked.filter(pk=candidate).values_list("pk", flat=True).first()) is not None:
            return locked_id
    return None


def _mark(pk: int, by: User) -> None:
    """Mark the comment as claimed; an extended claim keeps its time of begin, which decisions are timed from."""
    goes_on = When(review_by=by, review_until__gte=Now(), then=F("review_since"))
    since = Case(goes_on, default=Now())
    Comment.objects.filter(pk=pk).update(review_by=by, review_until=_until(), review_since=since)


def _until() -> CombinedExpression:
    return Now() + timedelta(seconds=settings.REVIEW_CLAIM_SECONDS)


def _let_go(by: User, *, keep: int | None) -> None:
    """Release the other claims of `by`; one that is being decided at this moment is left to that decision."""
    others = Comment.objects.filter(review_by=by)
    if keep is not None:
        others = others.exclude(pk=keep)
    locked = others.order_by().select_for_update(skip_locked=True, of=("self",)).values("pk")
    Comment.objects.filter(pk__in=locked).update(**NO_CLAIM)
