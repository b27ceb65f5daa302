"""Saved queues as tabs over the queue and its list, each with how much waits in it."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse

from classifier.core.errors import WrongFilter
from classifier.models import SavedQueue, User
from classifier.review.filters import WAITING, QueueFilters
from classifier.review.pages.filter_form import query_of
from classifier.review.pages.session import queues_for
from classifier.review.selectors import BoundedCount, queue_count

LIMIT = 1_000


@dataclass(frozen=True)
class Tab:
    """`count` is None where the filters cannot be read any more."""

    title: str
    url: str
    count: BoundedCount | None
    current: bool


def saved_tabs(user: User, *, current: int | None, here: str, plain: bool) -> list[Tab]:
    """All waiting comments, then each saved queue that `user` may use; `here` is queue or queue-list.

    `current` is the saved queue that is open; without one, `plain` says that nothing is filtered.
    """
    first = reverse(here) + "?" + urlencode({"status": WAITING})
    everything = QueueFilters()
    tabs = [Tab("All waiting", first, _count(user, everything), current is None and plain)]
    for saved in queues_for(user):
        filters = readable(saved)
        works = filters is not None and filters.status == WAITING
        url = reverse(here if works else "queue-list") + "?" + urlencode({"saved": saved.pk})
        tabs.append(Tab(saved.name, url, _count(user, filters), saved.pk == current))
    return tabs


def readable(saved: SavedQueue) -> QueueFilters | None:
    """Its filters; None where they cannot be read any more."""
    try:
        return QueueFilters.from_data(saved.filters)
    except WrongFilter:
        return None


def saved_query(saved: SavedQueue) -> str:
    filters = readable(saved)
    return query_of(filters, saved.order) if filters is not None else ""


def _count(user: User, filters: QueueFilters | None) -> BoundedCount | None:
    return None if filters is None else queue_count(user=user, filters=filters, limit=LIMIT)
