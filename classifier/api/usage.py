"""`/api/v1/usage/`: what the calling key has left, and what it used on each of the last days."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from classifier.api.base import Endpoint, NoQuery, checked_query
from classifier.api.permissions import api_key_of
from classifier.api.throttling import quota_of
from classifier.api_keys.usage import usage_days
from classifier.models import ApiKey

DAYS = 30
EXAMPLE = {
    "key": {
        "name": "forum",
        "prefix": "tox_1a2b3c4d",
        "scopes": ["score", "submit"],
        "sources": ["forum"],
        "expires_at": None,
    },
    "quotas": [
        {"name": "requests", "limit": 6000, "remaining": 5999, "reset_seconds": 60, "window_seconds": 60},
        {
            "name": "texts",
            "limit": 50000,
            "remaining": 48210,
            "reset_seconds": 41233,
            "window_seconds": 86400,
        },
    ],
    "days": [{"day": "2026-03-01", "requests": 812, "texts": 1790, "errors": 2, "refused": 0}],
}


@extend_schema_serializer(component_name="UsageKey")
class KeyOutput(serializers.Serializer[Any]):
    name = serializers.CharField()
    prefix = serializers.CharField()
    scopes = serializers.ListField(child=serializers.CharField())
    sources = serializers.ListField(
        child=serializers.CharField(), help_text="Empty: all that its owner sees."
    )
    expires_at = serializers.DateTimeField(allow_null=True)


@extend_schema_serializer(component_name="Quota")
class QuotaOutput(serializers.Serializer[Any]):
    name = serializers.CharField(help_text="`requests` or `texts`.")
    limit = serializers.IntegerField()
    remaining = serializers.IntegerField()
    reset_seconds = serializers.IntegerField(help_text="Until all of it is there again.")
    window_seconds = serializers.IntegerField()


@extend_schema_serializer(component_name="UsageDay")
class DayOutput(serializers.Serializer[Any]):
    day = serializers.DateField(help_text="UTC.")
    requests = serializers.IntegerField()
    texts = serializers.IntegerField(help_text="Scored or stored, those of imports among them.")
    errors = serializers.IntegerField(  # type: ignore[assignment]
        help_text="Answers from 400 on, without 429."
    )
    refused = serializers.IntegerField(help_text="Answers 429.")


@extend_schema_serializer(component_name="UsageOutput")
class Output(serializers.Serializer[Any]):
    key = KeyOutput(allow_null=True, help_text="Null for a session, which has no days either.")
    quotas = QuotaOutput(many=True)
    days = DayOutput(many=True, help_text=f"The last {DAYS} days, the newest last.")


class UsageEndpoint(Endpoint):
    permission_classes = [IsAuthenticated]
    http_method_names = ["get", "head"]

    @extend_schema(
        operation_id="read_usage",
        summary="Read the quota and the use of the calling key",
        description=(
            "Any key may ask for its own, whatever its scopes. Asking counts as a request too. Keys that follow each "
            "other by rotation share their quotas; each has days of its own. Imported rows count as texts of the day "
            "on which they are stored, and an import is not refused for the quota."
        ),
        responses={200: Output},
        examples=[OpenApiExample("A key for one source", EXAMPLE, response_only=True)],
    )
    def get(self, request: Request) -> Response:
        checked_query(NoQuery, request)
        state, api_key = quota_of(request), api_key_of(request)
        quotas = [quota for quota in (state.requests, state.texts) if quota is not None] if state else []
        found = {
            "key": None if api_key is None else _shown(api_key),
            "quotas": quotas,
            "days": [] if api_key is None else usage_days(api_key=api_key, days=DAYS),
        }
        return Response(Output(found).data)


def _shown(api_key: ApiKey) -> dict[str, Any]:
    fields = {name: getattr(api_key, name) for name in ("name", "prefix", "scopes", "expires_at")}
    return {**fields, "sources": list(api_key.sources.order_by("slug").values_list("slug", flat=True))}
