"""API keys as `Authorization: Bearer tox_…` or `X-API-Key: tox_…`."""

from typing import Any

from django.http import HttpRequest
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from classifier.api_keys.services import api_key_authenticate
from classifier.core.errors import ApiKeyInvalid
from classifier.models import ApiKey, User


class ApiKeyAuthentication(BaseAuthentication):
    """Sets `request.user` to the key's owner and `request.auth` to the key."""

    def authenticate(self, request: Request) -> tuple[User, ApiKey] | None:
        plaintext = _key_in(request)
        if plaintext is None:
            return None
        try:
            key = api_key_authenticate(plaintext=plaintext)
        except ApiKeyInvalid:
            raise AuthenticationFailed(
                "The API key is unknown, revoked or expired. Ask an administrator for a new one."
            ) from None
        return key.owner, key

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="toxicsite"'


def _key_in(request: Request | HttpRequest) -> str | None:
    """The key the caller sent, or None. Other Authorization schemes are meant for a proxy in front of us."""
    scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
    in_authorization = credentials.strip() if scheme.lower() == "bearer" else None
    in_own_header = request.headers.get("X-API-Key")
    if in_authorization and in_own_header and in_authorization != in_own_header.strip():
        raise AuthenticationFailed("Authorization and X-API-Key hold two different keys. Send one of them.")
    for sent in (in_authorization, in_own_header):
        if sent is not None:
            if not sent.strip():
                raise AuthenticationFailed("The API key is empty. Send `Authorization: Bearer KEY`.")
            return sent.strip()
    return None


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = ApiKeyAuthentication
    name = ["apiKeyBearer", "apiKeyHeader"]

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, Any]]:
        return [
            {"type": "http", "scheme": "bearer", "description": "An API key, `tox_…`."},
            {
                "type": "apiKey",
                "in": "header",
                "name": "X-API-Key",
                "description": "The same key.",
            },
        ]
