"""`/api/v1/webhooks/`: add, list, read, change and delete webhooks; roll the secret of one, and send it a test."""

from collections.abc import Sequence
from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from classifier.api.authentication import caller
from classifier.api.base import found
from classifier.api.field_errors import field_error
from classifier.api.fields import Choice, ClosedSerializer, Text, TrueOrFalse, Whole
from classifier.api.idempotency import IDEMPOTENCY_KEY, once
from classifier.api.operation import operation
from classifier.api.pagination import PageQuery, listed, page_of
from classifier.api.problems import NOT_NOW, invalid
from classifier.api.reading import NothingInput, checked, checked_query, without_body
from classifier.core.visibility import visible_sources
from classifier.models import Source, Webhook, WebhookDelivery
from classifier.webhooks.api.deliveries import SEE, DeliveryOutput, WebhookEndpoint
from classifier.webhooks.selectors import deliveries_of, webhooks_of
from classifier.webhooks.services import (
    ADD,
    CHANGE,
    CHOOSABLE,
    NAME_CHARACTERS,
    OVERLAP_HOURS_MOST,
    webhook_create,
    webhook_delete,
    webhook_disable,
    webhook_enable,
    webhook_secret_roll,
    webhook_test,
    webhook_update,
)

EVENT_CHOICES = [(kind.value, kind.value) for kind in CHOOSABLE]
SHOWN_BEFORE = (
    "The secret was shown only once, in the answer to the first call with this Idempotency-Key. If that answer was "
    "lost, roll the secret: POST /api/v1/webhooks/<id>/secret/ with another key returns a new one."
)


class EventNames(serializers.ListField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(child=Choice(choices=EVENT_CHOICES), min_length=1, max_length=20, **kwargs)


class SourceSlugs(serializers.ListField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(child=Text(max_length=64), max_length=200, **kwargs)


class WebhookInput(ClosedSerializer):
    """A new receiver."""

    name = Text(max_length=NAME_CHARACTERS)
    url = Text(max_length=500, help_text="An https:// or http:// URL of a public address.")
    events = EventNames()
    sources = SourceSlugs(required=False, help_text="Only events of these sources; empty: of all.")


class WebhookChangeInput(ClosedSerializer):
    """The fields to change; the others stay as they are."""

    name = Text(required=False, max_length=NAME_CHARACTERS)
    url = Text(required=False, max_length=500)
    events = EventNames(required=False)
    sources = SourceSlugs(required=False)
    enabled = TrueOrFalse(
        required=False, help_text="false: the server sends nothing and keeps nothing for it."
    )


class WebhookSecretInput(ClosedSerializer):
    overlap_hours = Whole(
        required=False,
        default=24,
        min_value=0,
        max_value=OVERLAP_HOURS_MOST,
        help_text="Hours for which the old secret signs too.",
    )


@extend_schema_serializer(component_name="Webhook")
class WebhookOutput(serializers.Serializer[Webhook]):
    """A receiver of events."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    url = serializers.CharField()
    events = serializers.ListField(child=serializers.ChoiceField(choices=EVENT_CHOICES))
    sources = serializers.SerializerMethodField(help_text="Only events of these sources; empty: of all.")
    enabled = serializers.BooleanField(source="is_enabled")
    disabled_reason = serializers.CharField(help_text="Why the server or a user turned it off.")
    failing_since = serializers.DateTimeField(
        allow_null=True, help_text="The time since which no delivery has succeeded; null while they succeed."
    )
    old_secret_until = serializers.DateTimeField(
        allow_null=True, help_text="Until this time the secret before the last roll signs too."
    )
    created_by = serializers.CharField(source="created_by.username", default=None, allow_null=True)
    created_at = serializers.DateTimeField()

    def get_sources(self, webhook: Webhook) -> list[str]:
        return sorted(source.slug for source in webhook.sources.all())


class SecretFields(serializers.Serializer[Any]):
    """A secret in the first answer, or why it is missing in the answer to a repeat."""

    secret = serializers.CharField(
        allow_null=True,
        help_text="`whsec_…`. Keep it: it is shown only once, and null in the answer to a repeated call.",
    )
    secret_notice = serializers.CharField(help_text="Why `secret` is null; empty otherwise.")


@extend_schema_serializer(component_name="NewWebhook")
class NewWebhookOutput(SecretFields, WebhookOutput):
    """A webhook with its secret, which is shown only here."""


@extend_schema_serializer(component_name="WebhookSecret")
class WebhookSecretOutput(SecretFields):
    old_secret_until = serializers.DateTimeField(allow_null=True)


class WebhooksEndpoint(WebhookEndpoint):
    @operation("list_webhooks", needs=SEE, query=PageQuery, answers=page_of(WebhookOutput))
    def get(self, request: Request) -> Response:
        """List webhooks, newest first.

        Deleted webhooks are left out.
        """
        rows = webhooks_of(caller(request)).select_related("created_by")
        return listed(rows, checked_query(PageQuery, request), request, WebhookOutput)

    @operation(
        "create_webhook",
        needs=ADD,
        headers=[IDEMPOTENCY_KEY],
        body=WebhookInput,
        answers={201: NewWebhookOutput, 200: NewWebhookOutput},
    )
    def post(self, request: Request) -> Response:
        """Create a webhook.

        The answer has the secret, only once. A repeated call with the same `Idempotency-Key` creates no second
        webhook: it answers 200 with `secret` null, and `secret_notice` says how to get a new one. The webhook
        receives events from a few seconds later on.
        """
        fields = checked(WebhookInput, request)
        fields["sources"] = _sources(request, fields.get("sources", []))
        secrets: list[str] = []

        def make() -> int:
            webhook, secret = webhook_create(**fields, by=caller(request))
            secrets.append(secret)
            return webhook.pk

        def show(pk: int) -> Response:
            return Response(
                {**_output(self.webhook(pk)), **_secret_fields(secrets)},
                status=201 if secrets else 200,
                headers={"Location": request.build_absolute_uri(f"/api/v1/webhooks/{pk}/")},
            )

        return once(request, make, show)


class OneWebhookEndpoint(WebhookEndpoint):
    @operation("read_webhook", needs=SEE, answers=WebhookOutput)
    def get(self, request: Request, webhook_id: int) -> Response:
        """Read one webhook.

        The answer never has the secret.
        """
        return Response(_output(self.webhook(webhook_id)))

    @operation(
        "change_webhook",
        needs=CHANGE,
        body=WebhookChangeInput,
        answers=WebhookOutput,
        problems=[NOT_NOW],
    )
    def patch(self, request: Request, webhook_id: int) -> Response:
        """Change a webhook, or turn it on or off.

        Deliveries that wait while it is off are sent when it is turned on again.
        """
        webhook = self.webhook(webhook_id)
        changes = checked(WebhookChangeInput, request)
        enabled = changes.pop("enabled", None)
        if "sources" in changes:
            changes["sources"] = _sources(request, changes["sources"])
        if changes:
            webhook_update(webhook=webhook, **changes, by=caller(request))
        if enabled is not None:
            (webhook_enable if enabled else webhook_disable)(webhook=webhook, by=caller(request))
        return Response(_output(self.webhook(webhook_id)))

    @operation("delete_webhook", needs=CHANGE, answers={204: None}, problems=[NOT_NOW])
    def delete(self, request: Request, webhook_id: int) -> Response:
        """Delete a webhook.

        Deliveries that wait are given up.
        """
        webhook_delete(webhook=self.webhook(webhook_id), by=caller(request))
        return Response(status=204)


class WebhookSecretEndpoint(WebhookEndpoint):
    @operation(
        "roll_webhook_secret",
        needs=CHANGE,
        headers=[IDEMPOTENCY_KEY],
        body=WebhookSecretInput,
        answers=WebhookSecretOutput,
        problems=[NOT_NOW],
    )
    def post(self, request: Request, webhook_id: int) -> Response:
        """Roll the secret of a webhook.

        Both secrets sign until the old one expires, so that receivers can change over. A repeated call with the same
        `Idempotency-Key` does not roll again: it answers with `secret` null.
        """
        webhook = self.webhook(webhook_id)
        hours = checked(WebhookSecretInput, request) if request.data else {"overlap_hours": 24}
        secrets: list[str] = []

        def roll() -> int:
            secrets.append(webhook_secret_roll(webhook=webhook, **hours, by=caller(request)))
            return webhook.pk

        def show(pk: int) -> Response:
            until = _output(self.webhook(pk))["old_secret_until"]
            return Response({**_secret_fields(secrets), "old_secret_until": until})

        return once(request, roll, show)


class WebhookTestEndpoint(WebhookEndpoint):
    @operation(
        "test_webhook",
        needs=CHANGE,
        headers=[IDEMPOTENCY_KEY],
        body=NothingInput,
        answers={202: DeliveryOutput},
        problems=[NOT_NOW],
    )
    def post(self, request: Request, webhook_id: int) -> Response:
        """Send a test to a webhook.

        An event of the type `test` is tried once; its delivery shows the result.
        """
        webhook = self.webhook(webhook_id)
        without_body(request)

        def show(pk: int) -> Response:
            delivery: WebhookDelivery = found(deliveries_of(webhook), pk)
            return Response(DeliveryOutput(delivery).data, status=202)

        return once(request, lambda: webhook_test(webhook=webhook, by=caller(request)).pk, show)


def _output(webhook: Webhook) -> dict[str, Any]:
    return dict(WebhookOutput(webhook).data)


def _secret_fields(secrets: Sequence[str]) -> dict[str, str | None]:
    """Return the fields of the secret that the call made; of none, if it repeats a call that was answered before."""
    return {"secret": secrets[0] if secrets else None, "secret_notice": "" if secrets else SHOWN_BEFORE}


def _sources(request: Request, slugs: Sequence[str]) -> list[Source]:
    """Return the sources of these slugs. Raises the 400 problem for one that the caller may not see."""
    rows = visible_sources(caller(request)).filter(slug__in=slugs)
    by_slug = {source.slug: source for source in rows}
    errors = [
        field_error(("sources", position), f"names no existing source: {slug}", "does_not_exist")
        for position, slug in enumerate(slugs)
        if slug not in by_slug
    ]
    if errors:
        raise invalid(errors)
    return list(by_slug.values())
