"""The number beside *Queue* in the navigation."""

from collections.abc import Callable

from django.http import HttpRequest

from classifier.models import User
from classifier.review.filters import QueueFilters
from classifier.review.selectors import BoundedCount, queue_count

LIMIT = 1_000


def queue_waiting(request: HttpRequest) -> dict[str, Callable[[], BoundedCount | None]]:
    """Add the number of waiting comments to template contexts; it is only counted on pages that show it."""
    return {"queue_waiting": lambda: waiting_for(request)}


def waiting_for(request: HttpRequest) -> BoundedCount | None:
    """Count the comments that wait in the sources which the signed-in person sees, no further than LIMIT."""
    user = request.user
    return queue_count(user=user, filters=QueueFilters(), limit=LIMIT) if isinstance(user, User) else None
