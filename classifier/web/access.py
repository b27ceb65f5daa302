"""Access to pages, for signed-in people with permissions; an htmx request leads to sign-in too."""

from collections.abc import Callable
from functools import wraps
from typing import Any, cast
from urllib.parse import urlsplit

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.cache import never_cache
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from classifier.core.visibility import blind_review_of
from classifier.models import User

View = Callable[..., HttpResponse]
AnyView = Callable[..., HttpResponseBase]


class SiteRequest(HttpRequest):
    """A request after the middleware, for the type checker."""

    user: User
    htmx: HtmxDetails


def signed_in(view: View) -> View:
    """Let only signed-in people in; others are sent to the sign-in page and come back afterwards."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        site_request = cast(SiteRequest, request)
        if site_request.user.is_authenticated:
            return view(request, *args, **kwargs)
        if site_request.htmx:
            current = urlsplit(site_request.htmx.current_url or "/").path
            return HttpResponseClientRedirect(redirect_to_login(current).url)
        return redirect_to_login(request.get_full_path() if request.method == "GET" else "/")

    return guarded


def permitted(*permissions: str) -> Callable[[AnyView], AnyView]:
    """Let in signed-in people who hold every one of `permissions`; such pages are never kept in a cache."""

    def decorate(view: AnyView) -> AnyView:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not person_of(request).has_perms(permissions):
                raise PermissionDenied(", ".join(permissions))
            return view(request, *args, **kwargs)

        return cast(AnyView, never_cache(signed_in(cast(View, guarded))))

    return decorate


def person_of(request: HttpRequest) -> User:
    """Return the signed-in user, for `by=`."""
    return cast(SiteRequest, request).user


def reader_of(request: HttpRequest) -> User:
    """Return the signed-in user for a page that lists decisions; it hides the comment of their current blind review."""
    user = person_of(request)
    user.looks_at = blind_review_of(request.session)
    return user
