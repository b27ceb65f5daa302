"""Delivery of what is due: claims in one short statement, requests in threads, results written by one thread.

A claim on a delivery expires, so what a killed worker leaves behind is sent again, with the same id. The number of
simultaneous requests to one receiver is limited, to one while it fails, so that a slow receiver delays no other.
"""

import json
import logging
import time
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone

from classifier.core.outbound_http import Answer, post
from classifier.models import WebhookDelivery, WebhookEvent
from classifier.webhooks.outbox import DELIVER_TASK
from classifier.webhooks.retries import attempt_record
from classifier.webhooks.signing import secrets_of, signed_headers
from toxicsite.lib import request_id
from toxicsite.lib.broker import NoBroker
from toxicsite.lib.encryption import DecryptionFailed
from toxicsite.lib.jobs import enqueue_now

TURN_SECONDS = 5.0
LOOK_SECONDS = 0.2
SPARE_SECONDS = 45.0  # of a claim, beyond the request itself: we cannot set a deadline for resolving a name
UNREADABLE = "The secret cannot be read: the site's SECRET_KEY was changed. Roll the secret."
USER_AGENT = "toxicsite-webhooks/1"

# The receiver with the fewest requests under way goes first, then what has been due the longest; none while sending
# is on hold (classifier.core.outgoing).
CLAIM = """
WITH receiver AS MATERIALIZED (
    SELECT webhook.id, CASE WHEN webhook.failing_since IS NULL THEN %(at_once)s ELSE 1 END AS room, (
        SELECT count(*) FROM classifier_webhookdelivery held
        WHERE held.webhook_id = webhook.id AND held.claimed_until > %(now)s
    ) AS busy
    FROM classifier_webhook webhook WHERE webhook.is_enabled AND webhook.deleted_at IS NULL
        AND NOT EXISTS (SELECT FROM classifier_outgoinghold WHERE released_at IS NULL)
), due AS (
    SELECT one.id
    FROM receiver CROSS JOIN LATERAL (
        SELECT delivery.id, delivery.next_at FROM classifier_webhookdelivery delivery
        WHERE delivery.webhook_id = receiver.id AND delivery.status = 'waiting' AND delivery.next_at <= %(now)s
            AND (delivery.claimed_until IS NULL OR delivery.claimed_until <= %(now)s)
        ORDER BY delivery.next_at, delivery.id
        LIMIT LEAST(GREATEST(receiver.room - receiver.busy, 0), %(most)s)
        FOR UPDATE SKIP LOCKED
    ) one
    ORDER BY receiver.busy + row_number() OVER (PARTITION BY receiver.id ORDER BY one.next_at, one.id), one.next_at
    LIMIT %(most)s
)
UPDATE classifier_webhookdelivery delivery SET claimed_until = %(until)s, claimed_by = %(worker)s
FROM due WHERE delivery.id = due.id RETURNING delivery.id
"""

logger = logging.getLogger(__name__)


class Courier:
    """The sender of one worker process; requests may stay under way from one turn to the next."""

    def __init__(self, threads: int | None = None, name: str = "") -> None:
        self.name = name
        self.threads = threads or settings.WEBHOOK_THREADS
        self.pool = ThreadPoolExecutor(self.threads, thread_name_prefix="webhook")
        self.under_way: dict[Future[Answer], WebhookDelivery] = {}

    def turn(self, seconds: float = TURN_SECONDS) -> bool:
        """Send what is due, for about `seconds`; return whether anything is left, due or under way."""
        end = time.monotonic() + seconds
        while True:
            self._record()
            free = self.threads - len(self.under_way)
            for delivery in claim(free, worker=self.name) if free else ():
                self._send(delivery)
            if not self.under_way:
                return False
            if time.monotonic() > end:
                return True
            wait(self.under_way, LOOK_SECONDS, FIRST_COMPLETED)

    def stop(self) -> None:
        """Wait for the requests under way and write their results."""
        wait(self.under_way, settings.WEBHOOK_TOTAL_SECONDS + 1.0)
        self._record()
        self.pool.shutdown(wait=False, cancel_futures=True)

    def _send(self, delivery: WebhookDelivery) -> None:
        body = body_of(delivery.event)
        now = timezone.now()
        try:
            keys = secrets_of(delivery.webhook, now)
        except DecryptionFailed:
            attempt_record(delivery=delivery, answer=Answer(None, UNREADABLE), now=now)
            return
        headers = headers_of(delivery, keys, body, now)
        future = self.pool.submit(post, url=delivery.webhook.url, body=body, headers=headers)
        self.under_way[future] = delivery

    def _record(self) -> None:
        for future in [request for request in self.under_way if request.done()]:
            failed = future.exception()
            if failed is not None:  # our own error; it is sent again later
                logger.error("Delivery %d could not be sent", self.under_way[future].pk, exc_info=failed)
            answer = Answer(None, f"Not sent: {type(failed).__name__}.") if failed else future.result()
            delivery = self.under_way[future]
            attempt_record(delivery=delivery, answer=answer, now=timezone.now())
            outcome = answer.status if answer.status is not None else "no answer"
            logger.info("Delivery %d to webhook %d: %s", delivery.pk, delivery.webhook_id, outcome)
            del self.under_way[future]


def claim(most: int, *, worker: str = "") -> list[WebhookDelivery]:
    """Claim up to `most` due deliveries for the worker of this name; return them with their webhooks and events.

    The longest due comes first.
    """
    now = timezone.now()
    until = now + timedelta(seconds=settings.WEBHOOK_TOTAL_SECONDS + SPARE_SECONDS)
    values: dict[str, Any] = {
        "now": now,
        "until": until,
        "most": most,
        "at_once": settings.WEBHOOK_AT_ONCE,
        "worker": worker[:200],
    }
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, values)
        ids = [row[0] for row in cursor.fetchall()]
    if not ids:
        return []
    rows = WebhookDelivery.objects.select_related("webhook", "event").filter(pk__in=ids)
    return list(rows.order_by("next_at", "pk"))


def claims_release(*, worker: str) -> int:
    """Release the deliveries of the worker of this name, which has just started, so was killed if it had any.

    Return how many; they are sent again with the same id.
    """
    left = WebhookDelivery.objects.filter(
        status=WebhookDelivery.Status.WAITING, claimed_until__isnull=False, claimed_by=worker[:200]
    )
    return left.update(claimed_until=None, claimed_by="")


def body_of(event: WebhookEvent) -> bytes:
    """Build the body that is sent and signed; it is the same for each attempt."""
    message: dict[str, Any] = {
        "type": event.type,
        "timestamp": event.created_at.isoformat().replace("+00:00", "Z"),
        "data": event.data,
    }
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()


def headers_of(delivery: WebhookDelivery, keys: Sequence[str], body: bytes, now: datetime) -> dict[str, str]:
    """Return the headers beside the body; httpcore2 adds Host and Content-Length."""
    return {
        "Content-Type": "application/json",
        "User-Agent": USER_AGENT,
        request_id.HEADER: request_id.accepted(request_id.current()),
        **signed_headers(keys, message=str(delivery.event_id), now=now, body=body),
    }


@cache
def this_courier() -> Courier:
    """Return the courier of this process; the first call creates it."""
    return Courier()


def deliver_turn() -> None:
    """Send what is due for one turn, and ask for another turn if anything is left."""
    if this_courier().turn():
        try:
            enqueue_now(DELIVER_TASK)
        except NoBroker:
            logger.warning("Redis does not answer; the schedule goes on with the deliveries")
