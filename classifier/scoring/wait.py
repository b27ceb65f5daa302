"""Wait for the verdict on a comment that was just submitted."""

import time

from classifier.core.errors import NoBroker
from classifier.models import Comment, CommentStatus
from classifier.scoring.heartbeat import a_worker_lives
from classifier.scoring.verdict_pubsub import comment_subscription


def comment_wait(*, comment_id: int, deadline: float) -> Comment:
    """Wait up to `deadline` seconds for the verdict; return the comment, still pending when none came.

    Returns at once when no worker is there to wait for.
    """
    end = time.monotonic() + deadline
    try:
        with comment_subscription(comment_id) as heard:
            if _is_pending(comment_id) and a_worker_lives():
                heard(end - time.monotonic())
    except NoBroker:
        pass  # nobody can tell us; what the database says now is the honest answer
    return Comment.objects.with_verdict().get(pk=comment_id)


def _is_pending(comment_id: int) -> bool:
    status = Comment.objects.filter(pk=comment_id).values_list("status", flat=True).get()
    return status == CommentStatus.PENDING
