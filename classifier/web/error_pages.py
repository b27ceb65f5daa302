"""Error pages in the site's look; an htmx request gets a short form that fits into the page."""

import sys
from typing import Any

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template import loader

from toxicsite.lib.storage_errors import RETRY_SECONDS, is_disk_full

NOT_FOUND = ("Page not found", "The address is wrong, the page is gone, or you do not have access to it.")
FORBIDDEN = (
    "You do not have access",
    "Your account lacks the permission for this. Ask an administrator of this site to give you the role.",
)
BAD_REQUEST = ("The server cannot read this request", "Go back and send it again.")
NOT_ALLOWED = (
    "This address only takes a form",
    "Nothing was changed. Go back to the page that you came from, and send its form again.",
)
EXPIRED = (
    "This page has been open too long",
    "For your safety the form was not sent. Copy your text, reload the page and send it again.",
)
BROKEN = (
    "Something broke on the server",
    "The server made an error and logged it. Comments already stored are safe.",
)
NO_ROOM = (
    "The server has no room",
    "This was not stored; earlier data is safe. Ask an administrator to free disk space, then try again.",
)
AWAY = (
    "The database does not answer",
    "This was not stored; earlier data is safe. Try again in a few seconds.",
)


def page_not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _answer(request, 404, *NOT_FOUND)


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _answer(request, 403, *FORBIDDEN)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _answer(request, 400, *BAD_REQUEST)


def method_not_allowed(request: HttpRequest) -> HttpResponse:
    return _answer(request, 405, *NOT_ALLOWED)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return _answer(request, 403, *EXPIRED)


def server_error(request: HttpRequest) -> HttpResponse:
    """Show the page of a server error; it needs no session and no user, since the database may be what broke."""
    code, (heading, advice), seconds = _what_broke(sys.exc_info()[1])
    context = {"code": code, "heading": heading, "advice": advice}
    name = "errors/part.html" if _is_htmx(request) else "errors/standalone.html"
    try:
        page: str = loader.render_to_string(name, context)
    except Exception:  # the templates or the static files themselves may be broken
        page = f"<!doctype html><title>{heading}</title><h1>{heading}</h1><p>{advice}</p>"
    return HttpResponse(page, status=code, headers={"Retry-After": str(seconds)} if seconds else None)


def _what_broke(error: BaseException | None) -> tuple[int, tuple[str, str], int]:
    """Return the status, heading and advice, and the seconds after which to retry (0: no advice on that).

    Django calls the handler while it handles the error, so that sys.exc_info() has it.
    """
    if error is not None and is_disk_full(error):
        return 507, NO_ROOM, RETRY_SECONDS
    if isinstance(error, OperationalError | InterfaceError):
        return 503, AWAY, 5
    return 500, BROKEN, 0


def _answer(request: HttpRequest, code: int, heading: str, advice: str) -> HttpResponse:
    if getattr(request, "reads_no_pages", False):  # the API has its own words
        return HttpResponse(status=code)
    context: dict[str, Any] = {"code": code, "heading": heading, "advice": advice}
    name = "errors/part.html" if _is_htmx(request) else "errors/page.html"
    return render(request, name, context, status=code)


def _is_htmx(request: HttpRequest) -> bool:
    return request.headers.get("HX-Request") == "true"
