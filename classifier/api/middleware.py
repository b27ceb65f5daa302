"""Errors that Django answers outside any view of the API (unknown path, bad Host, a failing middleware).

They come out as problems too, so a client under /api/ meets one form of error only.
"""

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from classifier.api.problems import plain_response

PREFIX = "/api/"


class ApiProblemMiddleware:
    """Stands first, so that it sees what every other middleware answers."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if response.status_code < 400 or not request.path_info.startswith(PREFIX):
            return response
        if response.headers.get("Content-Type", "").startswith("application/problem+json"):
            return response
        problem = plain_response(response.status_code, request)
        for name in ("Allow", "WWW-Authenticate", "Retry-After"):
            if name in response.headers:
                problem.headers[name] = response.headers[name]
        return problem
