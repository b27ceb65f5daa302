"""`/api/v1/usage/`: the quotas of the calling key, and what it used on each of the last days."""

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from classifier.api.authentication import api_key_of
from classifier.api.base import Endpoint
from classifier.api.operation import operation
from classifier.api.reading import NoQuery, checked_query
from classifier.api.throttling import quota_of
from classifier.api_keys.usage import usage_days
from classifier.models import ApiKey

DAYS = 30


class UsageKey(serializers.Serializer[Any]):
    name = serializers.CharField()
    prefix = serializers.CharField()
    scopes = serializers.ListField(child=serializers.CharField())
    sources = serializers.ListField(
        child=serializers.CharField(), help_text="Empty: all sources that its owner may see."
    )
    expires_at = serializers.DateTimeField(allow_null=True)


@extend_schema_serializer(component_name="Quota")
class QuotaOutput(serializers.Serializer[Any]):
    name = serializers.CharField(help_text="`requests` or `texts`.")
    limit = serializers.IntegerField()
    remaining = serializers.IntegerField()
    reset_seconds = serializers.IntegerField(help_text="Seconds until the whole quota is available again.")
    window_seconds = serializers.IntegerField()


class UsageDay(serializers.Serializer[Any]):
    day = serializers.DateField(help_text="UTC.")
    requests = serializers.IntegerField()
    texts = serializers.IntegerField(help_text="Texts scored or stored, also by imports.")
    errors = serializers.IntegerField(  # type: ignore[assignment]
        help_text="Answers with a status of 400 or above, except 429."
    )
    refused = serializers.IntegerField(help_text="Answers with the status 429.")


class UsageOutput(serializers.Serializer[Any]):
    key = UsageKey(allow_null=True, help_text="Null for a session, which has no `days` either.")
    quotas = QuotaOutput(many=True)
    days = UsageDay(many=True, help_text=f"The last {DAYS} days, oldest first.")


class UsageEndpoint(Endpoint):
    permission_classes = [IsAuthenticated]

    @operation("read_usage", answers=UsageOutput)
    def get(self, request: Request) -> Response:
        """Read the quotas and the usage of the calling key.

        Any key may ask, whatever its scopes; the call counts as a request too. A key and the one that replaces it by
        rotation share their quotas, but each has its own days. Imported rows count as texts of the day on which they
        are stored; the quota never refuses an import.
        """
        checked_query(NoQuery, request)
        state, api_key = quota_of(request), api_key_of(request)
        quotas = [quota for quota in (state.requests, state.texts) if quota is not None] if state else []
        usage = {
            "key": None if api_key is None else _key(api_key),
            "quotas": quotas,
            "days": [] if api_key is None else usage_days(api_key=api_key, days=DAYS),
        }
        return Response(UsageOutput(usage).data)


def _key(api_key: ApiKey) -> dict[str, Any]:
    return {**vars(api_key), "sources": list(api_key.sources.order_by("slug").values_list("slug", flat=True))}
