"""The reference service of a key beside the answer of this site: observed after it, or followed in its place."""

from collections.abc import Callable
from typing import Protocol

from django.http import HttpResponse

from classifier.core.error_kinds import ErrorKind
from classifier.dialects.errors import DialectError
from classifier.dialects.replies import DialectReply
from classifier.models import ApiKey, Wire
from classifier.references.calls import OwnAnswer
from classifier.references.follow import follow_begin, follow_record
from classifier.references.observe import observe

ANSWERED_BY = "Toxicsite-Answered-By"
# What the reference service may answer although this site cannot; keys, quotas and scopes are this site's own matter.
REPLACEABLE = frozenset(
    {ErrorKind.INVALID, ErrorKind.UNPROCESSABLE, ErrorKind.NO_WORKER, ErrorKind.TIMEOUT, ErrorKind.BROKEN}
)


class Answering(Protocol):
    """The view, as far as this needs it: `own` is there once this site has its answer."""

    own: OwnAnswer | None
    extra_headers: dict[str, str]
    unless: Callable[[], bool] | None

    def raw_body(self) -> bytes: ...
    def body(self) -> dict[str, object]: ...


def with_reference(
    view: Answering, wire: Wire, api_key: ApiKey, answer: Callable[[], HttpResponse]
) -> HttpResponse:
    """This site's answer or, where the key follows a reference service that has one, that service's as it came."""
    view.body()  # what is no JSON object goes nowhere
    follow = follow_begin(api_key=api_key, wire=wire, body=view.raw_body())
    if follow is None:
        response = answer()
        if view.own is not None:
            observe(api_key=api_key, own=view.own)
        return response
    view.unless = follow.overtaken
    own_error: DialectError | None = None
    try:
        response = answer()
    except DialectError as error:
        if error.kind not in REPLACEABLE:
            raise
        own_error = error
    reply = follow.reply()
    follow_record(api_key=api_key, follow=follow, own=view.own)
    if reply.answered:
        view.extra_headers.clear()
        view.extra_headers[ANSWERED_BY] = "reference"
        headers = {"Cache-Control": "no-store"}
        return DialectReply(reply.body, headers=headers, content_type="application/json; charset=utf-8")
    answered_by = f"own; reason={reply.failure}"
    if own_error is not None:
        own_error.headers = {**own_error.headers, ANSWERED_BY: answered_by}
        raise own_error
    view.extra_headers[ANSWERED_BY] = answered_by
    return response
