"""The outbox of webhooks: written in the transaction of the event, cleared once it is older than WEBHOOK_LOG_DAYS.

Subscriptions are cached in the process for WEBHOOK_CACHE_SECONDS, so that without webhooks a verdict costs no extra
query. A new webhook therefore misses the events of its first few seconds.
"""

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.postgres.aggregates import ArrayAgg
from django.db import transaction
from django.db.models import Q, Value
from django.utils import timezone

from classifier.models import Webhook, WebhookAttempt, WebhookDelivery, WebhookEvent, WebhookEventType
from classifier.webhooks.payloads import data_of
from toxicsite.lib.jobs import enqueue_on_commit

DELIVER_TASK = "classifier.deliver"
BATCH = 1_000
TURN_SECONDS = 5.0
FIRST_OF_ALL = timedelta(days=3_650)  # deliveries go out by the time they are due


@dataclass(frozen=True)
class Subscription:
    """One enabled webhook; `sources` None: all of them."""

    webhook_id: int
    events: frozenset[str]
    sources: frozenset[int] | None

    def wants(self, name: str, source_id: int | None) -> bool:
        """Return whether the webhook gets this event; one without a source (a model, a run) goes to all subscribers."""
        if name not in self.events:
            return False
        return source_id is None or self.sources is None or source_id in self.sources


_lock = threading.Lock()
_known: tuple[Subscription, ...] = ()
_look_at = 0.0


def subscriptions() -> tuple[Subscription, ...]:
    """List the enabled webhooks; the list is at most WEBHOOK_CACHE_SECONDS old."""
    global _known, _look_at
    if time.monotonic() < _look_at:
        return _known
    with _lock:
        if time.monotonic() >= _look_at:
            _known = _read()
            _look_at = time.monotonic() + settings.WEBHOOK_CACHE_SECONDS
        return _known


def forget() -> None:
    """Drop the cache, so that the next call reads the subscriptions; called after every change of a webhook."""
    global _look_at
    _look_at = 0.0


def outbox_write(name: str, payloads: Sequence[Mapping[str, Any]]) -> None:
    """Write a delivery of these events for each webhook that subscribed to them; called by `core.events`."""
    subscribed = [subscription for subscription in subscriptions() if name in subscription.events]
    if not subscribed:
        return
    wanted = [
        payload
        for payload in payloads
        if any(subscription.wants(name, payload.get("source")) for subscription in subscribed)
    ]
    if not wanted:
        return
    events = WebhookEvent.objects.bulk_create(
        [
            WebhookEvent(type=name, source_id=payload.get("source"), data=data)
            for payload, data in zip(wanted, data_of(name, wanted), strict=True)
        ],
        batch_size=BATCH,
    )
    now = timezone.now()
    WebhookDelivery.objects.bulk_create(
        [
            WebhookDelivery(webhook_id=subscription.webhook_id, event=event, next_at=now)
            for event in events
            for subscription in subscribed
            if subscription.wants(name, event.source_id)
        ],
        batch_size=BATCH,
    )
    enqueue_on_commit(DELIVER_TASK)


def write_test(webhook: Webhook, data: Mapping[str, Any]) -> WebhookDelivery:
    """Write a test event for this webhook alone; it is sent before everything else that waits for the webhook."""
    event = WebhookEvent.objects.create(type=WebhookEventType.TEST, data=dict(data))
    first = timezone.now() - FIRST_OF_ALL
    delivery = WebhookDelivery.objects.create(webhook=webhook, event=event, next_at=first)
    enqueue_on_commit(DELIVER_TASK)
    return delivery


def _read() -> tuple[Subscription, ...]:
    """Read in one statement, so that no webhook is ever seen without the sources that it is limited to."""
    rows = Webhook.objects.filter(is_enabled=True, deleted_at__isnull=True).order_by("pk")
    limits = ArrayAgg("sources", filter=Q(sources__isnull=False), default=Value([]))
    return tuple(
        Subscription(pk, frozenset(events), frozenset(sources) if sources else None)
        for pk, events, sources in rows.annotate(limits=limits).values_list("pk", "events", "limits")
    )


def delivery_log_turn(*, seconds: float = TURN_SECONDS) -> int:
    """Delete the oldest events with their deliveries, batch by batch, for about `seconds`; return how many events."""
    before = timezone.now() - timedelta(days=settings.WEBHOOK_LOG_DAYS)
    end = time.monotonic() + seconds
    gone = 0
    while time.monotonic() < end:
        old = WebhookEvent.objects.filter(created_at__lt=before).order_by("created_at")
        ids = list(old.values_list("pk", flat=True)[:BATCH])
        if not ids:
            break
        with transaction.atomic():
            WebhookAttempt.objects.filter(delivery__event__in=ids).delete()
            WebhookDelivery.objects.filter(event__in=ids).delete()
            WebhookEvent.objects.filter(pk__in=ids).delete()
        gone += len(ids)
    return gone
