"""Two answers given before anything else looks at a request: health, and "too large"."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase

from toxicsite import views

FILES_IN_A_FORM = 3
IMPORTS = ("/transfers/import/", "/api/v1/imports/")
GetResponse = Callable[[HttpRequest], HttpResponseBase]
PROBES = {"/healthz": views.healthz, "/readyz": views.readyz}


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
    files stream to disk; a form may bring one for each split of a data set. Imports have a limit of their own.
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
        message = f"The body has {int(length)} bytes; at most {limit} are accepted."
        if request.path.startswith("/api/"):
            return JsonResponse({"detail": message}, status=413)
        return HttpResponse(message + "\n", status=413, content_type="text/plain")
