"""Azure's errors: {"error": {"code", "message"}}, with the code in the header `x-ms-error-code` as well."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse

from classifier.core.error_kinds import ErrorKind
from classifier.dialects.replies import Dialect, DialectError

CODE_HEADER = "x-ms-error-code"
BAD_KEY = (
    "Access denied due to invalid subscription key: it is missing, unknown, revoked or expired. "
    "Send a key of this server in the header Ocp-Apim-Subscription-Key."
)
INVALID_BODY = "InvalidRequestBody"
NOT_FOUND = "ResourceNotFound"
STATUSES = {ErrorKind.TIMEOUT: 503}
CODES = {
    ErrorKind.NO_KEY: "401",
    ErrorKind.BAD_KEY: "401",
    ErrorKind.NOT_ALLOWED: "PermissionDenied",
    ErrorKind.NOT_FOUND: NOT_FOUND,
    ErrorKind.METHOD_NOT_SUPPORTED: "MethodNotAllowed",
    ErrorKind.TOO_LARGE: "RequestBodyTooLarge",
    ErrorKind.QUOTA_EXCEEDED: "TooManyRequests",
    ErrorKind.NO_WORKER: "ServerBusy",
    ErrorKind.TIMEOUT: "ServerBusy",
    ErrorKind.UNAVAILABLE: "ServerBusy",
    ErrorKind.BROKEN: "InternalError",
}
# Azure's clients sleep for as long as `Retry-After` says, up to three times, whatever the error is.
RETRY_SECONDS_MAX = 60
RETRY_SECONDS = "1"


def code_of(error: DialectError) -> str:
    """Return Azure's name for an error: its own where the raiser gave one, else that of its kind."""
    own = error.code if error.code[:1].isupper() else ""
    return own or CODES.get(error.kind, INVALID_BODY)


def error_body(error: DialectError, status: int) -> dict[str, Any]:
    is_key = error.kind in (ErrorKind.NO_KEY, ErrorKind.BAD_KEY)
    return {"error": {"code": code_of(error), "message": BAD_KEY if is_key else error.message}}


class AzureErrors(Dialect):
    """The errors with their header, and without waits that a client would take literally."""

    def answer(self, error: DialectError) -> HttpResponse:
        response = super().answer(error)
        response.headers[CODE_HEADER] = code_of(error)
        self.finish(response)
        return response

    def finish(self, response: HttpResponse) -> None:
        """Keep `Retry-After` only where a client should wait, and only where the wait is short."""
        seconds = response.headers.get("Retry-After")
        if seconds is None:
            return
        if response.status_code == 503:
            response.headers["Retry-After"] = RETRY_SECONDS
        elif response.status_code != 429 or not _is_short(seconds):
            del response.headers["Retry-After"]


def _is_short(seconds: str) -> bool:
    return seconds.isdigit() and int(seconds) <= RETRY_SECONDS_MAX


DIALECT = AzureErrors(STATUSES, error_body, "azure")


def invalid(message: str, param: str = "", code: str = INVALID_BODY) -> DialectError:
    return DialectError(ErrorKind.INVALID, message, code=code, param=param)


def not_found(message: str) -> DialectError:
    return DialectError(ErrorKind.NOT_FOUND, message)


def headers_of(extra: Mapping[str, str]) -> dict[str, str]:
    """Return headers of an empty reply, which no cache keeps."""
    return {"Cache-Control": "no-store", **extra}
