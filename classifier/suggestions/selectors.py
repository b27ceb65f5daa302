"""Reading suggestions: what somebody may see of them, and what training can use."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Q, QuerySet

from classifier.core.visibility import narrow, seen_by
from classifier.models import Source, Suggestion, User


def suggestions_visible_to(*, user: User) -> QuerySet[Suggestion]:
    """Every suggestion for who holds `view_suggestion`, otherwise one's own; of the sources that one sees."""
    rows = narrow(Suggestion.objects.select_related("source", "by", "rejected_by"), user)
    return rows if user.has_perm("classifier.view_suggestion") else rows.filter(by=user)


def usable_suggestions(
    *,
    sources: Sequence[str] = (),
    since: datetime | None = None,
    until: datetime | None = None,
) -> QuerySet[Suggestion]:
    """What training can learn from, the oldest first: suggestions with their text that nobody has rejected.

    `sources` are slugs (all where empty); `since` and `until` bound the time of the suggestion. Several about the same
    text are all in it, and the last one counts.
    """
    rows = Suggestion.objects.filter(rejected_at__isnull=True, text_purged_at__isnull=True).order_by("pk")
    if sources:
        rows = rows.filter(source__slug__in=sources)
    if since is not None:
        rows = rows.filter(created_at__gte=since)
    if until is not None:
        rows = rows.filter(created_at__lt=until)
    return rows


def suggestions_of_author(*, user: User | None, author: str, source: Source | None) -> QuerySet[Suggestion]:
    """Suggestions about what an author wrote, in one source or in every source that `user` sees."""
    rows = Suggestion.objects.filter(Q(author_ref=author) | Q(comment__author_ref=author)).filter(
        seen_by(user)
    )
    rows = rows if author else rows.none()
    return rows if source is None else rows.filter(source=source)
