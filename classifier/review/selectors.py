"""Reads of the review queue: visible comments, orders, pages and counts; also decisions, appeals and reports.

Every order walks an index of its own over what waits (`comment_queue_…`), so that the first page and the next comment
cost the same however many comments are stored. Pages go on by keyset: a cursor holds the last row's value and id.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from django.conf import settings
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from classifier.core.errors import WrongFilter
from classifier.core.visibility import narrow, unlooked
from classifier.models import Appeal, Comment, Decision, DecisionAction, Report, SavedQueue, User
from classifier.models.comment import CommentQuerySet
from classifier.review.appeal_answers import answerable_by
from classifier.review.filters import WAITING, QueueFilters, apply_filters

COUNT_LIMIT = 10_000
LEARN = "learn"
NEWEST = "newest"
LEARN_LOOK = 64  # candidates that are compared with each other at once
LEARN_DECIDED = 200  # latest decisions that a candidate may be too similar to
ESCALATIONS = "classifier.add_bulkaction"  # people who may decide in bulk decide the hard ones
APPEALS = "classifier.change_appeal"
SEES_APPEALS = "classifier.view_appeal"
SEES_REPORTS = "classifier.view_report"


@dataclass(frozen=True)
class Order:
    """A column of Comment and its direction; the id, rising, settles ties."""

    title: str
    column: str
    falls: bool = False

    @property
    def columns(self) -> list[Any]:
        return [F(self.column).desc() if self.falls else F(self.column).asc(), "id"]


ORDERS: dict[str, Order] = {
    "risk": Order("Highest risk first", "risk", falls=True),
    "uncertainty": Order("Closest to a threshold first", "uncertainty"),
    "age": Order("Longest waiting first", "queued_at"),
    "reports": Order("Most reported first", "report_count", falls=True),
    LEARN: Order("What the model would learn most from", "uncertainty"),
    NEWEST: Order("Newest first", "id", falls=True),
}


@dataclass(frozen=True)
class BoundedCount:
    """`number` is exact, unless `more` is set: then there are more."""

    number: int
    more: bool

    def __str__(self) -> str:
        return f"{self.number:,}{'+' if self.more else ''}"


@dataclass(frozen=True)
class QueuePage:
    """`next` is the cursor of the page that follows, None on the last."""

    comments: list[Comment]
    next: str | None


def queue_comments(*, user: User | None, filters: QueueFilters) -> CommentQuerySet:
    """Select the comments that `user` may see and `filters` choose, in no order; None is the system itself."""
    seen = narrow(Comment.objects.filter(unlooked(user)), user)
    return apply_filters(cast(CommentQuerySet, seen), filters, user)


def decidable_by(*, user: User | None) -> Q:
    """Leave out what waits for a lead (escalated comments, open appeals) and appeals that others must answer."""
    condition = Q()
    if user is not None and not user.has_perm(ESCALATIONS):
        condition &= Q(is_escalated=False)
    if user is not None and not user.has_perm(APPEALS):
        return condition & Q(has_open_appeal=False)
    return condition & answerable_by(user=user)


def not_skipped_by(*, user: User) -> Q:
    """Leave out what `user` has skipped within settings.REVIEW_SKIP_SECONDS and not undone."""
    skipped = Decision.objects.filter(
        by=user,
        action=DecisionAction.SKIP,
        undone_by__isnull=True,
        created_at__gte=Now() - timedelta(seconds=settings.REVIEW_SKIP_SECONDS),
    ).order_by()
    return ~Q(pk__in=skipped.values("comment_id"))


def queue_order(name: str) -> Order:
    """Return the order of this name. Raises WrongFilter."""
    if name not in ORDERS:
        raise WrongFilter("order", f"There is no order {name!r}; there are {', '.join(ORDERS)}.")
    return ORDERS[name]


def queue_page(
    *, user: User | None, filters: QueueFilters, order: str, size: int, cursor: str = ""
) -> QueuePage:
    """Return `size` comments with verdicts, claims and standing decisions. Raises WrongFilter (order or cursor).

    What does not wait is listed newest first whatever the order: the others are orders of the queue.
    """
    by = queue_order(order if filters.status == WAITING else NEWEST)
    rows = queue_comments(user=user, filters=filters)
    if cursor:
        rows = rows.filter(_after(by, cursor))
    rows = _with_people(rows).order_by(*(by.columns if by.column != "id" else ["-id"]))
    fetched = list(rows[: size + 1])
    more = len(fetched) > size
    return QueuePage(fetched[:size], _cursor(by, fetched[size - 1]) if more else None)


def with_review(comments: CommentQuerySet) -> CommentQuerySet:
    """Fetch all that a page of the queue shows about a comment, in one query."""
    return _with_people(comments).select_related("context")


def _with_people(comments: CommentQuerySet) -> CommentQuerySet:
    return comments.with_verdict().select_related("review_by", "current_decision__by", "policy")


def queue_count(*, user: User | None, filters: QueueFilters, limit: int = COUNT_LIMIT) -> BoundedCount:
    """Count the comments that `user` sees and `filters` choose, no further than `limit`."""
    rows = queue_comments(user=user, filters=filters).order_by().values("pk")
    number = rows[: limit + 1].count()
    return BoundedCount(min(number, limit), number > limit)


def learn_candidates(comments: CommentQuerySet, *, copies: bool = True) -> Iterator[int]:
    """Yield ids of `comments`, closest to a threshold first, only one from each group of near-duplicates.

    This is uncertainty sampling over distinct texts: a second copy of a text teaches nothing, nor does a copy of one
    decided just now. If the first few hundred are all copies, they are yielded anyway, unless `copies` is False.
    """
    seen_hashes, seen_sketches = _decided_lately()
    passed: list[int] = []
    rows = comments.order_by("uncertainty", "id").values_list("pk", "text_hash", "sketch")
    for pk, text_hash, sketch in rows[: LEARN_LOOK * 4]:
        parts = set(sketch or ())
        if (text_hash is not None and text_hash in seen_hashes) or parts & seen_sketches:
            passed.append(pk)
            continue
        seen_hashes.add(text_hash)
        seen_sketches |= parts
        yield pk
    if copies:
        yield from passed


def _decided_lately() -> tuple[set[int | None], set[int]]:
    latest = (
        Decision.objects.filter(action__in=["approve", "remove"], automatic=False)
        .order_by("-id")
        .values_list("comment__text_hash", "comment__sketch")[:LEARN_DECIDED]
    )
    rows = list(latest)
    hashes: set[int | None] = {text_hash for text_hash, _ in rows if text_hash is not None}
    return hashes, {part for _, sketch in rows for part in sketch or ()}


def appeals_visible_to(*, user: User | None, status: str = "") -> QuerySet[Appeal]:
    """List appeals newest first, of one status where given; without SEES_APPEALS, those on comments of `user`."""
    rows = narrow(
        Appeal.objects.select_related("comment__source", "decision__by", "decision__policy", "resolved_by"),
        user,
        "comment__source",
    ).order_by("-id")
    if user is not None and not user.has_perm(SEES_APPEALS):
        rows = rows.filter(comment__submitted_by=user)
    return rows.filter(status=status) if status else rows


def reports_visible_to(*, user: User | None) -> QuerySet[Report]:
    """List reports newest first. Callers must require SEES_REPORTS: not everybody may know who reported."""
    rows = Report.objects.select_related("comment__source")
    return narrow(rows, user, "comment__source").order_by("-id")


def decisions_visible_to(*, user: User | None) -> QuerySet[Decision]:
    """List decisions newest first, with what the API shows of them."""
    rows = Decision.objects.select_related(
        "comment__source", "by", "policy", "prediction__model_version", "undone_by"
    ).defer("prediction__model_version__manifest")
    return narrow(rows, user, "comment__source").filter(unlooked(user, "comment")).order_by("-id")


def saved_queues_of(*, user: User, roles: list[str]) -> list[SavedQueue]:
    """List the saved queues that somebody with these roles may use, in their order."""
    mine = Q(roles=[]) | Q(owner=user)
    for role in roles:
        mine |= Q(roles__contains=[role])
    return list(SavedQueue.objects.filter(mine).select_related("owner"))


def _cursor(order: Order, comment: Comment) -> str:
    value = getattr(comment, order.column)
    return f"{value.isoformat() if isinstance(value, datetime) else value}~{comment.pk}"


def _after(order: Order, cursor: str) -> Q:
    """Select the rows after a cursor: `column <= v AND (column < v OR id > i)` lets Postgres start inside the index."""
    written, _, number = cursor.rpartition("~")
    field = cast(Any, Comment._meta.get_field(order.column))
    try:
        value, pk = field.to_python(written), int(number)
        if value is None or pk >= 2**63:
            raise ValueError("nothing before the number")
    except Exception as error:
        raise WrongFilter("cursor", "This page does not exist any more.") from error
    if order.column == "id":
        return Q(pk__lt=pk)
    beyond, upto = ("lt", "lte") if order.falls else ("gt", "gte")
    return Q(**{f"{order.column}__{upto}": value}) & (
        Q(**{f"{order.column}__{beyond}": value}) | Q(pk__gt=pk)
    )
