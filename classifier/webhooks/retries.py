"""The outcome of an attempt: delivered, another attempt later, or given up; and the state of the receiver.

The pauses are drawn from nothing to a cap that grows (full jitter), on average 5 s, 5 min, 30 min, 2, 5, 10, 14, 20
and 24 hours, about three days in all. A claim is identified by its `claimed_until`: a worker that writes must still
hold the claim that it took, so that a worker that was thought dead changes nothing any more.
"""

import random
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from classifier.core.audit import audit_record
from classifier.core.events import WEBHOOK_GIVEN_UP, emit
from classifier.core.outbound_http import Answer
from classifier.models import Webhook, WebhookAttempt, WebhookDelivery, WebhookEventType
from classifier.webhooks import outbox
from classifier.webhooks.services import give_up_waiting

HOUR = 3_600
CAPS = (10, 600, HOUR, 4 * HOUR, 10 * HOUR, 20 * HOUR, 28 * HOUR, 40 * HOUR, 48 * HOUR)
RETRY_AFTER_MOST = timedelta(hours=24)
ASKS_TO_WAIT = (429, 503)
GONE = 410

Status = WebhookDelivery.Status


def pause(attempt: int, rng: random.Random | None = None) -> timedelta | None:
    """Draw how long to wait after this attempt (counted from 1) has failed; None: it was the last one."""
    if attempt > len(CAPS):
        return None
    draw = rng.uniform if rng is not None else random.uniform
    return timedelta(seconds=draw(0, CAPS[attempt - 1]))


def retry_after(value: str, now: datetime) -> timedelta:
    """Parse the pause that a Retry-After header asks for, at most a day; zero if it cannot be read."""
    text = value.strip()
    if text.isascii() and text.isdigit():
        wished = timedelta(seconds=min(int(text[:9]), 10**8))
    else:
        try:
            moment = parsedate_to_datetime(text)
        except ValueError:
            return timedelta()
        wished = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now
    return min(max(wished, timedelta()), RETRY_AFTER_MOST)


def attempt_record(*, delivery: WebhookDelivery, answer: Answer, now: datetime) -> None:
    """Write an attempt and its consequences in one transaction."""
    with transaction.atomic():
        webhook = delivery.webhook
        if not answer.taken or webhook.failing_since is not None:
            webhook = Webhook.objects.select_for_update(no_key=True).get(pk=delivery.webhook_id)
        WebhookAttempt.objects.create(
            delivery=delivery,
            status_code=answer.status,
            error=answer.error,
            reply=answer.reply,
            milliseconds=answer.milliseconds,
        )
        if answer.taken:
            _delivered(delivery, webhook, now)
        else:
            _failed(delivery, webhook, answer, now)


def _delivered(delivery: WebhookDelivery, webhook: Webhook, now: datetime) -> None:
    is_ours = _write(delivery, status=Status.DELIVERED, next_at=None, finished_at=now)
    if is_ours and webhook.failing_since is not None:
        Webhook.objects.filter(pk=webhook.pk).update(failing_since=None)
        emit(WEBHOOK_GIVEN_UP, {"webhook": webhook.pk, "name": webhook.name, "state": "over"})


def _failed(delivery: WebhookDelivery, webhook: Webhook, answer: Answer, now: datetime) -> None:
    is_test = delivery.event.type == WebhookEventType.TEST
    later = None if is_test or answer.status == GONE else pause(delivery.attempts + 1)
    if later is None:
        is_ours = _write(delivery, status=Status.DEAD, next_at=None, finished_at=now)
    else:
        asked = (
            retry_after(answer.retry_after, now)
            if answer.status in ASKS_TO_WAIT and answer.retry_after
            else None
        )
        is_ours = _write(delivery, next_at=now + max(later, asked or later))
        if asked and is_ours:
            _hold_back(webhook, now + asked)
    if not is_ours:
        return
    if answer.status == GONE:
        _disable(webhook, "The receiver answered 410 Gone.", now)
    elif not is_test:
        if later is None:
            emit(WEBHOOK_GIVEN_UP, {"webhook": webhook.pk, "name": webhook.name, "state": "given_up"})
        _note_failure(webhook, now, given_up=later is None)


def _write(delivery: WebhookDelivery, **fields: Any) -> bool:
    """Write the outcome if the claim is still ours, and return whether it was."""
    ours = WebhookDelivery.objects.filter(
        pk=delivery.pk, status=Status.WAITING, claimed_until=delivery.claimed_until
    )
    return ours.update(attempts=delivery.attempts + 1, claimed_until=None, claimed_by="", **fields) == 1


def _hold_back(webhook: Webhook, until: datetime) -> None:
    """Postpone everything else for this receiver as well, since it asks for time."""
    webhook.deliveries.filter(status=Status.WAITING, claimed_until__isnull=True, next_at__lt=until).update(
        next_at=until
    )


def _note_failure(webhook: Webhook, now: datetime, *, given_up: bool) -> None:
    since = webhook.failing_since
    if since is None:
        Webhook.objects.filter(pk=webhook.pk).update(failing_since=now)
    elif given_up and now - since >= timedelta(days=settings.WEBHOOK_GIVE_UP_DAYS):
        days = (now - since).days
        _disable(webhook, f"Nothing could be delivered for {days} days.", now)


def _disable(webhook: Webhook, reason: str, now: datetime) -> None:
    if not webhook.is_enabled:
        return
    Webhook.objects.filter(pk=webhook.pk).update(is_enabled=False, disabled_reason=reason)
    count = give_up_waiting(webhook, now)
    emit(WEBHOOK_GIVEN_UP, {"webhook": webhook.pk, "name": webhook.name, "state": "off", "reason": reason})
    audit_record(
        verb="webhook.disable",
        subject=webhook.name,
        count=count,
        data={"webhook": webhook.pk, "reason": reason},
    )
    transaction.on_commit(outbox.forget)
    outbox.forget()
