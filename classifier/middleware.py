"""What stands around every view: addresses of other services' clients, and errors that Django answers itself.

Errors outside any view of the API (unknown path, bad Host, a failing middleware) come out as problems too, so a client
under /api/ meets one form of error only; under the paths of a dialect they come out as that dialect's errors.
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase

from classifier.api.problems import plain_response
from classifier.dialects.akismet.hosts import admit
from classifier.dialects.fallback import dialect_of, fallback_answer
from classifier.dialects.replies import DialectReply
from classifier.web.error_pages import method_not_allowed

PREFIX = "/api/"
DOUBLED = "//contentsafety/"
HUGGING_FACE = "/huggingface"
JSON = "application/json"


class DialectAddressMiddleware:
    """Makes the addresses that clients of other services cannot help calling those of this server.

    Akismet's clients have a host name as a constant. An endpoint of Azure with a slash at its end, as its portal shows
    it, brings a second slash to the beginning of every path. Hugging Face's InferenceClient posts JSON to its base URL,
    where this server has a page whose form posts no JSON. It stands before whatever looks at host or path.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path_info.startswith(DOUBLED):
            request.path_info = request.path_info[1:]
            request.path = request.path.replace(DOUBLED, DOUBLED[1:], 1)
        elif request.path_info == "/" and request.method == "POST" and request.content_type == JSON:
            request.path_info = HUGGING_FACE
        reply = admit(request)
        return self.get_response(request) if reply is None else reply


class ApiProblemMiddleware:
    """Stands before the others, so that it sees what every other middleware answers."""

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


class NotAllowedPageMiddleware:
    """Puts a page where Django answers an empty 405: an address that takes a form only, opened again in a browser."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if response.status_code != 405 or not isinstance(response, HttpResponseNotAllowed):
            return response
        page = method_not_allowed(request)
        page.headers["Allow"] = response.headers["Allow"]
        return page
