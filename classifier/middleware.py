"""Errors that Django answers outside any view of the API (unknown path, bad Host, a failing middleware).

They come out as problems too, so a client under /api/ meets one form of error only; under the paths of a dialect they
come out as that dialect's errors.
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from classifier.api.problems import plain_response
from classifier.dialects.fallback import dialect_of, fallback_answer
from classifier.dialects.replies import DialectReply

PREFIX = "/api/"


class ApiProblemMiddleware:
    """Stands first, so that it sees what every other middleware answers."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        dialect = dialect_of(request.path_info)
        request.reads_no_pages = dialect is not None or request.path_info.startswith(PREFIX)  # type: ignore[attr-defined]
        response = self.get_response(request)
        if response.status_code < 400 or isinstance(response, DialectReply):
            return response
        if response.headers.get("Content-Type", "").startswith("application/problem+json"):
            return response
        problem: HttpResponse
        if dialect is not None:
            problem = fallback_answer(dialect, response.status_code, request)
        elif request.reads_no_pages:  # type: ignore[attr-defined]
            problem = plain_response(response.status_code, request)
        else:
            return response
        for name in ("Allow", "WWW-Authenticate", "Retry-After"):
            if name in response.headers:
                problem.headers[name] = response.headers[name]
        return problem
