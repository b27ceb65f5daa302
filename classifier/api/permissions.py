"""Who may call what: a key needs the scope of the call; a signed-in person needs none."""

from typing import Any, ClassVar

from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from classifier.api.problems import Kind
from classifier.models import ApiKey, ApiScope, User


class HasScope(BasePermission):
    """Anonymous callers get 401; a key without the scope for this method gets a 403 that names the scope."""

    def has_permission(self, request: Request, view: Any) -> bool:
        scope: ApiScope | None = view.scopes.get("GET" if request.method == "HEAD" else request.method)
        if scope is None:
            return True  # a method that is not served: 405 follows
        if not request.user.is_authenticated:
            return False
        key = api_key_of(request)
        if key is not None and scope not in key.scopes:
            held = ", ".join(key.scopes)
            raise PermissionDenied(f'This needs an API key with the scope "{scope}"; this key has: {held}.')
        return True


class ScopedView:
    """Mixin that holds the scope each method needs, and the problems it answers with beyond the usual ones."""

    scopes: ClassVar[dict[str, ApiScope]] = {}
    problems: ClassVar[dict[str, tuple[Kind, ...]]] = {}


def api_key_of(request: Request) -> ApiKey | None:
    """The key this call was made with; None for a session."""
    return request.auth if isinstance(request.auth, ApiKey) else None


def caller(request: Request) -> User:
    """The signed-in person, or the owner of the key. Only for views behind HasScope."""
    assert isinstance(request.user, User)
    return request.user
