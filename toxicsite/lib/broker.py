"""The one Redis client of a process, and names of keys, all under settings.REDIS_KEY_PREFIX."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

CONNECT_SECONDS = 1.0
ANSWER_SECONDS = 10.0  # of one command; blocking ones wait in slices well below it
BLOCK_SLICE_SECONDS = 5.0
# Its disk is full (a server that keeps snapshots), or its memory, or it is a replica just now. The library has classes
# for some of these codes, and takes the code off their messages.
TAKES_NO_WRITES = ("MISCONF", "OOM", "READONLY")
NO_WRITES_CLASSES = (redis.exceptions.OutOfMemoryError, redis.exceptions.ReadOnlyError)


class NoBroker(Exception):
    """Redis does not answer, so no worker can be asked."""


@cache
def client() -> redis.Redis:
    """Return the connection pool of this process; safe to share between threads."""
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_connect_timeout=CONNECT_SECONDS,
        socket_timeout=ANSWER_SECONDS,
        socket_keepalive=True,
        retry=Retry(NoBackoff(), 1),  # once: a pooled connection may be older than the server
    )


def key(name: str) -> str:
    """Return the full name of a key or channel."""
    return f"{settings.REDIS_KEY_PREFIX}{name}"


@contextmanager
def broker_errors() -> Iterator[None]:
    """Turn connection errors of the library, and errors of a server that takes no writes now, into NoBroker."""
    try:
        yield
    except (redis.ConnectionError, redis.TimeoutError, redis.exceptions.BusyLoadingError) as error:
        raise NoBroker("Redis does not answer.") from error
    except redis.ResponseError as error:
        if not isinstance(error, NO_WRITES_CLASSES) and not str(error).startswith(TAKES_NO_WRITES):
            raise
        raise NoBroker("Redis takes no writes now.") from error
