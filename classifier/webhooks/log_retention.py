"""Forgets what the log of webhooks no longer keeps: events older than WEBHOOK_LOG_DAYS, with all that hangs on them."""

import time
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from classifier.models import WebhookAttempt, WebhookDelivery, WebhookEvent
from classifier.webhooks.outbox import BATCH

TURN_SECONDS = 5.0


def delivery_log_turn(*, seconds: float = TURN_SECONDS) -> int:
    """Delete the oldest, batch by batch, for about so long; returns how many events went."""
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
