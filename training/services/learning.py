"""Offering comments to the queue because a model would learn from them, although nobody needs to look at them."""

from classifier.models import Comment, Source, User
from classifier.selectors.review import LEARN
from classifier.services.access import require_source
from classifier.services.audit import audit_record
from classifier.services.permissions import require_permission
from classifier.services.review import queue_put
from training.selectors.learning import candidates_beside
from training.services.errors import NotAllowedNow

MAY_OFFER = "training.add_dataset"
OFFER_MOST = 200


def learn_offer(*, count: int, source: Source | None = None, by: User | None) -> int:
    """Put the `count` undecided comments nearest to a threshold into the queue; one row in the audit.

    Those that wait already are not counted, near-copies are offered once. Returns how many were offered. Raises
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
