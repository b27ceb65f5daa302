"""From the web process to the worker: calls to observe and records of answered ones, encrypted and short-lived.

One script stores a payload that expires and puts its name into a bounded list, and returns whether a worker has to be
woken, so that a caller pays one round trip. A full list takes nothing more; refused calls and those that expire before
their turn are counted. Each service has a list of its own, because each has its own rate; answered calls have another.
"""

import logging
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import cache
from typing import Any, cast

from django.conf import settings
from django.db.models import F

from classifier.models import ReferenceService
from toxicsite.lib.broker import NoBroker, broker_errors, client, key
from toxicsite.lib.encryption import DecryptionFailed, decrypt, encrypt
from toxicsite.lib.jobs import enqueue_now

TASK = "classifier.reference"
BELL_MILLISECONDS = 1_000
WAKE_AFTER_SECONDS = 0.25
"""Waking the worker takes milliseconds of this process: the reply goes out first, and calls of that time share it."""
QUEUE_MOST = 1_000
QUEUE_LEAST = 10
RECORDS_MOST = 10_000
RECORDS = "reference:records"
MISSED = "reference:missed"

logger = logging.getLogger(__name__)

_ENQUEUE_PENDING = threading.Lock()  # locked while this process is about to wake a worker

PUT = """
local silent = redis.call('SET', KEYS[4], 1, 'NX', 'PX', ARGV[5])
if redis.call('LLEN', KEYS[1]) >= tonumber(ARGV[4]) then
  redis.call('HINCRBY', KEYS[3], ARGV[6], 1)
else
  redis.call('SET', KEYS[2], ARGV[1], 'EX', ARGV[3])
  redis.call('RPUSH', KEYS[1], ARGV[2])
  redis.call('EXPIRE', KEYS[1], tonumber(ARGV[3]) * 2)
end
return silent and 1 or 0
"""


@dataclass(frozen=True)
class OwnText:
    """One text of a call with this site's scores under the wire's names; `comment` is what the call stored."""

    text: str
    scores: dict[str, float] = field(default_factory=dict)
    comment: int | None = None


@dataclass(frozen=True)
class Waiting:
    """One call as it passes through Redis. `body` is what the service is to be asked, None if it was asked already.

    `texts` hold a text only if it may be kept. `theirs`, `failure` and so on are the answer.
    """

    key: int
    service: int
    wire: str
    mode: str
    at: str
    texts: list[dict[str, Any]]
    source: int | str = ""
    model_version: str = ""
    body: dict[str, Any] | None = None
    answered_by: str = "own"
    theirs: list[dict[str, float]] = field(default_factory=list)
    failure: str = ""
    detail: str = ""
    milliseconds: int | None = None


def put(waiting: Waiting, *, calls_per_second: float) -> None:
    """Hand a call to the worker. Raises NoBroker."""
    name = f"{waiting.service}.{uuid.uuid4().hex}"
    asked = waiting.body is not None
    most = _most(calls_per_second) if asked else RECORDS_MOST
    queue = _queue(waiting.service) if asked else key(RECORDS)
    keys = [queue, _payload(name), key(MISSED), key("reference:bell")]
    seconds = max(1, round(settings.REFERENCE_QUEUE_SECONDS))
    arguments = [encrypt(asdict(waiting)), name, seconds, most, BELL_MILLISECONDS, waiting.service]
    with broker_errors():
        was_silent = cast(Any, _put_script())(keys=keys, args=arguments)
    if was_silent and _ENQUEUE_PENDING.acquire(blocking=False):
        _enqueuer().submit(_enqueue_turn)


def lengths(services: list[int]) -> tuple[list[int], int]:
    """Return how many calls wait for each service, and how many answered ones. Raises NoBroker."""
    with broker_errors(), client().pipeline(transaction=False) as pipe:
        for pk in services:
            pipe.llen(_queue(pk))
        pipe.llen(key(RECORDS))
        *queues, records = pipe.execute()
    return queues, records


def next_call(service: int) -> Waiting | None:
    """Take the next call of a service that has not expired; expired ones are counted. Raises NoBroker."""
    while True:
        with broker_errors():
            name = cast("bytes | None", client().lpop(_queue(service)))
        if name is None:
            return None
        if calls := _take([name]):
            return calls[0]


def next_records(most: int) -> list[Waiting]:
    """Take up to `most` answered calls; expired ones are counted. Raises NoBroker."""
    with broker_errors():
        names = cast("list[bytes] | None", client().lpop(key(RECORDS), most)) or []
    return _take(names)


def missed_flush() -> None:
    """Add the numbers of missed calls to the rows of their services. Raises NoBroker."""
    with broker_errors():
        counts = cast("dict[bytes, bytes]", client().hgetall(key(MISSED)))
        for name, value in counts.items():
            count = int(value)
            if count:
                ReferenceService.objects.filter(pk=int(name)).update(missed=F("missed") + count)
                client().hincrby(key(MISSED), name.decode(), -count)


def silence_bell() -> None:
    """Let the next call wake a worker again; call this before reading the lists, never after. Raises NoBroker."""
    with broker_errors():
        client().delete(key("reference:bell"))


def _take(names: list[bytes]) -> list[Waiting]:
    if not names:
        return []
    with broker_errors(), client().pipeline(transaction=False) as pipe:
        for name in names:
            pipe.getdel(_payload(name.decode()))
        encrypted = pipe.execute()
        calls = []
        for name, payload in zip(names, encrypted, strict=True):
            if payload is None:
                pipe.hincrby(key(MISSED), name.decode().partition(".")[0], 1)
            elif waiting := _open(payload):
                calls.append(waiting)
        pipe.execute()
    return calls


def _open(encrypted: bytes) -> Waiting | None:
    try:
        return Waiting(**decrypt(encrypted))
    except DecryptionFailed:
        logger.warning("Dropped a reference call that was encrypted with another secret key")
    except TypeError:
        logger.warning("Dropped a reference call of another version of this site")
    return None


def _most(calls_per_second: float) -> int:
    """Return how many calls can be asked in half the time after which they expire."""
    in_time = calls_per_second * settings.REFERENCE_QUEUE_SECONDS / 2
    return round(min(max(in_time, QUEUE_LEAST), QUEUE_MOST))


def _enqueue_turn() -> None:
    time.sleep(WAKE_AFTER_SECONDS)
    _ENQUEUE_PENDING.release()  # before waking the worker, never after: the next call from now on wakes one again
    try:
        enqueue_now(TASK)
    except NoBroker:
        logger.warning("Redis does not answer; the schedule goes on with reference calls")


@cache
def _enqueuer() -> ThreadPoolExecutor:
    """Return the thread that wakes workers outside the request, at most about once a second."""
    return ThreadPoolExecutor(1, thread_name_prefix="reference-bell")


@cache
def _put_script() -> Any:
    return client().register_script(PUT)


def _queue(service: int) -> str:
    return key(f"reference:queue:{service}")


def _payload(name: str) -> str:
    return key(f"reference:call:{name}")
