"""One table of the errors of services: the kind and the sentence of each, from which every face makes its reply.

`details_of(error)` reads the table. Its renderings are `classifier/api/problems.py` (problems of the REST API),
`classifier/dialects/replies.py` (each dialect's own format), `classifier/web/refusals.py` (messages of pages and of the
admin, and their statuses), `classifier/scoring/pages/problems.py` (a page without a score) and
`classifier/management/errors.py` (commands). An application above adds its own errors with `errors_register`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError

from classifier.core.errors import (
    ApiKeyInvalid,
    ArtifactRejected,
    BatchTimeout,
    ClaimTaken,
    DecisionConflict,
    GateClosed,
    ModelBroken,
    NoBroker,
    NoModel,
    NothingToRollBackTo,
    NotPossibleNow,
    NoWorker,
    PolicyConflict,
    ScoreTimeout,
    TextGone,
    VersionConflict,
    WrongFilter,
)
from classifier.core.validation import InvalidInput, ValidationProblem
from toxicsite.lib.lifecycle import IllegalTransition, LostRace
from toxicsite.lib.storage_errors import NOTHING_STORED, RETRY_SECONDS, DiskFull, is_disk_full


class ErrorKind(Enum):
    """What went wrong, as far as a caller can act on it; `status` is the HTTP status where a face has no other."""

    MALFORMED = "malformed", 400  # the body cannot be read
    INVALID = "invalid", 400  # it can, and a field of it is wrong
    UNPROCESSABLE = "unprocessable", 400  # nothing in it is wrong, but this server cannot answer to it
    TOO_LARGE = "too large", 413
    NO_KEY = "no key", 401
    BAD_KEY = "bad key", 401
    NOT_ALLOWED = "not allowed", 403
    NOT_FOUND = "not found", 404
    METHOD_NOT_SUPPORTED = "method not supported", 405
    QUOTA_EXCEEDED = "quota exceeded", 429
    NOT_NOW = "not now", 409  # the state of the object does not allow it
    TEXT_ERASED = "text erased", 409
    GATE_CLOSED = "gate closed", 409
    CHANGED_MEANWHILE = "changed meanwhile", 409  # since the caller read it
    NO_WORKER = "no worker", 503
    NO_MODEL = "no model", 503
    MODEL_BROKEN = "model broken", 503
    NO_BROKER = "no broker", 503
    TIMEOUT = "timeout", 504
    UNAVAILABLE = "unavailable", 503  # the database does not answer
    DISK_FULL = "disk full", 507
    BROKEN = "broken", 500

    def __init__(self, _: str, status: int) -> None:
        self.status = status


# A rule of the service says no, and nothing was changed; all other kinds blame the caller's rights or the server.
REFUSALS = frozenset(
    {
        ErrorKind.INVALID,
        ErrorKind.NOT_NOW,
        ErrorKind.TEXT_ERASED,
        ErrorKind.GATE_CLOSED,
        ErrorKind.CHANGED_MEANWHILE,
    }
)

LOGGED = {ErrorKind.DISK_FULL: "the disk is full", ErrorKind.UNAVAILABLE: "the database does not answer"}
_RETRY_AFTER = {
    ErrorKind.NO_WORKER: 5,
    ErrorKind.NO_MODEL: 5,
    ErrorKind.MODEL_BROKEN: 5,
    ErrorKind.NO_BROKER: 5,
    ErrorKind.TIMEOUT: 5,
    ErrorKind.UNAVAILABLE: 5,
    ErrorKind.DISK_FULL: RETRY_SECONDS,
}


def own_sentence(error: Exception) -> str:
    """Return the message of `error` as a sentence: with a capital and a full stop."""
    message = str(error)
    message = message[:1].upper() + message[1:]
    return message if message.endswith((".", "!", "?")) else f"{message}."


def sentence_about_a_user(error: Exception) -> str:
    """Return the message with a full stop; it begins with a username, which keeps its case."""
    message = str(error)
    return message if message.endswith((".", "!", "?")) else f"{message}."


def no_fields(error: Exception) -> Sequence[ValidationProblem]:
    """Return no fields, for an error that is about none."""
    return ()


def field_not_kept(error: Any) -> Sequence[ValidationProblem]:
    """Return the field that could not be kept because the disk is full, where it has a name."""
    return [ValidationProblem(error.field, "The disk is full.", "no_room")] if error.field else []


@dataclass(frozen=True)
class Row:
    """The kind of one class of errors, and how its sentence and fields are read from an error."""

    kind: ErrorKind
    sentence: Callable[[Any], str] = own_sentence
    fields: Callable[[Any], Sequence[ValidationProblem]] = no_fields


@dataclass(frozen=True)
class ErrorDetails:
    """The kind of an error, a whole sentence, and what is wrong with which fields, if it is about fields."""

    kind: ErrorKind
    sentence: str
    fields: Sequence[ValidationProblem] = ()

    @property
    def headers(self) -> Mapping[str, str]:
        """The HTTP headers of the reply: after how many seconds to try again."""
        seconds = _RETRY_AFTER.get(self.kind)
        return {} if seconds is None else {"Retry-After": str(seconds)}


_table: dict[type[Exception], Row] = {
    InvalidInput: Row(
        ErrorKind.INVALID,
        lambda error: " ".join(problem.message for problem in error.problems),
        lambda error: error.problems,
    ),
    WrongFilter: Row(
        ErrorKind.INVALID, fields=lambda error: [ValidationProblem(error.field, str(error), "invalid")]
    ),
    ArtifactRejected: Row(ErrorKind.NOT_NOW),
    ClaimTaken: Row(ErrorKind.NOT_NOW, sentence_about_a_user),
    DecisionConflict: Row(ErrorKind.NOT_NOW, sentence_about_a_user),
    IllegalTransition: Row(ErrorKind.NOT_NOW),
    LostRace: Row(ErrorKind.NOT_NOW),
    NothingToRollBackTo: Row(ErrorKind.NOT_NOW),
    NotPossibleNow: Row(ErrorKind.NOT_NOW),
    TextGone: Row(ErrorKind.TEXT_ERASED),
    GateClosed: Row(
        ErrorKind.GATE_CLOSED,
        fields=lambda error: [
            ValidationProblem("override_reason", reason, "gate") for reason in error.reasons
        ],
    ),
    PolicyConflict: Row(ErrorKind.CHANGED_MEANWHILE),
    VersionConflict: Row(ErrorKind.CHANGED_MEANWHILE),
    PermissionDenied: Row(
        ErrorKind.NOT_ALLOWED,
        lambda error: own_sentence(error) if str(error) else "You do not have permission to do this.",
    ),
    ApiKeyInvalid: Row(ErrorKind.BAD_KEY, lambda _: "The API key is unknown, revoked or expired."),
    NoWorker: Row(ErrorKind.NO_WORKER, lambda _: "No worker is there to score the text."),
    NoModel: Row(ErrorKind.NO_MODEL, lambda _: "A worker runs, but it has no active model version."),
    ModelBroken: Row(ErrorKind.MODEL_BROKEN),
    NoBroker: Row(ErrorKind.NO_BROKER, lambda _: "The queue cannot be reached."),
    ScoreTimeout: Row(
        ErrorKind.TIMEOUT, lambda _: f"No verdict came within {settings.SCORE_DEADLINE_SECONDS:g} seconds."
    ),
    BatchTimeout: Row(
        ErrorKind.TIMEOUT,
        lambda _: "The worker did not score the whole batch in time. Send fewer texts at once.",
    ),
    DiskFull: Row(ErrorKind.DISK_FULL, fields=field_not_kept),
    OperationalError: Row(ErrorKind.UNAVAILABLE, lambda _: "The database does not answer."),
    InterfaceError: Row(ErrorKind.UNAVAILABLE, lambda _: "The database does not answer."),
}


def errors_register(rows: Mapping[type[Exception], Row]) -> None:
    """Add the errors of another application to the table."""
    _table.update(rows)


def details_of(error: Exception) -> ErrorDetails | None:
    """Return what to tell of `error`, by its class or nearest base class in the table; None for an unexpected one."""
    row = next((_table[known] for known in type(error).__mro__ if known in _table), None)
    if (row is None or row.kind is ErrorKind.UNAVAILABLE) and is_disk_full(error):
        return ErrorDetails(ErrorKind.DISK_FULL, NOTHING_STORED)
    if row is None:
        return None
    fields = row.fields(error)
    erased = next((problem for problem in fields if problem.code == "purged"), None)
    if erased is not None:
        return ErrorDetails(ErrorKind.TEXT_ERASED, erased.message)
    return ErrorDetails(row.kind, row.sentence(error), fields)


def refusal_of(error: Exception) -> ErrorDetails | None:
    """Do what `details_of` does for a rule of the service that says no; return None for everything else."""
    details = details_of(error)
    return details if details is not None and details.kind in REFUSALS else None
