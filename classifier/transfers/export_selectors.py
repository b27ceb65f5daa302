"""Comments with all that was found and decided about them, in the order of their ids, page by page.

Each page is a statement of its own that goes on behind the last id. So memory is bounded, no transaction stays open
however slowly a reader reads, and a stopped export goes on where it was.
"""

from collections.abc import Iterator

from django.db.models import Max

from classifier.models import Comment, User
from classifier.review.filters import QueueFilters
from classifier.review.selectors import queue_comments

PAGE = 1_000


def export_last_id(*, user: User | None, filters: QueueFilters) -> int:
    """What an export that begins now ends with; later comments are not part of it."""
    last = Comment.objects.order_by().aggregate(last=Max("pk"))["last"] or 0
    return min(last, filters.last_id) if filters.last_id is not None else last


def export_pages(
    *,
    user: User | None,
    filters: QueueFilters,
    last_id: int,
    after: int = 0,
    size: int | None = None,
) -> Iterator[list[Comment]]:
    """The chosen comments that `user` sees, behind the id `after`, up to `last_id`, `size` (PAGE) at once."""
    size = size or PAGE
    chosen = queue_comments(user=user, filters=filters).filter(pk__lte=last_id)
    rows = (
        chosen.select_related("source", "current_prediction__model_version", "current_decision__by", "policy")
        .only(
            *_COLUMNS,
            "source__slug",
            "current_prediction__scores",
            "current_prediction__verdict",
            "current_prediction__score",
            "current_prediction__threshold",
            "current_prediction__model_version__version",
            "current_decision__action",
            "current_decision__reason",
            "current_decision__note",
            "current_decision__labels",
            "current_decision__automatic",
            "current_decision__created_at",
            "current_decision__by__username",
            "policy__version",
        )
        .order_by("pk")
    )
    while page := list(rows.filter(pk__gt=after)[:size]):
        yield page
        if len(page) < size:
            return
        after = page[-1].pk


_COLUMNS = (
    "id",
    "external_id",
    "text",
    "author_ref",
    "status",
    "created_at",
    "classified_at",
    "edited_at",
    "text_purged_at",
    "band",
    "risk",
    "queue_reasons",
    "queued_at",
    "report_count",
    "is_escalated",
    "has_open_appeal",
)
