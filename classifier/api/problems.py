"""Every error of the API as an RFC 9457 problem, whether a view, DRF, Django or a bug raised it.

A problem has `type`, `title`, `status`, `detail` and `errors`; each error names the place (a JSON pointer
into the body, or a query parameter), says what is wrong there and carries a stable code.
"""

import logging
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypedDict

from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist, RequestDataTooBig, SuspiciousOperation
from django.core.signals import got_request_exception
from django.http import Http404, HttpRequest, JsonResponse, UnreadablePostError
from rest_framework import exceptions
from rest_framework.response import Response

from classifier.api.field_errors import FieldError, Path, field_error, flatten, parameter_error, path_of
from classifier.core.error_kinds import LOGGED, ErrorKind, details_of
from classifier.core.errors import WrongFilter
from classifier.core.validation import ValidationProblem
from toxicsite.lib import request_id
from toxicsite.lib.storage_errors import NOTHING_STORED

logger = logging.getLogger(__name__)
PROBLEM_TYPE = "application/problem+json"
AWAY = "The database does not answer. Try again in a few seconds."


@dataclass(frozen=True)
class Kind:
    """One kind of problem; `slug` is the stable end of its type URI."""

    slug: str
    status: int
    title: str

    @property
    def uri(self) -> str:
        return f"urn:problem-type:toxicsite:{self.slug}"


MALFORMED = Kind("malformed-body", 400, "The body cannot be read")
INVALID = Kind("invalid-request", 400, "The request is not valid")
UNAUTHENTICATED = Kind("unauthenticated", 401, "Authentication is needed")
FORBIDDEN = Kind("forbidden", 403, "You may not do this")
NOT_FOUND = Kind("not-found", 404, "There is nothing here")
METHOD_NOT_ALLOWED = Kind("method-not-allowed", 405, "This method is not supported here")
CONFLICT = Kind("external-id-conflict", 409, "The external id is taken")
NOT_NOW = Kind("not-allowed-now", 409, "This is not possible now")
GATE_CLOSED = Kind("gate-closed", 409, "The quality gate is closed")
CHANGED_MEANWHILE = Kind("changed-meanwhile", 412, "It has changed since it was read")
TOO_LARGE = Kind("body-too-large", 413, "The body is too large")
UNSUPPORTED_MEDIA_TYPE = Kind("unsupported-media-type", 415, "The body has an unsupported media type")
KEY_REUSED = Kind("idempotency-key-reused", 422, "The idempotency key was used for another request")
THROTTLED = Kind("rate-limit-exceeded", 429, "Too many requests")
SERVER_ERROR = Kind("server-error", 500, "The server failed")
BUSY = Kind("busy", 503, "The server is busy")
NO_WORKER = Kind("no-worker", 503, "No classification worker is running")
MODEL_BROKEN = Kind("model-broken", 503, "The model cannot be loaded")
UNAVAILABLE = Kind("unavailable", 503, "The database does not answer")
DEADLINE_PASSED = Kind("deadline-passed", 504, "The verdict did not arrive in time")
NO_ROOM = Kind("no-room", 507, "The server's disk is full")
KINDS = (
    MALFORMED,
    INVALID,
    UNAUTHENTICATED,
    FORBIDDEN,
    NOT_FOUND,
    METHOD_NOT_ALLOWED,
    CONFLICT,
    NOT_NOW,
    GATE_CLOSED,
    CHANGED_MEANWHILE,
    TOO_LARGE,
    UNSUPPORTED_MEDIA_TYPE,
    KEY_REUSED,
    THROTTLED,
    SERVER_ERROR,
    BUSY,
    NO_WORKER,
    MODEL_BROKEN,
    UNAVAILABLE,
    DEADLINE_PASSED,
    NO_ROOM,
)
_KIND_OF_STATUS = {kind.status: kind for kind in reversed(KINDS)} | {503: UNAVAILABLE}
_KIND_OF_ERROR = {
    ErrorKind.INVALID: INVALID,
    ErrorKind.BAD_KEY: UNAUTHENTICATED,
    ErrorKind.NOT_ALLOWED: FORBIDDEN,
    ErrorKind.NOT_NOW: NOT_NOW,
    ErrorKind.TEXT_ERASED: NOT_NOW,
    ErrorKind.GATE_CLOSED: GATE_CLOSED,
    ErrorKind.CHANGED_MEANWHILE: CHANGED_MEANWHILE,
    ErrorKind.NO_WORKER: NO_WORKER,
    ErrorKind.NO_MODEL: NO_WORKER,
    ErrorKind.MODEL_BROKEN: MODEL_BROKEN,
    ErrorKind.NO_BROKER: NO_WORKER,
    ErrorKind.TIMEOUT: DEADLINE_PASSED,
    ErrorKind.UNAVAILABLE: UNAVAILABLE,
    ErrorKind.DISK_FULL: NO_ROOM,
}
_ADVICE = {
    ErrorKind.NO_WORKER: "Try again shortly; nothing was stored.",
    ErrorKind.NO_BROKER: "Try again shortly; nothing was stored.",
    ErrorKind.NO_MODEL: "An administrator has to activate one.",
    ErrorKind.MODEL_BROKEN: "An administrator has to mend it or activate another version; nothing was stored.",
    ErrorKind.TIMEOUT: (
        "Try again, send fewer texts or submit them to /api/v1/comments/ and read the verdicts later."
    ),
    ErrorKind.UNAVAILABLE: "Try again in a few seconds.",
}


class ProblemBody(TypedDict, total=False):
    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldError]
    action: str
    request_id: str


@dataclass(eq=False)
class Problem(Exception):
    """Raise this to answer with a problem."""

    kind: Kind
    detail: str
    errors: Sequence[FieldError] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    request_id: str = ""
    action: str = ""

    def body(self) -> ProblemBody:
        body: ProblemBody = {
            "type": self.kind.uri,
            "title": self.kind.title,
            "status": self.kind.status,
            "detail": self.detail,
            "errors": list(self.errors),
        }
        if self.action:
            body["action"] = self.action
        if self.request_id:
            body["request_id"] = self.request_id
        return body


def exception_handler(exc: Exception, context: Mapping[str, Any]) -> Response:
    """Turn whatever a view raised into a problem response, as a hook of DRF."""
    problem = _problem_for(exc, context)
    return Response(
        problem.body(),
        status=problem.kind.status,
        headers=dict(problem.headers),
        content_type=PROBLEM_TYPE,
    )


def plain_response(status: int, request: HttpRequest) -> JsonResponse:
    """Answer with the problem for an error that Django answered before or after any view of the API ran."""
    kind = _KIND_OF_STATUS.get(status) or Kind(f"status-{status}", status, f"HTTP status {status}")
    details = {
        400: "The request was refused before it was read: check the Host header and the form of the request.",
        403: "The request was refused: the session's CSRF token is missing or wrong.",
        404: f"There is nothing at {request.path}. The API is described at /api/docs/.",
        413: f"The body is larger than {settings.DATA_UPLOAD_MAX_MEMORY_SIZE:,} bytes; send it in parts.",
        500: "Something failed on the server; the details are in its log under this request id.",
        503: AWAY,
        507: NOTHING_STORED,
    }
    problem = Problem(kind, details.get(status, kind.title + "."))
    if status >= 500:
        problem.request_id = request_id.current() or uuid.uuid4().hex
        logger.error("request %s to %s answered %d", problem.request_id, request.path, status)
    return JsonResponse(problem.body(), status=status, content_type=PROBLEM_TYPE)


def _problem_for(exc: Exception, context: Mapping[str, Any]) -> Problem:
    match exc:
        case Problem():
            return exc
        case exceptions.ValidationError():
            return invalid(flatten(exc.detail))
        case exceptions.NotAuthenticated() | exceptions.AuthenticationFailed():
            missing = "Send an API key as `Authorization: Bearer KEY` or `X-API-Key: KEY`, or sign in."
            detail = missing if isinstance(exc, exceptions.NotAuthenticated) else str(exc.detail)
            challenge = getattr(exc, "auth_header", None) or "Bearer"
            return Problem(UNAUTHENTICATED, detail, headers={"WWW-Authenticate": challenge})
        case exceptions.PermissionDenied():
            return Problem(FORBIDDEN, str(exc.detail))
        case exceptions.NotFound() | Http404() | ObjectDoesNotExist():
            return Problem(NOT_FOUND, "It does not exist, or you may not see it.")
        case exceptions.MethodNotAllowed():
            return Problem(METHOD_NOT_ALLOWED, f"{exc.detail} The Allow header lists what is supported.")
        case exceptions.UnsupportedMediaType():
            detail = "Send the body as JSON, with the header Content-Type: application/json."
            return Problem(UNSUPPORTED_MEDIA_TYPE, getattr(context.get("view"), "media_type_help", detail))
        case exceptions.Throttled():
            seconds = max(1, int(getattr(exc, "wait", None) or 1))
            detail = f"This key or user has made too many requests; try again in {seconds} seconds."
            return Problem(THROTTLED, detail, headers={"Retry-After": str(seconds)})
        case exceptions.ParseError():
            return Problem(MALFORMED, str(exc.detail))
        case RequestDataTooBig():
            return Problem(TOO_LARGE, "The body is larger than this server accepts; send it in parts.")
        case SuspiciousOperation() | UnreadablePostError():
            return Problem(MALFORMED, "The request could not be read.")
        case WrongFilter():
            return _wrong_filter(exc, context)
    problem = problem_of(exc, getattr(context.get("view"), "place_of", path_of))
    return problem if problem is not None else _server_error(exc, context)


def problem_of(error: Exception, place_of: Callable[[str], Path] = path_of) -> Problem | None:
    """Return the problem for what a service raised, or None if the table of errors does not know it.

    `place_of` says where in the body the field stands that the service names; input whose only fault is a taken
    external id is a 409.
    """
    details = details_of(error)
    if details is None:
        return None
    if details.kind in LOGGED:
        logger.error(LOGGED[details.kind], exc_info=error)
    errors = [_field_error(problem, place_of) for problem in details.fields]
    if details.kind is ErrorKind.INVALID:
        if not all(problem.code == "conflict" for problem in details.fields):
            return invalid(errors)
        advice = "Nothing was stored. Use another external_id or send the same text."
        return Problem(CONFLICT, f"{errors[0]['message']} {advice}", errors)
    detail = f"{details.sentence} {_ADVICE.get(details.kind, '')}".strip()
    return Problem(_KIND_OF_ERROR[details.kind], detail, errors, headers=details.headers)


def invalid(errors: Sequence[FieldError]) -> Problem:
    """Return the 400 problem for these fields; its detail repeats the first message, for a log line without fields."""
    more = f" ({len(errors) - 1} more below)" if len(errors) > 1 else ""
    detail = f"{errors[0]['message']}{more}" if errors else "The request is not valid."
    return Problem(INVALID, detail, errors)


def _field_error(problem: ValidationProblem, place_of: Callable[[str], Path]) -> FieldError:
    is_sentence = problem.message[:1].isupper() or ". " in problem.message
    message = problem.message if is_sentence else problem.message.rstrip(".")
    return field_error(place_of(problem.field), message, problem.code)


def _wrong_filter(error: WrongFilter, context: Mapping[str, Any]) -> Problem:
    request = context.get("request")
    if request is not None and request.method in ("GET", "HEAD"):
        return invalid([parameter_error(error.field, str(error), "invalid")])
    path = ("order",) if error.field == "order" else ("filters", error.field)
    return invalid([field_error(path, str(error), "invalid")])


def _server_error(exc: Exception, context: Mapping[str, Any]) -> Problem:
    own_id = request_id.current() or uuid.uuid4().hex
    logger.error("request %s failed", own_id, exc_info=exc)
    request = context.get("request")
    got_request_exception.send(sender=None, request=getattr(request, "_request", request))
    detail = "Something failed on the server; the details are in its log under this request id."
    return Problem(SERVER_ERROR, detail, request_id=own_id)
