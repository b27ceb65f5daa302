"""What endpoints of server-sent events share: the limit of open streams, the last event id, and their description."""

from collections.abc import Callable, Iterator, Sequence

from django.conf import settings
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework.request import Request

from classifier.api.authentication import api_key_of, caller
from classifier.api.field_errors import header_error
from classifier.api.problems import BUSY, Problem, invalid
from classifier.core.session_still_valid import still_admitted
from classifier.core.validation import whole_number
from toxicsite.lib.event_stream import (
    EventStreamResponse,
    Places,
    ServerEvent,
    TooManyStreams,
    client_left,
)

LAST_EVENT_ID = OpenApiParameter(
    "Last-Event-ID",
    OpenApiTypes.INT64,
    OpenApiParameter.HEADER,
    description="The `id` of the last event received: the stream goes on after it. Browsers send it by themselves.",
)
STREAM_HELP = """\
The answer is a stream of server-sent events (`text/event-stream`), for a browser's `EventSource` with a session or for
any client that reads lines. It ends after some minutes: connect again with `Last-Event-ID`, as an `EventSource` does by
itself. The server then sends what happened in between. An event may come twice, but none is lost. The stream also ends
when the account is closed or the key revoked. The number of open streams is limited; 503 means: try again later."""
STREAM = {(200, "text/event-stream"): OpenApiResponse(OpenApiTypes.STR, description="Events, one by one.")}


def last_event_id(request: Request) -> int | None:
    """Return the id that was sent. Raises the 400 problem for what cannot be an id of a stream."""
    sent = request.headers.get("Last-Event-ID", "").strip()
    if not sent:
        return None
    number = whole_number(sent, most=10**18 - 1)
    if number is None:
        raise invalid([header_error("Last-Event-ID", "is not an id of this stream", "invalid")])
    return number


def event_stream(request: Request, look: Iterator[Sequence[ServerEvent] | None]) -> EventStreamResponse:
    """Answer with a stream; a HEAD request gets its headers only.

    Raises the 503 problem if too many streams are open.
    """
    try:
        _PLACES.take()
    except TooManyStreams as error:
        raise Problem(BUSY, f"{error} Try again in a while.", headers={"Retry-After": "30"}) from None
    only_head = request.method == "HEAD"
    return EventStreamResponse(
        iter([None]) if only_head else look,
        places=_PLACES,
        every=settings.API_STREAM_LOOK_SECONDS,
        seconds=settings.API_STREAM_SECONDS,
        over=(lambda: True) if only_head else _is_over(request),
    )


def _is_over(request: Request) -> Callable[[], bool]:
    """Return a function that says whether the client has hung up, or its key or session has become invalid."""
    left, user, api_key = client_left(request._request), caller(request), api_key_of(request)
    session = None if api_key is not None else request._request.session

    def over() -> bool:
        if left() or not still_admitted(user=user, api_key=api_key):
            return True
        return session is not None and not session.exists(session.session_key or "")

    return over


_PLACES = Places(settings.API_STREAMS_MAX)
