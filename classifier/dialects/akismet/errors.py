"""Akismet's replies: the verdict is the whole body, in plain text, and whatever is no verdict says why in a header.

A key that may not do this is HTTP 200 with `invalid`, and a fault of the request 200 with a sentence. Where this server
cannot judge, the status is 429 or from 500 on, so that no client takes the reply for a verdict.
"""

from typing import Any

from django.http import HttpResponse

from classifier.core.error_kinds import ErrorKind
from classifier.dialects.replies import Dialect, DialectError, DialectReply

DEBUG_HELP = "X-akismet-debug-help"
TRUE, FALSE, VALID, INVALID = "true", "false", "valid", "invalid"
THANKS = "Thanks for making the web a better place."
HELP_CHARACTERS = 400
NO_KEY = "No API key was sent: it stands in the field api_key, in key, or before the host name."
BAD_KEY = "This API key is unknown, revoked or expired."
KEY_KINDS = frozenset({ErrorKind.NO_KEY, ErrorKind.BAD_KEY, ErrorKind.NOT_ALLOWED})
REQUEST_KINDS = frozenset({ErrorKind.INVALID, ErrorKind.MALFORMED, ErrorKind.UNPROCESSABLE})


def plain(text: str, *, status: int = 200, headers: dict[str, str] | None = None) -> HttpResponse:
    """Answer `text` and nothing else: every client compares the whole body."""
    return DialectReply(
        text.encode(),
        status=status,
        headers={"Cache-Control": "no-store", **(headers or {})},
        content_type="text/plain; charset=utf-8",
    )


def help_header(reason: str) -> dict[str, str]:
    """Return the header that says why a reply is no verdict; it never stands beside one."""
    line = " ".join(reason.split()).encode("ascii", "backslashreplace").decode()
    return {DEBUG_HELP: line[:HELP_CHARACTERS]}


def error_body(error: DialectError, status: int) -> dict[str, Any]:
    raise NotImplementedError("errors of Akismet are plain text")


class AkismetErrors(Dialect):
    def answer(self, error: DialectError) -> HttpResponse:
        headers = {**error.headers, **help_header(error.details.get("help") or error.message)}
        if error.kind in KEY_KINDS:
            reason = {ErrorKind.NO_KEY: NO_KEY, ErrorKind.BAD_KEY: error.details.get("help") or BAD_KEY}
            return plain(INVALID, headers=help_header(reason.get(error.kind, error.message)))
        status = 200 if error.kind in REQUEST_KINDS else self.statuses.get(error.kind, error.kind.status)
        return plain(error.message, status=status, headers=headers)


DIALECT = AkismetErrors({}, error_body, "akismet")


def missing_field(name: str) -> DialectError:
    return DialectError(
        ErrorKind.INVALID,
        f"Missing required field: {name}.",
        param=name,
        details={"help": f'Empty "{name}" value'},
    )
