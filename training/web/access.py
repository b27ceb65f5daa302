"""Who may see the training pages: people whose role holds the permission; others get an answer that says so."""

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.cache import never_cache

from classifier.models import User
from classifier.web.access import SiteRequest, signed_in

View = Callable[..., HttpResponseBase]

SEE_EXPERIMENTS = "training.view_experiment"
RUN_EXPERIMENTS = "training.run_experiment"


def permitted(permission: str) -> Callable[[View], View]:
    """Let in signed-in people who hold `permission`; pages about training are never kept in a cache."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not person_of(request).has_perm(permission):
                raise PermissionDenied(permission)
            return view(request, *args, **kwargs)

        return cast(View, never_cache(signed_in(cast(Callable[..., HttpResponse], guarded))))

    return decorate


def person_of(request: HttpRequest) -> User:
    """Return the signed-in person, to be passed to services as `by`."""
    return cast(SiteRequest, request).user


def is_htmx(request: HttpRequest) -> bool:
    return bool(cast(SiteRequest, request).htmx)
