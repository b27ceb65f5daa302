"""A full disk and an unavailable database, told apart from other errors: callers wait and blame nobody."""

import errno
import os
from collections.abc import Iterator

from django.db import InterfaceError, OperationalError

RETRY_SECONDS = 30
DISK_FULL = "53100"  # PostgreSQL's codes (appendix A of its manual)
# 58030: a read or write failed; 57P01 to 57P03: the server stops, has crashed, or is starting
AWAY = frozenset({DISK_FULL, "58030", "57P01", "57P02", "57P03"})
NOTHING_STORED = (
    "The server's disk is full, so nothing of this was stored. Try again once whoever runs it has made room."
)


class DiskFull(Exception):
    """The disk is full, and what was begun is undone; `field` names what could not be kept, where it has a name."""

    def __init__(self, field: str = "") -> None:
        super().__init__(NOTHING_STORED)
        self.field = field


def is_disk_full(error: BaseException) -> bool:
    """Return whether `error` or one of its causes says that a disk is full, ours or that of PostgreSQL."""
    return any(
        isinstance(cause, DiskFull)
        or (isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT))
        or getattr(cause, "pgcode", None) == DISK_FULL
        or (
            isinstance(cause, OperationalError) and reports_disk_full(str(cause))
        )  # while connecting there is no code
        for cause in _causes(error)
    )


def reports_disk_full(text: str) -> bool:
    """Return whether the last words of another process report a full disk."""
    return any(os.strerror(number) in text for number in (errno.ENOSPC, errno.EDQUOT))


def is_database_unavailable(error: BaseException) -> bool:
    """Return whether PostgreSQL can do nothing for anybody now; False where it only could not do this one thing."""
    if not isinstance(error, OperationalError | InterfaceError):
        return False
    codes = {code for cause in _causes(error) if (code := getattr(cause, "pgcode", None))}
    return not codes or bool(codes & AWAY)  # a connection that was lost has no code


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    for _ in range(10):
        if cause is None:
            return
        yield cause
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
