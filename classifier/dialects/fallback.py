"""Errors that Django answers before or around a dialect's view, in the format of the dialect of that path."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from classifier.core.error_kinds import ErrorKind
from classifier.dialects import openai, tei
from classifier.dialects.akismet import errors as akismet
from classifier.dialects.azure import errors as azure
from classifier.dialects.perspective import errors as perspective
from classifier.dialects.replies import Dialect, DialectError
from toxicsite.lib.storage_errors import NOTHING_STORED

# The beginning of each service's paths; an exact path has no slash at its end.
PREFIXES: dict[str, Dialect] = {
    "/v1alpha1/": perspective.DIALECT,
    "/$discovery/": perspective.DIALECT,
    "/discovery/": perspective.DIALECT,
    "/batch": perspective.DIALECT,
    "/batch/": perspective.DIALECT,
    "/v1/": openai.DIALECT,
    "/1.1/": akismet.DIALECT,
    "/1.2/": akismet.DIALECT,
    "/contentsafety/": azure.DIALECT,
    "/predict": tei.DIALECT,
    "/huggingface": tei.DIALECT,
    "/info": tei.DIALECT,
    "/health": tei.DIALECT,
}
KIND_OF_STATUS = {
    400: ErrorKind.MALFORMED,
    403: ErrorKind.NOT_ALLOWED,
    404: ErrorKind.NOT_FOUND,
    405: ErrorKind.METHOD_NOT_SUPPORTED,
    413: ErrorKind.TOO_LARGE,
    503: ErrorKind.UNAVAILABLE,
    507: ErrorKind.UNAVAILABLE,
}


def dialect_of(path: str) -> Dialect | None:
    """Return the dialect that answers at `path`, or None."""
    for prefix, dialect in PREFIXES.items():
        if path.startswith(prefix) if prefix.endswith("/") else path.rstrip("/") == prefix:
            return dialect
    return None


def fallback_answer(dialect: Dialect, status: int, request: HttpRequest) -> HttpResponse:
    """Answer in the format of `dialect` what Django answered with `status`."""
    messages = {
        400: "The request was refused before it was read: check the Host header and the form of the request.",
        403: "The request was refused.",
        404: f"There is nothing at {request.method} {request.path}.",
        405: f"{request.method} is not supported at {request.path}.",
        503: "The database does not answer. Try again shortly.",
        507: NOTHING_STORED,
        413: f"Request payload size exceeds the limit: {settings.DATA_UPLOAD_MAX_MEMORY_SIZE} bytes.",
    }
    if status == 404 and request.path.startswith("/batch"):
        messages[404] = f"There is nothing at {request.method} {request.path}. Batches of calls go to /batch."
    message = messages.get(status, "Something failed on the server.")
    return dialect.answer(DialectError(KIND_OF_STATUS.get(status, ErrorKind.BROKEN), message))
