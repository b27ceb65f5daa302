"""`/api/v1/webhooks/<id>/secret/` and `…/test/`: rolling the secret, and sending a test."""

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework.request import Request
from rest_framework.response import Response

from classifier.api.fields import ClosedSerializer
from classifier.api.idempotency import IDEMPOTENCY_KEY, once
from classifier.api.permissions import caller
from classifier.api.problems import KEY_REUSED, NOT_NOW
from classifier.api.values import Whole
from classifier.api.verbs import NothingInput, checked, found, without_body
from classifier.models import ApiScope, WebhookDelivery
from classifier.webhooks.api.output import (
    DELIVERY_EXAMPLE,
    SECRET_EXAMPLE,
    DeliveryOutput,
    SecretOutput,
    WebhookOutput,
    told_once,
)
from classifier.webhooks.api.webhooks import NEEDS, WebhookEndpoint, webhook_found
from classifier.webhooks.selectors import deliveries_of
from classifier.webhooks.services import CHANGE, OVERLAP_HOURS_MOST, webhook_secret_roll, webhook_test


@extend_schema_serializer(component_name="WebhookSecretInput")
class SecretInput(ClosedSerializer):
    overlap_hours = Whole(
        required=False,
        default=24,
        min_value=0,
        max_value=OVERLAP_HOURS_MOST,
        help_text="For how long the secret before signs too.",
    )


class WebhookSecretEndpoint(WebhookEndpoint):
    scopes = {"POST": ApiScope.ADMIN}
    needs = {"POST": CHANGE}
    problems = {"POST": (NOT_NOW, KEY_REUSED)}

    @extend_schema(
        operation_id="roll_webhook_secret",
        summary="Roll the secret",
        description=(
            "Both secrets sign until the old one ends, so that receivers can follow. A call that is repeated under the "
            "same `Idempotency-Key` rolls nothing twice, so the secret that receivers know goes on signing; its answer "
            f"has `secret` null. {NEEDS}"
        ),
        parameters=[IDEMPOTENCY_KEY],
        request=SecretInput,
        responses={200: SecretOutput},
        examples=[
            OpenApiExample("An hour of both", {"overlap_hours": 1}, request_only=True),
            OpenApiExample(
                "The new one",
                {**told_once(SECRET_EXAMPLE), "old_secret_until": "2026-11-24T10:30:00.391000Z"},
                response_only=True,
            ),
        ],
    )
    def post(self, request: Request, webhook_id: int) -> Response:
        webhook = webhook_found(request, webhook_id)
        said = checked(SecretInput, request) if request.data else {"overlap_hours": 24}
        secrets: list[str] = []

        def roll() -> int:
            secrets.append(webhook_secret_roll(webhook=webhook, **said, by=caller(request)))
            return webhook.pk

        def show(pk: int) -> Response:
            until = WebhookOutput(webhook_found(request, pk)).data["old_secret_until"]
            return Response({**told_once(secrets[0] if secrets else None), "old_secret_until": until})

        return once(request, roll, show)


class WebhookTestEndpoint(WebhookEndpoint):
    scopes = {"POST": ApiScope.ADMIN}
    needs = {"POST": CHANGE}
    problems = {"POST": (NOT_NOW, KEY_REUSED)}

    @extend_schema(
        operation_id="test_webhook",
        summary="Send a test",
        description=f"An event of the type `test`, tried once; its delivery says what came of it. {NEEDS}",
        parameters=[IDEMPOTENCY_KEY],
        request=NothingInput,
        responses={202: DeliveryOutput},
        examples=[
            OpenApiExample("Nothing", {}, request_only=True),
            OpenApiExample(
                "On its way",
                {
                    **DELIVERY_EXAMPLE,
                    "type": "test",
                    "data": {"message": "A test."},
                    "attempts": 0,
                    "log": [],
                },
                response_only=True,
                status_codes=["202"],
            ),
        ],
    )
    def post(self, request: Request, webhook_id: int) -> Response:
        webhook = webhook_found(request, webhook_id)
        without_body(request)

        def show(pk: int) -> Response:
            delivery: WebhookDelivery = found(deliveries_of(webhook), pk)
            return Response(DeliveryOutput(delivery).data, status=202)

        return once(request, lambda: webhook_test(webhook=webhook, by=caller(request)).pk, show)
