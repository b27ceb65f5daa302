"""Which bulk actions somebody may see and take back."""

from django.db.models import Exists, OuterRef, Q, QuerySet

from classifier.core.visibility import seen_by
from classifier.models import BulkAction, Decision, User


def bulk_actions_seen_by(*, user: User | None) -> QuerySet[BulkAction]:
    """Newest first, those that decided nothing outside the sources that `user` sees: words, filters and count are of
    all its comments. One that decided nothing is its maker's alone."""
    rows = BulkAction.objects.select_related("by", "undone_by").order_by("-id")
    seen = seen_by(user, "comment__source")
    if not seen:
        return rows
    decided = Decision.objects.filter(bulk=OuterRef("pk")).order_by()
    return rows.filter(Q(by=user) | Exists(decided)).exclude(Exists(decided.exclude(seen)))
