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
    *, user: User, verdict: str | None = None, language: str | None = None, search: str | None = None
) -> CommentQuerySet:
    """List the user's own comments with this verdict, judged in this language, whose text matches the search."""
    comments = Comment.objects.submitted_by_user(user).filter(seen_by(user))
    if verdict:
        comments = comments.filter(current_prediction__verdict=verdict)
    if language:
        comments = comments.filter(current_prediction__language=language)
    if search:
        comments = matching_text(comments, search)
    return comments


def comment_counts(*, comments: CommentQuerySet) -> dict[str, int]:
    """Count `comments` by status, including statuses without any, and all of them under the empty name."""
    rows = comments.order_by().values_list("status").annotate(Count("id"))
    counts = dict.fromkeys(CommentStatus.values, 0) | dict(rows)
    return counts | {"": sum(counts.values())}


def comment_page(
    *, comments: CommentQuerySet, before: int | None = None, after: int | None = None, size: int
) -> CommentPage:
    """Read the `size` comments next to an id, older (`before`) or newer (`after`) than it, else the newest."""
    rows = comments.with_verdict()
    if after is not None:
        newest_last = list(rows.filter(id__gt=after).order_by("id")[: size + 1])
        more, page = len(newest_last) > size, newest_last[:size][::-1]
        newer = page[0].pk if page and more else None
        return CommentPage(page, newer, page[-1].pk if page else None)
    if before is not None:
        rows = rows.filter(id__lt=before)
    newest_first = list(rows.order_by("-id")[: size + 1])
    page = newest_first[:size]
    older = page[-1].pk if len(newest_first) > size else None
    return CommentPage(page, page[0].pk if before is not None and page else None, older)
