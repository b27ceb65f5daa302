"""A socket that collects a request without waiting, judges it by its head, and gives a thread the whole.

gunicorn's threads read from a socket and wait for it as long as the other side likes. Here the head, and a body of up
to BUFFERED_BYTES, are collected before a thread sees the request; what is larger is read by a thread, but at a pace.
"""

import enum
import errno
import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

HEAD_BYTES = 64 * 1024
HEAD_SECONDS = 10.0
BUFFERED_BYTES = 1024 * 1024
RECEIVE_BYTES = 64 * 1024
SLOWEST = 16 * 1024  # bytes a second, after HEAD_SECONDS of grace
IO_SECONDS = 15.0  # one read or write by a thread

END_OF_HEAD = b"\r\n\r\n"
FIELD = re.compile(
    rb"^(content-length|transfer-encoding|expect)[ \t]*:[ \t]*([^\r\n]*)", re.IGNORECASE | re.MULTILINE
)


class ReadState(enum.Enum):
    """How much of a request has arrived."""

    NOT_YET = "more has to come"
    WHOLE = "a thread can answer without waiting"
    LARGE = "a thread has to read the body"
    HEAD_TOO_LARGE = "the head never ends"
    GONE = "the other side has closed"


class BufferedSocket(socket.socket):
    """A connection that hands out first what was collected, and then reads no slower than SLOWEST."""

    @classmethod
    def of(cls, accepted: socket.socket) -> "BufferedSocket":
        family, kind, proto = accepted.family, accepted.type, accepted.proto
        made = cls(family, kind, proto, fileno=accepted.detach())
        made.begin()
        return made

    def begin(self, already: bytes = b"") -> None:
        """Expect a request from now on; some of it may have come with the one before."""
        self.collected = bytearray(already)
        self.handed_out = 0
        self.searched = 0
        self.whole_at: int | None = None  # bytes of head and body, once the head is there
        self.promised = 0  # bytes of head and body, as the head says where it does
        self.large = False
        self.deadline = time.monotonic() + HEAD_SECONDS
        self.read_since: float | None = None
        self.read_bytes = 0

    def collect(self) -> ReadState:
        """Take what is there, without waiting."""
        self.settimeout(0)
        while True:
            try:
                data = super().recv(RECEIVE_BYTES)
            except (BlockingIOError, InterruptedError):
                return self._judge()
            except OSError:
                return ReadState.GONE
            if not data:
                return ReadState.GONE
            self.collected += data
            state = self._judge()
            if state is not ReadState.NOT_YET:
                return state

    def _judge(self) -> ReadState:
        if self.whole_at is None:
            end = self.collected.find(END_OF_HEAD, self.searched)
            if end < 0:
                self.searched = max(0, len(self.collected) - len(END_OF_HEAD) + 1)
                return ReadState.HEAD_TOO_LARGE if len(self.collected) > HEAD_BYTES else ReadState.NOT_YET
            if not self._understand(bytes(self.collected[: end + 2]), end + len(END_OF_HEAD)):
                return ReadState.LARGE
        assert self.whole_at is not None
        return ReadState.WHOLE if len(self.collected) >= self.whole_at else ReadState.NOT_YET

    def _understand(self, head: bytes, body_at: int) -> bool:
        """Note how long the request is; False where that is too long to collect, or not known.

        The server's own parser reads the head again and is the one that decides what is valid.
        """
        fields = {name.lower(): value.strip() for name, value in FIELD.findall(head)}
        length = fields.get(b"content-length", b"0")
        known = length.isdigit() and len(length) < 16 and b"transfer-encoding" not in fields
        size = int(length) if known else 0
        self.promised = body_at + size if known else 0
        if not known or size > BUFFERED_BYTES or (size and b"expect" in fields):
            self.large = True
            self.whole_at = body_at
            return False
        self.whole_at = body_at + size
        self.deadline = time.monotonic() + HEAD_SECONDS + size / SLOWEST
        return True

    # --- what threads call

    def setblocking(self, flag: bool) -> None:
        self.settimeout(IO_SECONDS if flag else 0)

    def recv(self, bufsize: int, flags: int = 0) -> bytes:
        if self.handed_out < len(self.collected):
            data = bytes(self.collected[self.handed_out : self.handed_out + bufsize])
            self.handed_out += len(data)
            return data
        now = time.monotonic()
        if self.read_since is None:
            self.read_since = now
        if now - self.read_since > HEAD_SECONDS + self.read_bytes / SLOWEST:
            raise ConnectionResetError(errno.ECONNRESET, "the body comes too slowly")
        with _slowness_is_a_lost_connection():
            data = super().recv(bufsize, flags)
        self.read_bytes += len(data)
        if not data and self.handed_out + self.read_bytes < self.promised:
            # gunicorn would hand on the part that came as if it were all
            raise ConnectionResetError(errno.ECONNRESET, "the body ended early")
        return data

    def sendall(self, data: Any, flags: int = 0) -> None:
        with _slowness_is_a_lost_connection():
            super().sendall(data, flags)

    def rest(self) -> bytes:
        """Return what was collected beyond the request that has been read."""
        return bytes(self.collected[self.handed_out :])

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        raise NotImplementedError("reads go through recv, which knows what was collected")


@contextmanager
def _slowness_is_a_lost_connection() -> Iterator[None]:
    """Turn a timeout into a lost connection.

    For any other error gunicorn writes a traceback, and anybody could fill a disk with those.
    """
    try:
        yield
    except TimeoutError as error:
        raise ConnectionResetError(errno.ECONNRESET, "the other side is too slow") from error
