"""gunicorn's threaded worker, safe from slow clients: a thread gets a request when it has arrived.

Slow heads, slow bodies and connections that say nothing cost a place in the poll set and no thread, and end when their
time is over. At most half of the threads read large bodies; a client that sends one too slowly is cut off. Closing
waits for the other side in the poll set, too: gunicorn does that on the thread that accepts everybody else.
"""

import contextlib
import errno
import selectors
import socket
import time
from functools import partial
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker

from toxicsite.launcher.buffered_socket import BufferedSocket, ReadState

COLLECTED_BYTES = 128 * 1024 * 1024  # of all requests that have not arrived yet
LINGER_SECONDS = 2.0
LINGER_BYTES = 16 * 1024 * 1024
REFUSALS = {
    ReadState.HEAD_TOO_LARGE: b"431 Request Header Fields Too Large",
    ReadState.NOT_YET: b"408 Request Timeout",
    ReadState.LARGE: b"503 Service Unavailable",
}


class BufferingWorker(ThreadWorker):  # type: ignore[misc]
    """`worker_class = "toxicsite.launcher.buffering_worker.BufferingWorker"`"""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.arriving: dict[Any, None] = {}  # in the order they began
        self.ending: dict[Any, tuple[float, int]] = {}  # until when, and how much was thrown away
        self.large = 0

    # --- from the listener, or from a connection kept alive, to a thread

    def accept(self, listener: Any) -> None:
        try:
            accepted, address = listener.accept()
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.ECONNABORTED, errno.EWOULDBLOCK):
                raise
            return
        self.nr_conns += 1
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._expect(TConn(self.cfg, BufferedSocket.of(accepted), address, listener.getsockname()))

    def on_client_socket_readable(self, conn: Any, client: Any) -> None:
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        conn.sock.begin()
        self._expect(conn)

    def _expect(self, conn: Any) -> None:
        """Read at once: mostly the request is there already, and need not go through the poll set."""
        state = conn.sock.collect()
        if state is not ReadState.NOT_YET:
            self._settle(conn, state)
            return
        self.arriving[conn] = None
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._more, conn))

    def _more(self, conn: Any, _: Any) -> None:
        state = conn.sock.collect()
        if state is ReadState.NOT_YET:
            if self._collected() > COLLECTED_BYTES:
                self._forget_arriving(conn)
                self._refuse(conn, ReadState.LARGE)
            return
        self._forget_arriving(conn)
        self._settle(conn, state)

    def _settle(self, conn: Any, state: ReadState) -> None:
        if state is ReadState.GONE:
            self._drop(conn)
        elif state is ReadState.HEAD_TOO_LARGE or (
            state is ReadState.LARGE and self.large >= max(1, self.cfg.threads // 2)
        ):
            self._refuse(conn, state)
        else:
            self.large += state is ReadState.LARGE
            conn.data_ready = True
            self.enqueue_req(conn)

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Answer the request; end the connection if a large body was left unread: it is not worth a thread's time."""
        if conn.sock.large:
            req.force_close()
        return super().handle_request(req, conn)

    def _keepalive_after(self, conn: Any, keepalive: bool) -> bool:
        """Skip what was collected of an unread body: gunicorn would end the connection instead,
        after an answer that promised to keep it, and the client's next request would be lost."""
        return keepalive and bool(conn.parser.finish_body())

    # --- the end of a request, and of what takes too long

    def finish_request(self, conn: Any, fs: Any) -> None:
        if conn.sock.large:
            self.large -= 1
            conn.sock.large = False
        try:
            keep = not fs.cancelled() and fs.result()
        except Exception:
            keep = False
        already = conn.parser.unreader.take_buffered() + conn.sock.rest() if keep else b""
        if already:
            conn.sock.begin(already)
            self._expect(conn)
        elif keep:
            super().finish_request(conn, fs)
        else:
            self._linger(conn)

    def murder_pending(self) -> None:
        """End the connections whose time is over; gunicorn calls this about once a second."""
        super().murder_pending()
        now = time.monotonic()
        for conn in [conn for conn in self.arriving if self._is_over(conn, now)]:
            self._forget_arriving(conn)
            if conn.sock.collected:
                self._refuse(conn, ReadState.NOT_YET)
            else:
                self._drop(conn)
        for conn in [conn for conn, (until, _) in self.ending.items() if until < now]:
            self._end(conn)
        while self.nr_conns > 0.9 * self.worker_connections and self.arriving:
            oldest = next(iter(self.arriving))  # room for clients that will send something
            self._forget_arriving(oldest)
            self._drop(oldest)

    def _is_over(self, conn: Any, now: float) -> bool:
        # A stopping worker waits for requests that have begun, not for silent connections.
        return bool(conn.sock.deadline < now or (not self.alive and not conn.sock.collected))

    def _refuse(self, conn: Any, state: ReadState) -> None:
        head = b"HTTP/1.1 %s\r\nConnection: close\r\nContent-Length: 0\r\n" % REFUSALS[state]
        retry = b"Retry-After: 5\r\n" if state is ReadState.LARGE else b""
        try:
            conn.sock.settimeout(0)
            conn.sock.send(head + retry + b"\r\n")
        except OSError:
            pass  # a client that does not read its answer does not get it
        self._linger(conn)

    def _linger(self, conn: Any) -> None:
        """Close without a reset that would take the answer away from a client that is still sending."""
        try:
            conn.sock.settimeout(0)
            conn.sock.shutdown(socket.SHUT_WR)
            self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._throw_away, conn))
        except (OSError, ValueError, KeyError):
            self._drop(conn)
            return
        self.ending[conn] = (time.monotonic() + LINGER_SECONDS, 0)

    def _throw_away(self, conn: Any, _: Any) -> None:
        until, thrown = self.ending[conn]
        try:
            data = socket.socket.recv(conn.sock, 65_536)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data or thrown > LINGER_BYTES:
            self._end(conn)
        else:
            self.ending[conn] = (until, thrown + len(data))

    def _end(self, conn: Any) -> None:
        del self.ending[conn]
        self._unregister(conn)
        self._drop(conn)

    def _forget_arriving(self, conn: Any) -> None:
        del self.arriving[conn]
        self._unregister(conn)

    def _unregister(self, conn: Any) -> None:
        with contextlib.suppress(OSError, KeyError, ValueError):
            self.poller.unregister(conn.sock)

    def _drop(self, conn: Any) -> None:
        self.nr_conns -= 1
        conn.close()

    def _collected(self) -> int:
        return sum(len(conn.sock.collected) for conn in self.arriving)
