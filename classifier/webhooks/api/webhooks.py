"""`/api/v1/webhooks/`: whom the site tells what happened."""

from collections.abc import Sequence
from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from classifier.api.base import checked_query
from classifier.api.field_errors import field_error
from classifier.api.fields import ClosedSerializer, TrueOrFalse
from classifier.api.idempotency import IDEMPOTENCY_KEY, once
from classifier.api.moderation import ModerationEndpoint
from classifier.api.permissions import caller
from classifier.api.problems import KEY_REUSED, NOT_NOW, invalid
from classifier.api.values import Choice, PageQuery, Text
from classifier.api.verbs import checked, found, listed
from classifier.core.visibility import sources_of
from classifier.models import ApiScope, Source, Webhook
from classifier.webhooks.api.output import (
    EVENT_CHOICES,
    SECRET_EXAMPLE,
    WEBHOOK_EXAMPLE,
    NewWebhookOutput,
    PageOutput,
    WebhookOutput,
    told_once,
)
from classifier.webhooks.selectors import webhooks_of
from classifier.webhooks.services import (
    ADD,
    CHANGE,
    NAME_CHARACTERS,
    webhook_create,
    webhook_delete,
    webhook_disable,
    webhook_enable,
    webhook_update,
)

SEE = "classifier.view_webhook"
SHOWN = OpenApiExample("A webhook", WEBHOOK_EXAMPLE, response_only=True)
NEEDS = "Needs the scope `admin`, or a session."
ADMINISTERS = {"GET": ApiScope.ADMIN, "POST": ApiScope.ADMIN}


class EventNames(serializers.ListField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(child=Choice(choices=EVENT_CHOICES), min_length=1, max_length=20, **kwargs)


class SourceSlugs(serializers.ListField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(child=Text(max_length=64), max_length=200, **kwargs)


@extend_schema_serializer(component_name="WebhookInput")
class CreateInput(ClosedSerializer):
    """A new receiver."""

    name = Text(max_length=NAME_CHARACTERS)
    url = Text(max_length=500, help_text="https:// or http://, of a public address.")
    events = EventNames()
    sources = SourceSlugs(required=False, help_text="Only of these; empty: of all.")


@extend_schema_serializer(component_name="WebhookChangeInput")
class ChangeInput(ClosedSerializer):
    """What is to be otherwise; the rest stays."""

    name = Text(required=False, max_length=NAME_CHARACTERS)
    url = Text(required=False, max_length=500)
    events = EventNames(required=False)
    sources = SourceSlugs(required=False)
    enabled = TrueOrFalse(required=False, help_text="false: nothing is sent or kept for it any more.")


class WebhookEndpoint(ModerationEndpoint):
    """Answers are for the caller alone: some of them hold a secret."""

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Response:
        answer = super().finalize_response(request, response, *args, **kwargs)
        answer.headers["Cache-Control"] = "no-store"
        return answer


class WebhooksEndpoint(WebhookEndpoint):
    scopes = ADMINISTERS
    needs = {"GET": SEE, "POST": ADD}
    problems = {"POST": (KEY_REUSED,)}

    @extend_schema(
        operation_id="list_webhooks",
        summary="List webhooks, newest first",
        description=f"Without those that were deleted. {NEEDS}",
        parameters=[PageQuery],
        responses={200: PageOutput},
        examples=[OpenApiExample("A page", {"items": [WEBHOOK_EXAMPLE], "next": None}, response_only=True)],
    )
    def get(self, request: Request) -> Response:
        rows = webhooks_of(caller(request)).select_related("created_by").order_by("-pk")
        return listed(rows, checked_query(PageQuery, request), request, WebhookOutput().to_representation)

    @extend_schema(
        operation_id="create_webhook",
        summary="Make a webhook",
        description=(
            "The answer holds its secret, once: a call that is repeated under the same `Idempotency-Key` makes no "
            "second webhook and answers 200 with `secret` null and the way to a new one in `secret_notice`. It hears "
            f"of what happens from a few seconds later on. {NEEDS}"
        ),
        parameters=[IDEMPOTENCY_KEY],
        request=CreateInput,
        responses={201: NewWebhookOutput, 200: NewWebhookOutput},
        examples=[
            OpenApiExample(
                "For a forum",
                {name: WEBHOOK_EXAMPLE[name] for name in ("name", "url", "events", "sources")},
                request_only=True,
            ),
            OpenApiExample(
                "Made",
                {**WEBHOOK_EXAMPLE, **told_once(SECRET_EXAMPLE)},
                response_only=True,
                status_codes=["201"],
            ),
            OpenApiExample(
                "Made before",
                {**WEBHOOK_EXAMPLE, **told_once(None)},
                response_only=True,
                status_codes=["200"],
            ),
        ],
    )
    def post(self, request: Request) -> Response:
        said = checked(CreateInput, request)
        said["sources"] = _sources(request, said.get("sources", []))
        secrets: list[str] = []

        def make() -> int:
            webhook, secret = webhook_create(**said, by=caller(request))
            secrets.append(secret)
            return webhook.pk

        def show(pk: int) -> Response:
            shown = WebhookOutput(webhook_found(request, pk)).data
            return Response(
                {**shown, **told_once(secrets[0] if secrets else None)},
                status=201 if secrets else 200,
                headers={"Location": request.build_absolute_uri(f"/api/v1/webhooks/{pk}/")},
            )

        return once(request, make, show)


class OneWebhookEndpoint(WebhookEndpoint):
    scopes = {"GET": ApiScope.ADMIN, "PATCH": ApiScope.ADMIN, "DELETE": ApiScope.ADMIN}
    needs = {"GET": SEE, "PATCH": CHANGE, "DELETE": CHANGE}
    problems = {"PATCH": (NOT_NOW,), "DELETE": (NOT_NOW,)}

    @extend_schema(
        operation_id="read_webhook",
        summary="Read one webhook",
        description=f"Never with its secret. {NEEDS}",
        responses={200: WebhookOutput},
        examples=[SHOWN],
    )
    def get(self, request: Request, webhook_id: int) -> Response:
        return Response(WebhookOutput(webhook_found(request, webhook_id)).data)

    @extend_schema(
        operation_id="change_webhook",
        summary="Change a webhook, turn it on or off",
        description=f"What waits while it is off goes out when it is turned on again. {NEEDS}",
        request=ChangeInput,
        responses={200: WebhookOutput},
        examples=[OpenApiExample("Turn it off", {"enabled": False}, request_only=True), SHOWN],
    )
    def patch(self, request: Request, webhook_id: int) -> Response:
        webhook = webhook_found(request, webhook_id)
        said = checked(ChangeInput, request)
        enabled = said.pop("enabled", None)
        if "sources" in said:
            said["sources"] = _sources(request, said["sources"])
        if said:
            webhook_update(webhook=webhook, **said, by=caller(request))
        if enabled is not None:
            (webhook_enable if enabled else webhook_disable)(webhook=webhook, by=caller(request))
        return Response(WebhookOutput(webhook_found(request, webhook_id)).data)

    @extend_schema(
        operation_id="delete_webhook",
        summary="Delete a webhook",
        description=f"What waits for it is given up. {NEEDS}",
        responses={204: None},
    )
    def delete(self, request: Request, webhook_id: int) -> Response:
        webhook_delete(webhook=webhook_found(request, webhook_id), by=caller(request))
        return Response(status=204)


def webhook_found(request: Request, webhook_id: int) -> Webhook:
    webhook: Webhook = found(webhooks_of(caller(request)).select_related("created_by"), webhook_id)
    return webhook


def _sources(request: Request, slugs: Sequence[str]) -> list[Source]:
    """The sources of these slugs; one that the caller does not see is not there."""
    seen = sources_of(caller(request))
    rows = (Source.objects.all() if seen is None else seen).filter(slug__in=slugs)
    by_slug = {source.slug: source for source in rows}
    errors = [
        field_error(("sources", place), f"names no source that is there: {slug}", "does_not_exist")
        for place, slug in enumerate(slugs)
        if slug not in by_slug
    ]
    if errors:
        raise invalid(errors)
    return list(by_slug.values())
