"""One person's comments: counts by status, and pages by keyset, so that page 1,000 costs as much as page 1."""

from dataclasses import dataclass

from django.db.models import Count

from classifier.comments.search import matching_text
from classifier.core.visibility import seen_by
from classifier.models import Comment, CommentStatus, User
from classifier.models.comment import CommentQuerySet


@dataclass(frozen=True)
class CommentPage:
    """Comments newest first; `newer` and `older` are the ids to continue from, None at an end."""

    comments: list[Comment]
    newer: int | None
    older: int | None


def comments_matching(
    *, user: User, verdict: str | None = None, search: str | None = None
) -> CommentQuerySet:
    """One's own comments with this verdict, in whose text the search finds something."""
    comments = Comment.objects.submitted_by_user(user).filter(seen_by(user))
    if verdict:
        comments = comments.filter(current_prediction__verdict=verdict)
    if search:
        comments = matching_text(comments, search)
    return comments


def comment_counts(*, comments: CommentQuerySet) -> dict[str, int]:
    """Count `comments` by status, also where there are none, and all of them under the empty name."""
    rows = comments.order_by().values_list("status").annotate(Count("id"))
    counts = dict.fromkeys(CommentStatus.values, 0) | dict(rows)
    return counts | {"": sum(counts.values())}


def comment_page(
    *, comments: CommentQuerySet, before: int | None = None, after: int | None = None, size: int
) -> CommentPage:
    """The `size` comments right before (older than) or after (newer than) an id, else the newest."""
    rows = comments.with_verdict()
    if after is not None:
        found = list(rows.filter(id__gt=after).order_by("id")[: size + 1])
        more, page = len(found) > size, found[:size][::-1]
        newer = page[0].pk if page and more else None
        return CommentPage(page, newer, page[-1].pk if page else None)
    if before is not None:
        rows = rows.filter(id__lt=before)
    found = list(rows.order_by("-id")[: size + 1])
    page = found[:size]
    older = page[-1].pk if len(found) > size else None
    return CommentPage(page, page[0].pk if before is not None and page else None, older)
