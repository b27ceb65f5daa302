"""Comments that a user may see, one of them in full, and conditions on edits."""

from django.db.models import F, Prefetch, Q

from classifier.core.visibility import seen_by, unlooked
from classifier.models import Comment, CommentEvent, Decision, Prediction, User
from classifier.models.comment import CommentQuerySet


def comments_visible_to(*, user: User) -> CommentQuerySet:
    """Return the comments that `user` may see: all of their sources with `view_comment`, otherwise only their own."""
    comments = Comment.objects.with_verdict().filter(seen_by(user), unlooked(user))
    return comments if user.has_perm("classifier.view_comment") else comments.filter(submitted_by=user)


def comment_detail(*, comments: CommentQuerySet, comment_id: int) -> Comment:
    """Return one of `comments` with its submitter, context, predictions, decisions and history.

    Raises Comment.DoesNotExist.
    """
    return (
        comments.select_related("submitted_by", "api_key", "current_decision__by", "context")
        .prefetch_related(
            Prefetch("predictions", Prediction.objects.select_related("model_version").order_by("-id")),
            Prefetch(
                "decisions",
                Decision.objects.select_related("by", "undone_by", "policy", "prediction__model_version")
                .defer("prediction__model_version__manifest")
                .order_by("-id"),
            ),
            Prefetch("history", CommentEvent.objects.select_related("actor").order_by("-id")),
        )
        .get(pk=comment_id)
    )


def edited_since(moment: str, *, comment: str = "comment__") -> Q:
    """Return rows whose comment was edited after the time in column `moment`; `comment` is the path to the comment."""
    return Q(**{f"{comment}edited_at__gt": F(moment)})


def edited_between(first: str, second: str, *, comment: str = "comment__") -> Q:
    """Return rows whose comment was last edited after the time in `first` and not after that in `second`."""
    return edited_since(first, comment=comment) & Q(**{f"{comment}edited_at__lte": F(second)})
