"""Who calls, and what they may call: an API key needs the scope of the operation, a signed-in user needs none.

A key comes as `Authorization: Bearer tox_…` or `X-API-Key: tox_…`.
"""

from typing import Any

from django.http import HttpRequest
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from classifier.api_keys.services import api_key_authenticate
from classifier.core.errors import ApiKeyInvalid
from classifier.models import ApiKey, ApiScope, User


class ApiKeyAuthentication(BaseAuthentication):
    """Set `request.user` to the key's owner and `request.auth` to the key."""

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


class HasScope(BasePermission):
    """Refuse anonymous callers with 401, and a key without the scope of the operation with a 403 that names it."""

    def has_permission(self, request: Request, view: Any) -> bool:
        scope: ApiScope | None = view.scopes.get("GET" if request.method == "HEAD" else request.method)
        if scope is None:
            return True  # the method is not served (405 follows), or any caller may use it
        if not request.user.is_authenticated:
            return False
        key = api_key_of(request)
        if key is not None and scope not in key.scopes:
            scopes = ", ".join(key.scopes)
            raise PermissionDenied(f'This needs an API key with the scope "{scope}"; this key has: {scopes}.')
        return True


def api_key_of(request: Request) -> ApiKey | None:
    """Return the key of the call; None for a session."""
    return request.auth if isinstance(request.auth, ApiKey) else None


def caller(request: Request) -> User:
    """Return the signed-in user, or the owner of the key. Only for views that refuse anonymous callers."""
    assert isinstance(request.user, User)
    return request.user


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


def _key_in(request: Request | HttpRequest) -> str | None:
    """Return the key that was sent, or None. Other Authorization schemes are for a proxy in front of this server."""
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
