"""`/api/v1/webhooks/ID/deliveries/`: what was sent to a webhook, what waits, and sending it again."""

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from classifier.api.base import checked_query
from classifier.api.fields import ChoiceParameter, ClosedSerializer
from classifier.api.permissions import caller
from classifier.api.problems import NOT_NOW
from classifier.api.values import PageQuery
from classifier.api.verbs import NothingInput, checked, found, listed, without_body
from classifier.models import ApiScope
from classifier.webhooks.api.output import (
    DELIVERY_CHOICES,
    DELIVERY_EXAMPLE,
    DeliveryOutput,
    DeliveryPageOutput,
    ReplayedOutput,
)
from classifier.webhooks.api.webhooks import NEEDS, SEE, WebhookEndpoint
from classifier.webhooks.selectors import deliveries_of, webhooks_of
from classifier.webhooks.services import CHANGE, deliveries_replay, delivery_replay

SHOWN = OpenApiExample("Once more", DELIVERY_EXAMPLE, response_only=True, status_codes=["202"])


class DeliveryQuery(PageQuery):
    status = ChoiceParameter(required=False, choices=DELIVERY_CHOICES)


@extend_schema_serializer(component_name="WebhookReplayInput")
class ReplayInput(ClosedSerializer):
    since = serializers.DateTimeField(help_text="Everything that was given up from this moment on.")


class WebhookDeliveriesEndpoint(WebhookEndpoint):
    scopes = {"GET": ApiScope.ADMIN}
    needs = {"GET": SEE}

    @extend_schema(
        operation_id="list_webhook_deliveries",
        summary="The log of a webhook, newest first",
        description=f"Kept for WEBHOOK_LOG_DAYS days. {NEEDS}",
        parameters=[DeliveryQuery],
        responses={200: DeliveryPageOutput},
        examples=[OpenApiExample("A page", {"items": [DELIVERY_EXAMPLE], "next": None}, response_only=True)],
    )
    def get(self, request: Request, webhook_id: int) -> Response:
        webhook = found(webhooks_of(caller(request)), webhook_id)
        query = checked_query(DeliveryQuery, request)
        rows = deliveries_of(webhook, status=query.get("status", ""))
        return listed(rows, query, request, DeliveryOutput().to_representation)


class WebhookReplayEndpoint(WebhookEndpoint):
    scopes = {"POST": ApiScope.ADMIN}
    needs = {"POST": CHANGE}
    problems = {"POST": (NOT_NOW,)}

    @extend_schema(
        operation_id="replay_webhook_deliveries",
        summary="Send again what was given up",
        description=f"With the ids they had; tests are left out. {NEEDS}",
        request=ReplayInput,
        responses={202: ReplayedOutput},
        examples=[
            OpenApiExample("Of today", {"since": "2026-11-24T00:00:00Z"}, request_only=True),
            OpenApiExample("Twelve", {"count": 12}, response_only=True, status_codes=["202"]),
        ],
    )
    def post(self, request: Request, webhook_id: int) -> Response:
        webhook = found(webhooks_of(caller(request)), webhook_id)
        said = checked(ReplayInput, request)
        count = deliveries_replay(webhook=webhook, since=said["since"], by=caller(request))
        return Response({"count": count}, status=202)


class DeliveryReplayEndpoint(WebhookEndpoint):
    scopes = {"POST": ApiScope.ADMIN}
    needs = {"POST": CHANGE}
    problems = {"POST": (NOT_NOW,)}

    @extend_schema(
        operation_id="replay_webhook_delivery",
        summary="Send one delivery again",
        description=f"With the id it had, and a new series of attempts. {NEEDS}",
        request=NothingInput,
        responses={202: DeliveryOutput},
        examples=[OpenApiExample("Nothing", {}, request_only=True), SHOWN],
    )
    def post(self, request: Request, webhook_id: int, delivery_id: int) -> Response:
        webhook = found(webhooks_of(caller(request)), webhook_id)
        delivery = found(deliveries_of(webhook), delivery_id)
        without_body(request)
        delivery_replay(delivery=delivery, by=caller(request))
        return Response(DeliveryOutput(found(deliveries_of(webhook), delivery_id)).data, status=202)
