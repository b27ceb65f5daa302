"""One request to another server: to a checked address, with a deadline over all of it, and a bounded part of the reply.

Webhooks, chat channels and reference services are called through it. httpcore2 asks its network backend for each
connection; ours resolves the name, checks the addresses and connects to one of those very addresses, and its streams
know the deadline.
The library follows no redirects, reads no proxies from the environment, and verifies TLS for the name in the URL.
"""

import socket
import ssl
import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cache
from ipaddress import ip_address
from typing import Any

import httpcore2
from django.conf import settings

from classifier.core.outbound_addresses import AddressRefused, address_problem, port_allowed

READ_MOST = 64 * 1024
KEPT_CHARACTERS = 1_000
ERROR_CHARACTERS = 300
ADDRESSES_MOST = 4


class Trouble(Enum):
    """What kept a request from its answer."""

    NONE = "none"
    TIMEOUT = "timeout"
    CONNECTION = "connection"


@dataclass(frozen=True)
class Answer:
    """The outcome of a request; with `status` None there was no answer, and `error` says why.

    `body` holds the reply only where the caller asked for it; `is_cut` says that it was longer than that.
    """

    status: int | None
    error: str = ""
    reply: str = ""
    retry_after: str = ""
    milliseconds: int = 0
    trouble: Trouble = Trouble.NONE
    body: bytes = field(default=b"", repr=False)
    is_cut: bool = False

    @property
    def taken(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


class TooSlow(Exception):
    """The deadline over the whole request has passed."""


class DeadlineStream(httpcore2.NetworkStream):
    """A stream whose reads and writes end at `deadline`, so that an answer sent byte by byte ends too."""

    def __init__(self, stream: httpcore2.NetworkStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(self._deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(self._deadline))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        secured = self._stream.start_tls(ssl_context, server_hostname, _left(self._deadline))
        return DeadlineStream(secured, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class CheckedBackend(httpcore2.NetworkBackend):
    """A network backend that connects only to addresses that outgoing calls may reach."""

    def __init__(self, deadline: float) -> None:
        self._deadline = deadline
        self._sockets = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        if not port_allowed(port):
            raise AddressRefused(f"Port {port} is not allowed.")
        failed: Exception = AddressRefused(f"{host} has no address.")
        for address in addresses_of(host, port)[:ADDRESSES_MOST]:
            seconds = min(settings.WEBHOOK_CONNECT_SECONDS, _left(self._deadline))
            try:
                # a literal address: nothing is resolved any more between the check and the connection
                stream = self._sockets.connect_tcp(address, port, seconds, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failed = error
            else:
                return DeadlineStream(stream, self._deadline)
        raise failed


def addresses_of(host: str, port: int) -> list[str]:
    """Return the addresses of a host that may be connected to. Raises AddressRefused where there is none."""
    try:
        entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise AddressRefused(f"The name {host} cannot be resolved.") from None
    refused = f"{host} has no address."
    usable: list[str] = []
    for *_, socket_address in entries:
        text = str(socket_address[0])
        problem = address_problem(ip_address(text))
        if problem is not None:
            refused = problem
        elif text not in usable:
            usable.append(text)
    if not usable:
        raise AddressRefused(refused)
    return usable


def post(
    *,
    url: str,
    body: bytes,
    headers: dict[str, str],
    seconds: float | None = None,
    keep_bytes: int = 0,
    method: str = "POST",
) -> Answer:
    """Send the request (by PUT where `method` says so); never raise for what a receiver or the network does.

    The whole exchange takes at most `seconds` (WEBHOOK_TOTAL_SECONDS unless given). The answer's `body` holds up to
    `keep_bytes` of the reply.
    """
    began = time.monotonic()
    within = settings.WEBHOOK_TOTAL_SECONDS if seconds is None else seconds
    answer = _try(url, body, headers, within, keep_bytes, method)
    taken = round((time.monotonic() - began) * 1_000)
    return replace(answer, error=answer.error[:ERROR_CHARACTERS], milliseconds=taken)


def plain(data: bytes) -> str:
    """Return the beginning of a reply as text that can be stored and shown."""
    text = data.decode("utf-8", "replace")[: KEPT_CHARACTERS * 2]
    kept = "".join(sign if sign.isprintable() or sign in "\n\t" else " " for sign in text)
    return kept.strip()[:KEPT_CHARACTERS]


@cache
def tls_context() -> ssl.SSLContext:
    """Return the system's certificate authorities, or those of SSL_CERT_FILE."""
    return httpcore2.default_ssl_context()


def _try(
    url: str, body: bytes, headers: dict[str, str], seconds: float, keep_bytes: int, method: str
) -> Answer:
    backend = CheckedBackend(time.monotonic() + seconds)
    try:
        with (
            httpcore2.ConnectionPool(ssl_context=tls_context(), network_backend=backend, retries=0) as pool,
            pool.stream(method, url, headers=list(headers.items()), content=body) as response,
        ):
            reply = _read(response, max(READ_MOST, keep_bytes + 1))
            given = {name.lower(): value for name, value in response.headers}
            after = given.get(b"retry-after", b"").decode("latin-1")
            return Answer(
                response.status,
                _said(response.status),
                plain(reply),
                after,
                body=reply[:keep_bytes],
                is_cut=len(reply) > keep_bytes > 0,
            )
    except AddressRefused as error:
        return Answer(None, str(error), trouble=Trouble.CONNECTION)
    except (TooSlow, httpcore2.ReadTimeout, httpcore2.WriteTimeout):
        return Answer(None, f"No whole answer within {seconds:g} seconds.", trouble=Trouble.TIMEOUT)
    except httpcore2.ConnectTimeout:
        return Answer(None, "No connection in time.", trouble=Trouble.TIMEOUT)
    except httpcore2.ConnectError as error:
        return Answer(None, f"No connection: {_cause(error)}", trouble=Trouble.CONNECTION)
    except (httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.UnsupportedProtocol) as error:
        return Answer(None, f"The connection broke: {_cause(error)}", trouble=Trouble.CONNECTION)


def _read(response: httpcore2.Response, most: int) -> bytes:
    """Return the beginning of the body; the rest stays unread and the connection is closed."""
    kept = bytearray()
    for chunk in response.iter_stream():
        kept += chunk
        if len(kept) >= most:
            break
    return bytes(kept)


def _said(status: int) -> str:
    if 200 <= status < 300:
        return ""
    if 300 <= status < 400:
        return f"It answered {status}; redirects are not followed."
    return f"It answered {status}."


def _cause(error: Exception) -> str:
    return plain(str(error).encode()) or type(error).__name__


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TooSlow
    return left
