"""Server-sent events (WHATWG HTML, 9.2): their encoding, and the limits on how long and how many.

A stream holds a thread of the web process, so their number is limited, and each ends after a while: its client
reconnects by itself and continues after the last id that it received (`Last-Event-ID`).
"""

import json
import select
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connections
from django.http import HttpRequest, StreamingHttpResponse

RETRY_MILLISECONDS = 2_000
HANG_UPS = select.POLLHUP | select.POLLERR | select.POLLNVAL | getattr(select, "POLLRDHUP", 0)
ALIVE_SECONDS = 15.0  # a comment line when nothing happens, so that proxies keep the connection


class TooManyStreams(Exception):
    """The limit of open streams of this process is reached."""


@dataclass(frozen=True)
class ServerEvent:
    """`id` is what the client sends when it reconnects; without one the last stays."""

    name: str
    data: Any
    id: str = ""

    def encode(self) -> str:
        """Return the event as it is sent; one data line is enough, because JSON escapes line breaks."""
        lines = [f"id: {self.id}"] if self.id else []
        lines += [f"event: {self.name}", f"data: {json.dumps(self.data)}"]
        return "\n".join(lines) + "\n\n"


@dataclass
class Places:
    """The limit of streams that may be open at once in this process."""

    most: int
    taken: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self) -> None:
        """Take one place. Raises TooManyStreams."""
        with self.lock:
            if self.taken >= self.most:
                raise TooManyStreams(f"{self.most} streams are open already.")
            self.taken += 1

    def leave(self) -> None:
        with self.lock:
            self.taken -= 1


class EventStreamResponse(StreamingHttpResponse):
    """A response that sends what `look` yields, each `every` seconds, for `seconds`; an empty turn sends nothing.

    `look` yields the events of one turn, or None once nothing more will ever come. It is not asked again once
    the stream is `over`, because its client has left or may no longer follow. The place in `places`, which the caller
    has taken, is left when the stream ends, however it ends.
    """

    def __init__(
        self,
        look: Iterator[Sequence[ServerEvent] | None],
        *,
        places: Places,
        every: float,
        seconds: float,
        over: Callable[[], bool],
    ) -> None:
        self._places: Places | None = places
        super().__init__(_turns(look, every, seconds, over), content_type="text/event-stream; charset=utf-8")
        self["Cache-Control"] = "no-store"
        self["X-Accel-Buffering"] = "no"  # nginx would hold events back

    def close(self) -> None:
        super().close()
        places, self._places = self._places, None
        if places is not None:
            places.leave()


def client_left(request: HttpRequest) -> Callable[[], bool]:
    """Return a check for a client that has hung up: a server only notices when it writes, and quiet streams rarely do.

    Only gunicorn says over which connection the request came; under other servers a client seems never to leave.
    """
    connection = request.META.get("gunicorn.socket")
    if connection is None:
        return lambda: False

    def left() -> bool:
        poll = select.poll()
        poll.register(connection, HANG_UPS)
        return any(event & HANG_UPS for _, event in poll.poll(0))

    return left


def _turns(
    look: Iterable[Sequence[ServerEvent] | None], every: float, seconds: float, over: Callable[[], bool]
) -> Iterator[str]:
    end = time.monotonic() + seconds
    yield f"retry: {RETRY_MILLISECONDS}\n\n"
    spoke = time.monotonic()
    for events in look:
        if events is None:
            return
        for event in events:
            yield event.encode()
        now = time.monotonic()
        if events:
            spoke = now
        elif now - spoke >= ALIVE_SECONDS:
            yield ": still here\n\n"
            spoke = now
        if now >= end or over():
            return
        for connection in connections.all(initialized_only=True):
            if not connection.in_atomic_block:
                connection.close_if_unusable_or_obsolete()
        time.sleep(every)
