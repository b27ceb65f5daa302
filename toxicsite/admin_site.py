"""The admin site: the theme, one sign-in with the rest of the pages, and the one exception to the content policy."""

from collections.abc import Callable
from typing import Any

from csp.constants import UNSAFE_EVAL
from csp.decorators import csp_update
from django.contrib.auth.views import LogoutView, redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from unfold.sites import UnfoldAdminSite

# The theme's menus and tabs are Alpine.js expressions in its templates (arrow functions, localStorage), which the
# ordinary build of Alpine compiles with `new AsyncFunction`; its CSP build does not understand them. So script-src
# needs 'unsafe-eval' here. Everything else stays as strict as elsewhere: no inline script, no inline style.
ADMIN_POLICY = {"script-src": [UNSAFE_EVAL]}


class ToxicsiteAdminSite(UnfoldAdminSite):  # type: ignore[misc]
    """Signing in and out happens on the site's own pages."""

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Callable[..., Any]:
        return csp_update(ADMIN_POLICY)(super().admin_view(view, cacheable))

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        # The colours are in css/admin.css: as a setting, the theme would write them into an inline style.
        return {**super().each_context(request), "colors": None}

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
        if request.user.is_authenticated:
            raise PermissionDenied("This account has no role that may enter the administration.")
        target = request.GET.get("next") or reverse("admin:index", current_app=self.name)
        return redirect_to_login(target)

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
        return LogoutView.as_view()(request)
