"""Which comments somebody may see, and in what order."""

from django.db.models import Prefetch

from classifier.models import ApiKey, Comment, CommentEvent, Decision, Prediction, User
from classifier.models.comment import CommentQuerySet
from classifier.selectors.access import seen_by, unlooked


def comments_visible_to(*, user: User) -> CommentQuerySet:
    """Every comment for who holds `view_comment`, otherwise one's own; of the sources that one sees."""
    comments = Comment.objects.with_verdict().filter(seen_by(user), unlooked(user))
    return comments if user.has_perm("classifier.view_comment") else comments.filter(submitted_by=user)


def comments_submitted_by(*, user: User, status: str = "") -> CommentQuerySet:
    """One's own comments, newest first, of one status where given."""
    comments = Comment.objects.with_verdict().filter(seen_by(user), submitted_by=user).order_by("-id")
    return comments.filter(status=status) if status else comments


def comments_of_key(*, api_key: ApiKey) -> CommentQuerySet:
    """The comments that came in with this key, of the sources that its owner sees."""
    return Comment.objects.with_verdict().filter(seen_by(api_key.owner), api_key=api_key).order_by("-id")


def comment_detail(*, comments: CommentQuerySet, comment_id: int) -> Comment:
    """One of `comments` with its submitter, context, predictions, decisions and history.

    Raises Comment.DoesNotExist.
    """
    return (
        comments.select_related("submitted_by", "current_decision__by", "context")
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
