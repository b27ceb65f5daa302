"""Two switches in the header: blurred text (kept with the account) and colours (kept in a cookie)."""

from typing import cast

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST
from django_htmx.http import trigger_client_event

from classifier.web.access import SiteRequest, signed_in

THEMES = ("auto", "light", "dark")
YEAR_SECONDS = 365 * 24 * 3600


@signed_in
@require_POST
def blur(request: HttpRequest) -> HttpResponse:
    """Blur text scored toxic, or show it; `blur` is on or off, and anything else changes nothing."""
    site_request = cast(SiteRequest, request)
    wanted = request.POST.get("blur")
    if wanted in ("on", "off"):
        site_request.user.blur_text = wanted == "on"
        site_request.user.save(update_fields=["blur_text"])
    if not site_request.htmx:
        return _back(request)
    response = render(request, "ui/blur_toggle.html", {"next": _next(request)})
    return trigger_client_event(
        response, "site:blur", {"blur": "on" if site_request.user.blur_text else "off"}
    )


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Choose light, dark or the device's own colours; open to all, since the sign-in page has it too."""
    wanted = request.POST.get("theme", "")
    wanted = wanted if wanted in THEMES else "auto"
    if cast(SiteRequest, request).htmx:
        context = {"theme": wanted, "next": _next(request)}
        response = render(request, "ui/theme_toggle.html", context)
        response = trigger_client_event(response, "site:theme", {"theme": wanted})
    else:
        response = _back(request)
    response.set_cookie(
        "theme", wanted, max_age=YEAR_SECONDS, samesite="Lax", httponly=True, secure=request.is_secure()
    )
    return response


def _next(request: HttpRequest) -> str:
    """Return the address to go back to; an address of another site becomes the start page."""
    wanted = request.POST.get("next", "")
    local = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if local else "/"


def _back(request: HttpRequest) -> HttpResponse:
    return HttpResponseRedirect(_next(request))
