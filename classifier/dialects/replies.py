"""Replies of the dialects, in compact JSON, and their errors, by the kinds of `classifier/core/error_kinds.py`."""

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpResponse

from classifier.api_keys.quotas import QuotaState
from classifier.core.error_kinds import LOGGED, ErrorKind, details_of

logger = logging.getLogger(__name__)
# The dialects distinguish fewer errors: a caller can only try again, and none of them knows status 507.
COARSER = {
    ErrorKind.NO_MODEL: ErrorKind.NO_WORKER,
    ErrorKind.MODEL_BROKEN: ErrorKind.NO_WORKER,
    ErrorKind.NO_BROKER: ErrorKind.NO_WORKER,
    ErrorKind.DISK_FULL: ErrorKind.UNAVAILABLE,
}
ADVICE = {
    ErrorKind.NO_WORKER: "Try again shortly.",
    ErrorKind.NO_BROKER: "Try again shortly.",
    ErrorKind.TIMEOUT: "Try again.",
    ErrorKind.UNAVAILABLE: "Try again shortly.",
}


class DialectReply(HttpResponse):
    """An answer in the caller's own format, which no middleware may translate."""


def reply(body: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """Answer with `body` as JSON, which no cache keeps: a key may stand in the address."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return DialectReply(
        text.encode(),
        status=status,
        headers={"Cache-Control": "no-store", **(headers or {})},
        content_type="application/json; charset=utf-8",
    )


@dataclass(eq=False)
class DialectError(Exception):
    """Raise this to answer with an error; `code` is the dialect's own name for it, `details` the rest of it."""

    kind: ErrorKind
    message: str
    code: str = ""
    param: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    quota: QuotaState | None = None


@dataclass(frozen=True)
class Dialect:
    """How one service formats its errors: the body, and the status of each kind that differs from the usual one."""

    statuses: Mapping[ErrorKind, int]
    body: Callable[[DialectError, int], dict[str, Any]]
    name: str

    def answer(self, error: DialectError) -> HttpResponse:
        status = self.statuses.get(error.kind, error.kind.status)
        headers = {"WWW-Authenticate": 'Bearer realm="toxicsite"'} if status == 401 else {}
        return reply(self.body(error, status), status=status, headers={**headers, **error.headers})

    def finish(self, response: HttpResponse) -> None:
        """Change what every reply of a view has in common, quota headers included; a dialect may override this."""


def dialect_error(error: Exception) -> DialectError | None:
    """Return the error to answer with for an exception of a service, or None if the table of errors lacks it."""
    details = details_of(error)
    if details is None:
        return None
    if details.kind in LOGGED:
        logger.error(LOGGED[details.kind], exc_info=error)
    message = f"{details.sentence} {ADVICE.get(details.kind, '')}".strip()
    return DialectError(COARSER.get(details.kind, details.kind), message, headers=details.headers)
