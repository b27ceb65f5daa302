"""The webhooks that a user may see, and the log of their deliveries."""

from datetime import datetime

from django.db.models import Count, Exists, OuterRef, Prefetch, QuerySet, Subquery
from django.db.models.functions import Coalesce

from classifier.core.visibility import sources_of
from classifier.models import User, Webhook, WebhookAttempt, WebhookDelivery, WebhookEventType


def webhooks_of(user: User | None) -> QuerySet[Webhook]:
    """List webhooks by name; a user who does not see every source sees only those limited to their own sources."""
    rows = Webhook.objects.filter(deleted_at__isnull=True).prefetch_related("sources")
    seen = sources_of(user)
    if seen is None:
        return rows
    through = Webhook.sources.through.objects.filter(webhook=OuterRef("pk"))
    return rows.filter(Exists(through), ~Exists(through.exclude(source__in=seen)))


def webhooks_with_counts(user: User | None) -> QuerySet[Webhook]:
    """List webhooks as webhooks_of does, each with its numbers of `waiting` deliveries and `dead` (given up) ones."""

    def count(status: str) -> Coalesce:
        rows = WebhookDelivery.objects.filter(webhook=OuterRef("pk"), status=status).order_by()
        return Coalesce(Subquery(rows.values("webhook").annotate(count=Count("pk")).values("count")), 0)

    waiting, dead = WebhookDelivery.Status.WAITING, WebhookDelivery.Status.DEAD
    return webhooks_of(user).annotate(waiting=count(waiting), dead=count(dead))


def deliveries_of(webhook: Webhook, *, status: str = "") -> QuerySet[WebhookDelivery]:
    """List the deliveries to a webhook, newest first, each with its event and its attempts, newest first."""
    rows = webhook.deliveries.select_related("event__source").order_by("-pk")
    rows = rows.prefetch_related(Prefetch("log", WebhookAttempt.objects.order_by("-pk")))
    return rows.filter(status=status) if status else rows


def failed_since(webhook: Webhook, since: datetime) -> QuerySet[WebhookDelivery]:
    """List the deliveries given up at or after `since`, without tests, which are not sent again."""
    rows = webhook.deliveries.filter(status=WebhookDelivery.Status.DEAD, finished_at__gte=since)
    return rows.exclude(event__type=WebhookEventType.TEST)
