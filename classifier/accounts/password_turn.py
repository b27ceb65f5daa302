"""One password hash at a time on a host, so that a flood of sign-in attempts does not take the CPUs from scoring.

Hashing a password is slow on purpose: some tenths of a second of a CPU. Attempts wait for their turn in a short queue;
one that finds the queue full, or waits too long, is refused without having been counted. The lock is a file, because
several web processes serve one host; where it cannot be opened, each process keeps its own order.
"""

import fcntl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

QUEUE = 4  # attempts of one process, the one whose turn it is among them
WAIT_SECONDS = 3.0
LOOK_SECONDS = 0.02

_queue = threading.BoundedSemaphore(QUEUE)
_process = threading.Lock()


@contextmanager
def password_turn() -> Iterator[bool]:
    """Yield whether it is this attempt's turn to hash a password."""
    if not _queue.acquire(blocking=False):
        yield False
        return
    try:
        with _turn_of_process() as is_mine:
            yield is_mine
    finally:
        _queue.release()


@contextmanager
def _turn_of_process() -> Iterator[bool]:
    end = time.monotonic() + WAIT_SECONDS
    if not _process.acquire(timeout=WAIT_SECONDS):
        yield False
        return
    try:
        with _turn_of_host(end) as is_mine:
            yield is_mine
    finally:
        _process.release()


@contextmanager
def _turn_of_host(end: float) -> Iterator[bool]:
    try:
        file = lock_file().open("wb")
    except OSError:  # a full or read-only disk must keep nobody out
        yield True
        return
    with file:
        yield _locked(file.fileno(), end)  # closing the file ends the lock


def lock_file() -> Path:
    return Path(settings.VAR_DIR) / "sign-in.lock"


def _locked(descriptor: int, end: float) -> bool:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if time.monotonic() >= end:
                return False
            time.sleep(LOOK_SECONDS)
        else:
            return True
