"""`/api/v1/webhooks/<id>/deliveries/`: what a webhook was sent and will be sent, and sending it again."""

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from classifier.api.authentication import caller
from classifier.api.base import Endpoint, found
from classifier.api.fields import ChoiceParameter, ClosedSerializer
from classifier.api.operation import operation
from classifier.api.pagination import PageQuery, listed, page_of
from classifier.api.problems import NOT_NOW
from classifier.api.reading import NothingInput, checked, checked_query, without_body
from classifier.models import ApiScope, Webhook, WebhookAttempt, WebhookDelivery, WebhookEventType
from classifier.webhooks.selectors import deliveries_of, webhooks_of
from classifier.webhooks.services import CHANGE, deliveries_replay, delivery_replay

SEE = "classifier.view_webhook"
SENT_CHOICES = [(kind.value, kind.value) for kind in WebhookEventType]
DELIVERY_CHOICES = [(status.value, status.value) for status in WebhookDelivery.Status]


class DeliveryListQuery(PageQuery):
    status = ChoiceParameter(required=False, choices=DELIVERY_CHOICES)


class WebhookReplayInput(ClosedSerializer):
    since = serializers.DateTimeField(help_text="Send again what was given up at this time or later.")


@extend_schema_serializer(component_name="WebhookAttempt")
class AttemptOutput(serializers.Serializer[WebhookAttempt]):
    status_code = serializers.IntegerField(allow_null=True, help_text="Null: there was no answer.")
    error = serializers.CharField()
    reply = serializers.CharField(help_text="The beginning of the answer's body.")
    milliseconds = serializers.IntegerField()
    created_at = serializers.DateTimeField()


@extend_schema_serializer(component_name="WebhookDelivery")
class DeliveryOutput(serializers.Serializer[WebhookDelivery]):
    """One event for one receiver."""

    id = serializers.IntegerField()
    event = serializers.UUIDField(source="event_id", help_text="The value of the header `webhook-id`.")
    type = serializers.ChoiceField(source="event.type", choices=SENT_CHOICES)
    data = serializers.DictField(source="event.data")  # type: ignore[assignment]
    status = serializers.ChoiceField(choices=DELIVERY_CHOICES)
    attempts = serializers.IntegerField(help_text="Attempts since it was created or last sent again.")
    next_at = serializers.DateTimeField(allow_null=True, help_text="The next attempt, while it waits.")
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    log = AttemptOutput(source="log.all", many=True, help_text="Its attempts, newest first.")


@extend_schema_serializer(component_name="WebhookReplayed", many=False)
class ReplayedOutput(serializers.Serializer[Any]):
    count = serializers.IntegerField(help_text="The number of deliveries that are sent again.")


class WebhookEndpoint(Endpoint):
    """An address of webhooks and their deliveries: keys need the scope `admin`."""

    scope = ApiScope.ADMIN

    def webhook(self, webhook_id: int) -> Webhook:
        """Return the webhook of the address, if the caller may see it. Raises Http404."""
        webhook: Webhook = found(webhooks_of(caller(self.request)).select_related("created_by"), webhook_id)
        return webhook


class WebhookDeliveriesEndpoint(WebhookEndpoint):
    @operation(
        "list_webhook_deliveries",
        needs=SEE,
        query=DeliveryListQuery,
        answers=page_of(DeliveryOutput),
    )
    def get(self, request: Request, webhook_id: int) -> Response:
        """List the deliveries of a webhook, newest first.

        The log keeps them for the days that the server's setting `WEBHOOK_LOG_DAYS` names.
        """
        webhook = self.webhook(webhook_id)
        query = checked_query(DeliveryListQuery, request)
        return listed(deliveries_of(webhook, status=query.get("status", "")), query, request, DeliveryOutput)


class WebhookReplayEndpoint(WebhookEndpoint):
    @operation(
        "replay_webhook_deliveries",
        needs=CHANGE,
        body=WebhookReplayInput,
        answers={202: ReplayedOutput},
        problems=[NOT_NOW],
    )
    def post(self, request: Request, webhook_id: int) -> Response:
        """Send deliveries that were given up again.

        They keep their ids. Tests are left out.
        """
        webhook = self.webhook(webhook_id)
        since = checked(WebhookReplayInput, request)["since"]
        return Response(
            {"count": deliveries_replay(webhook=webhook, since=since, by=caller(request))}, status=202
        )


class DeliveryReplayEndpoint(WebhookEndpoint):
    @operation(
        "replay_webhook_delivery",
        needs=CHANGE,
        body=NothingInput,
        answers={202: DeliveryOutput},
        problems=[NOT_NOW],
    )
    def post(self, request: Request, webhook_id: int, delivery_id: int) -> Response:
        """Send one delivery again.

        It keeps its id and gets a new series of attempts.
        """
        webhook = self.webhook(webhook_id)
        delivery = found(deliveries_of(webhook), delivery_id)
        without_body(request)
        delivery_replay(delivery=delivery, by=caller(request))
        return Response(DeliveryOutput(found(deliveries_of(webhook), delivery_id)).data, status=202)
