"""Middleware that runs before everything else: request ids, metrics, health, and the limit on bodies."""

import time
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from toxicsite import views
from toxicsite.lib import metrics, request_id
from toxicsite.metrics import metrics_page

FILES_IN_A_FORM = 3
IMPORTS = ("/transfers/import/", "/api/v1/imports/")
GetResponse = Callable[[HttpRequest], HttpResponseBase]
PROBES = {"/healthz": views.healthz, "/readyz": views.readyz, "/metrics": metrics_page}
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class RequestIdMiddleware:
    """Gives every request an id, the caller's own where that is sane, and returns it in the reply."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with request_id.bound(request_id.accepted(request.headers.get(request_id.HEADER))):
            response = self.get_response(request)
            response.headers[request_id.HEADER] = request_id.current()
        return response


class MetricsMiddleware:
    """Counts every answer and its time by the route's pattern: addresses themselves are private."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        began = time.perf_counter()
        response = self.get_response(request)
        method = request.method if request.method in METHODS else "other"
        match = request.resolver_match
        route = match.route if match is not None else "(none)"
        metrics.count(metrics.HTTP_REQUESTS, str(method), route, str(response.status_code))
        metrics.observe(metrics.HTTP_SECONDS, time.perf_counter() - began, str(method), route)
        return response


class BrowserHeadersMiddleware:
    """Adds what every answer has to tell browsers to those that are given before Django's own security headers.

    Such are probes, files and refusals of other middlewares: nobody guesses their type, and no page frames them.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Referrer-Policy", settings.SECURE_REFERRER_POLICY)
        response.headers.setdefault("Content-Security-Policy", "frame-ancestors 'none'")
        return response


class HealthMiddleware:
    """Answers probes under any host name and without HTTPS: those who probe come by address, not by name."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        probe = PROBES.get(request.path_info)
        if probe is None:
            return self.get_response(request)
        response = probe(request)
        # "Not ready" is this page's ordinary answer, asked for every few seconds: no line in the error log.
        response._has_been_logged = True  # type: ignore[attr-defined]
        return response


class BodyLimitMiddleware:
    """Refuses a body over the limit unread; Django's own limit misses parsers that read the stream.

    A body without a length reads as empty here (WSGI), so the announced length is the whole truth. Uploaded
    files stream to disk; a form may bring one for each split of a dataset. Imports have a limit of their own.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not length.isascii() or not length.isdigit():
            return HttpResponse(
                "The Content-Length header is not a number.\n", status=400, content_type="text/plain"
            )
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        if request.path_info in IMPORTS:
            limit += settings.TRANSFER_MAX_BYTES
        elif (request.content_type or "").startswith("multipart/"):
            limit += FILES_IN_A_FORM * settings.DATASET_MAX_BYTES
        if int(length) <= limit:
            return self.get_response(request)
        # Under /api/ a middleware before this one makes a problem of it.
        message = f"The body has {int(length)} bytes; at most {limit} are accepted.\n"
        return HttpResponse(message, status=413, content_type="text/plain")
