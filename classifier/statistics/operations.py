"""Backlogs of the installation right now: how much waits and since when, for /metrics and `manage.py doctor`."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Min, QuerySet
from django.utils import timezone

from classifier.models import Comment, WebhookDelivery
from classifier.models.comment import QUEUED

COUNTED_MOST = 100_000  # a larger number is not worth the cost of counting


@dataclass(frozen=True)
class Waiting:
    """The size and age of a backlog; `count` stops at COUNTED_MOST; `oldest_seconds` is 0 if nothing waits."""

    count: int
    oldest_seconds: float


def pending_comments() -> Waiting:
    """Count the comments without a verdict."""
    return _waiting(Comment.objects.pending(), "created_at")


def review_queue() -> Waiting:
    """Count the comments that wait for a person."""
    return _waiting(Comment.objects.filter(QUEUED), "queued_at")


def deliveries_by_status() -> dict[str, int]:
    """Count the deliveries of webhooks that are waiting or given up."""
    unfinished = (WebhookDelivery.Status.WAITING, WebhookDelivery.Status.DEAD)
    return {status.value: _bounded(WebhookDelivery.objects.filter(status=status)) for status in unfinished}


def _waiting(rows: "QuerySet[Any]", since: str) -> Waiting:
    count = _bounded(rows)
    oldest: datetime | None = rows.aggregate(oldest=Min(since))["oldest"] if count else None
    age = (timezone.now() - oldest).total_seconds() if oldest else 0.0
    return Waiting(count, max(0.0, age))


def _bounded(rows: "QuerySet[Any]") -> int:
    return rows.order_by()[:COUNTED_MOST].count()
