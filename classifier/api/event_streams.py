"""What endpoints of server-sent events share: a place for the stream, the last id, and how the OpenAPI file says it."""

from collections.abc import Callable, Iterator, Sequence

from django.conf import settings
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse
from rest_framework.request import Request

from classifier.api.field_errors import header_error
from classifier.api.permissions import api_key_of, caller
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
    description="The last `id` that came; the stream goes on behind it. Browsers send it by themselves.",
)
STREAM_HELP = """\
A stream of server-sent events (`text/event-stream`), for a browser's `EventSource` with a session or any client that
reads lines. It ends after some minutes: connect again with `Last-Event-ID`, as an `EventSource` does by itself. What
happened in between is sent then; an event may come twice, never not at all. It ends as well when the account is closed
or the key revoked. So many streams are open at once as the server allows; 503 says to come back later."""


def stream_answer() -> dict[tuple[int, str], OpenApiResponse]:
    return {(200, "text/event-stream"): OpenApiResponse(OpenApiTypes.STR, description="Events, one by one.")}


def stream_example(events: str) -> OpenApiExample:
    return OpenApiExample(
        "Events", events, media_type="text/event-stream", response_only=True, status_codes=["200"]
    )


def last_event_id(request: Request) -> int | None:
    """What the client sent; raises the 400 problem where no stream here ever gave such an id."""
    sent = request.headers.get("Last-Event-ID", "").strip()
    if not sent:
        return None
    number = whole_number(sent, most=10**18 - 1)
    if number is None:
        raise invalid([header_error("Last-Event-ID", "is no id of this stream", "invalid")])
    return number


def event_stream(request: Request, look: Iterator[Sequence[ServerEvent] | None]) -> EventStreamResponse:
    """Answer with a stream; without following anything where only its head was asked for.

    Raises the 503 problem when as many are open as may be.
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
        over=(lambda: True) if only_head else _over(request),
    )


def _over(request: Request) -> Callable[[], bool]:
    """Tells whether the client has hung up, or may not come in any more as it did."""
    left, user, api_key = client_left(request._request), caller(request), api_key_of(request)
    session = None if api_key is not None else request._request.session

    def over() -> bool:
        if left() or not still_admitted(user=user, api_key=api_key):
            return True
        return session is not None and not session.exists(session.session_key or "")

    return over


_PLACES = Places(settings.API_STREAMS_MAX)
