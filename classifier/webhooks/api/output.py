"""How webhooks and their deliveries look in the answers of version 1."""

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from classifier.models import Webhook, WebhookAttempt, WebhookDelivery, WebhookEventType
from classifier.webhooks.services import CHOOSABLE

EVENT_CHOICES = [(kind.value, kind.value) for kind in CHOOSABLE]
SENT_CHOICES = [(kind.value, kind.value) for kind in WebhookEventType]
DELIVERY_CHOICES = [(status.value, status.value) for status in WebhookDelivery.Status]
WEBHOOK_EXAMPLE: dict[str, Any] = {
    "id": 3,
    "name": "Forum",
    "url": "https://forum.example.org/hooks/moderation",
    "events": ["comment.classified", "comment.decided"],
    "sources": ["forum"],
    "enabled": True,
    "disabled_reason": "",
    "failing_since": None,
    "old_secret_until": None,
    "created_by": "ada",
    "created_at": "2026-11-24T09:30:00.391000Z",
}
SECRET_EXAMPLE = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"  # noqa: S105 - the form of one, of nobody
DATA_EXAMPLE = {
    "comment_id": 4711,
    "external_id": "post-81",
    "source": "forum",
    "url": "https://moderation.example.org/comments/4711/",
    "model_version": "starter-1a2b3c4d",
    "verdict": "toxic",
    "score": 0.981,
    "band": "review",
}
DELIVERY_EXAMPLE: dict[str, Any] = {
    "id": 90,
    "event": "0f8f1c52-6a3b-4d7e-9a51-7a2f6f0d5c11",
    "type": "comment.classified",
    "data": DATA_EXAMPLE,
    "status": "waiting",
    "attempts": 1,
    "next_at": "2026-11-24T09:34:10.020000Z",
    "created_at": "2026-11-24T09:30:00.412000Z",
    "finished_at": None,
    "log": [
        {
            "status_code": 503,
            "error": "It answered 503.",
            "reply": "maintenance",
            "milliseconds": 41,
            "created_at": "2026-11-24T09:30:01.020000Z",
        }
    ],
}

TOLD_BEFORE = (
    "The secret was told once, in the answer to the first call with this Idempotency-Key. Where that was lost, roll "
    "it: POST /api/v1/webhooks/<id>/secret/ under another key tells a new one."
)


@extend_schema_serializer(component_name="Webhook")
class WebhookOutput(serializers.Serializer[Webhook]):
    """A receiver of events."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    url = serializers.CharField()
    events = serializers.ListField(child=serializers.ChoiceField(choices=EVENT_CHOICES))
    sources = serializers.SerializerMethodField(help_text="Only of these; empty: of all.")
    enabled = serializers.BooleanField(source="is_enabled")
    disabled_reason = serializers.CharField(help_text="Why the server turned it off, or what a person wrote.")
    failing_since = serializers.DateTimeField(
        allow_null=True, help_text="Since when nothing could be delivered."
    )
    old_secret_until = serializers.DateTimeField(
        allow_null=True, help_text="Until then the secret before the last roll signs too."
    )
    created_by = serializers.CharField(source="created_by.username", default=None, allow_null=True)
    created_at = serializers.DateTimeField()

    def get_sources(self, webhook: Webhook) -> list[str]:
        return sorted(source.slug for source in webhook.sources.all())


class ToldOnce(serializers.Serializer[Any]):
    """A secret in the answer that was first, and why it is missing in one that repeats it."""

    secret = serializers.CharField(
        allow_null=True,
        help_text="`whsec_…`: keep it, it is told once. Null in the answer to a repeated call.",
    )
    secret_notice = serializers.CharField(help_text="Why there is none; empty where there is.")


def told_once(secret: str | None) -> dict[str, str | None]:
    """The two fields; None where the call only repeats one that was answered before."""
    return {"secret": secret, "secret_notice": "" if secret else TOLD_BEFORE}


@extend_schema_serializer(component_name="NewWebhook")
class NewWebhookOutput(ToldOnce, WebhookOutput):
    """With the secret, which is told only here."""


@extend_schema_serializer(component_name="WebhookSecret")
class SecretOutput(ToldOnce):
    old_secret_until = serializers.DateTimeField(allow_null=True)


@extend_schema_serializer(component_name="WebhookPage", many=False)
class PageOutput(serializers.Serializer[Any]):
    items = WebhookOutput(many=True, help_text="Newest first.")
    next = serializers.URLField(allow_null=True, help_text="The page after this one; null on the last.")


@extend_schema_serializer(component_name="WebhookAttempt")
class AttemptOutput(serializers.Serializer[WebhookAttempt]):
    status_code = serializers.IntegerField(allow_null=True, help_text="null: there was no answer.")
    error = serializers.CharField()
    reply = serializers.CharField(help_text="The beginning of the answer's body.")
    milliseconds = serializers.IntegerField()
    created_at = serializers.DateTimeField()


@extend_schema_serializer(component_name="WebhookDelivery")
class DeliveryOutput(serializers.Serializer[WebhookDelivery]):
    """One event for one receiver."""

    id = serializers.IntegerField()
    event = serializers.UUIDField(source="event_id", help_text="What the header `webhook-id` holds.")
    type = serializers.ChoiceField(source="event.type", choices=SENT_CHOICES)
    data = serializers.DictField(source="event.data")  # type: ignore[assignment]
    status = serializers.ChoiceField(choices=DELIVERY_CHOICES)
    attempts = serializers.IntegerField(help_text="Since it was made or last replayed.")
    next_at = serializers.DateTimeField(allow_null=True, help_text="When it is sent, while it waits.")
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    log = AttemptOutput(source="log.all", many=True, help_text="Its attempts, newest first.")


@extend_schema_serializer(component_name="WebhookDeliveryPage", many=False)
class DeliveryPageOutput(serializers.Serializer[Any]):
    items = DeliveryOutput(many=True, help_text="Newest first.")
    next = serializers.URLField(allow_null=True, help_text="The page after this one; null on the last.")


@extend_schema_serializer(component_name="WebhookReplayed", many=False)
class ReplayedOutput(serializers.Serializer[Any]):
    count = serializers.IntegerField(help_text="How many are sent again.")
