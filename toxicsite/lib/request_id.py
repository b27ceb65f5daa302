"""The id of the current request, carried through web, tasks and webhooks: it finds all log lines of a request."""

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

HEADER = "X-Request-ID"
SANE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{5,63}")
KEYS_BEGIN = "tox_"  # a key sent here by mistake must not reach the log

_current: ContextVar[str] = ContextVar("request_id", default="")


def current() -> str:
    """Return the id of this request or task; empty where none is being worked on."""
    return _current.get()


def accepted(sent: str | None) -> str:
    """Return the id that the caller sent where it is a sane one, else a new one."""
    if sent and SANE.fullmatch(sent) and not sent.lower().startswith(KEYS_BEGIN):
        return sent
    return uuid.uuid4().hex


def begin(request_id: str) -> None:
    """Work on this request from now on, in this thread; "" ends that."""
    _current.set(request_id)


@contextmanager
def bound(request_id: str) -> Iterator[None]:
    token = _current.set(request_id)
    try:
        yield
    finally:
        _current.reset(token)
