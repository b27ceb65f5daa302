"""Offering comments to the queue because a model would learn from them, although nobody needs to look at them."""

from classifier.core.audit import audit_record
from classifier.core.permissions import require_permission
from classifier.core.source_access import require_source
from classifier.models import Comment, Source, User
from classifier.review.placement import queue_put
from classifier.review.selectors import LEARN
from training.core.errors import NotAllowedNow
from training.datasets.active_learning_selectors import candidates_beside

MAY_OFFER = "training.add_dataset"
OFFER_MOST = 200


def learn_offer(*, count: int, source: Source | None = None, by: User | None) -> int:
    """Put the `count` undecided comments nearest to a threshold into the queue; one row in the audit.

    Those that wait already are not counted, near-duplicates are offered once. Returns how many were offered. Raises
    PermissionDenied, and NotAllowedNow unless 1 <= count <= OFFER_MOST.
    """
    require_permission(by, MAY_OFFER)
    if source is not None:
        require_source(by, source)
    if not 1 <= count <= OFFER_MOST:
        raise NotAllowedNow(f"At most {OFFER_MOST} comments are offered at once, and at least 1.")
    ids = candidates_beside(user=by, source=source, count=count)
    for comment in Comment.objects.filter(pk__in=ids).only("pk"):
        queue_put(comment=comment, kind=LEARN, by=by)
    if ids:
        audit_record(verb="queue.learn", by=by, source=source, subject="offered for learning", count=len(ids))
    return len(ids)
