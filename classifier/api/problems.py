"""Every error of the API as an RFC 9457 problem, whoever raised it: the view, DRF, Django or a bug.

A problem has `type`, `title`, `status`, `detail` and `errors`; each error names the place (a JSON pointer
into the body, or a query parameter), says what is wrong there and carries a stable code.
"""

import logging
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypedDict

from django.conf import settings
from django.core.exceptions import (
    ObjectDoesNotExist,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
)
from django.core.signals import got_request_exception
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, JsonResponse, UnreadablePostError
from rest_framework import exceptions
from rest_framework.response import Response

from classifier.api.field_errors import FieldError, field_error, flatten, path_of
from toxicsite.lib import request_id
from toxicsite.lib.storage_errors import NOTHING_STORED, RETRY_SECONDS, DiskFull, is_disk_full

logger = logging.getLogger(__name__)
PROBLEM_TYPE = "application/problem+json"
AWAY = "The database does not answer. Try again in a few seconds."


@dataclass(frozen=True)
class Kind:
    """One sort of problem; `slug` is the stable end of its type URI."""

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
    """DRF's hook: turn whatever a view raised into a problem response."""
    problem = _problem_for(exc, context)
    return Response(
        problem.body(),
        status=problem.kind.status,
        headers=dict(problem.headers),
        content_type=PROBLEM_TYPE,
    )


def plain_response(status: int, request: HttpRequest) -> JsonResponse:
    """The problem for an error that Django answered before or after any view of the API ran."""
    kind = _KIND_OF_STATUS.get(status) or Kind(f"status-{status}", status, f"HTTP status {status}")
    details = {
        400: "The request was refused before it was read: check the Host header and the form of the request.",
        403: "The request was refused: the session's CSRF token is missing or wrong.",
        404: f"Nothing lives at {request.path}. The API is described at /api/docs/.",
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
        case PermissionDenied():
            reason = str(exc) or "You do not have permission to do this."
            return Problem(FORBIDDEN, reason if reason.endswith(".") else f"{reason}.")
        case exceptions.NotFound() | Http404() | ObjectDoesNotExist():
            return Problem(NOT_FOUND, "There is no such thing here, or it is not yours to see.")
        case exceptions.MethodNotAllowed():
            return Problem(METHOD_NOT_ALLOWED, f"{exc.detail} The Allow header lists what is supported.")
        case exceptions.UnsupportedMediaType():
            detail = "Send the body as JSON, with the header Content-Type: application/json."
            return Problem(UNSUPPORTED_MEDIA_TYPE, detail)
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
        case _ if is_disk_full(exc):
            logger.error("the disk is full", exc_info=exc)
            return disk_full(exc.field if isinstance(exc, DiskFull) else "")
        case OperationalError() | InterfaceError():
            logger.error("the database does not answer", exc_info=exc)
            return Problem(UNAVAILABLE, AWAY, headers={"Retry-After": "5"})
    return _server_error(exc, context)


def disk_full(field: str = "") -> Problem:
    """507: there is no room for this; `field` is what could not be kept, where it has a name."""
    errors = [field_error(path_of(field), "The disk is full.", "no_room")] if field else []
    return Problem(NO_ROOM, NOTHING_STORED, errors, headers={"Retry-After": str(RETRY_SECONDS)})


def invalid(errors: Sequence[FieldError]) -> Problem:
    """400 for these fields; the detail repeats the first message, so that a bare log line is enough."""
    more = f" ({len(errors) - 1} more below)" if len(errors) > 1 else ""
    detail = f"{errors[0]['message']}{more}" if errors else "The request is not valid."
    return Problem(INVALID, detail, errors)


def _server_error(exc: Exception, context: Mapping[str, Any]) -> Problem:
    own_id = request_id.current() or uuid.uuid4().hex
    logger.error("request %s failed", own_id, exc_info=exc)
    request = context.get("request")
    got_request_exception.send(sender=None, request=getattr(request, "_request", request))
    detail = "Something failed on the server; the details are in its log under this request id."
    return Problem(SERVER_ERROR, detail, request_id=own_id)
