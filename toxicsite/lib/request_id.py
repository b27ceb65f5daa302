"""The id of the request being worked on, through web, tasks and webhooks: one word that finds all its log lines."""

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

HEADER = "X-Request-ID"
SANE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{5,63}")
KEYS_BEGIN = "tox_"  # who sends a key here by mistake must not find it in the log

_current: ContextVar[str] = ContextVar("request_id", default="")


def current() -> str:
    """The id of this request or task; empty where none is being worked on."""
    return _current.get()


def accepted(sent: str | None) -> str:
    """What the caller sent, where it is a sane id; a new one otherwise."""
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
