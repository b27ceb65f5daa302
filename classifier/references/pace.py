"""The rate at which a reference service may be asked, and its pauses after failures; in Redis, for all processes.

A token bucket holds one second's worth of calls. After five failures in a row that say that the service is in trouble
it is paused for 30 seconds, then twice as long after each further failure, up to five minutes. An answer that the
service is over its quota pauses it for as long as it asks for. While Redis does not answer, everything may be asked.
"""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from typing import Any, cast

from django.utils import timezone

from classifier.models import ReferenceCall, ReferenceService
from classifier.references.wire import Reply
from classifier.webhooks.retries import retry_after
from toxicsite.lib.broker import NoBroker, broker_errors, client, key

Failure = ReferenceCall.Failure

TROUBLE = frozenset({Failure.TIMEOUT, Failure.CONNECTION, Failure.SERVER, Failure.QUOTA})
FAILURES_MOST = 5
PAUSE_SECONDS = 30
PAUSE_SECONDS_MOST = 300
ASKED_PAUSE_SECONDS_MOST = 3_600  # what a Retry-After may ask for
STATE_SECONDS = 24 * 3_600

logger = logging.getLogger(__name__)

# Redis' own clock fills the bucket, so that processes on several machines agree.
TAKE = """
local rate = tonumber(ARGV[1])
local most = math.max(rate, 1)
local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1000000
local held = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens = tonumber(held[1] or most)
tokens = math.min(most, tokens + math.max(0, now - tonumber(held[2] or now)) * rate)
local wait = 0
if tokens >= 1 then tokens = tokens - 1 else wait = math.ceil((1 - tokens) / rate * 1000) end
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens), 'at', string.format('%.6f', now))
redis.call('EXPIRE', KEYS[1], math.ceil(most / rate) + 60)
return {wait, redis.call('EXISTS', KEYS[2])}
"""

# Calls that were under way when the pause began say nothing new about the service.
NOTE = """
local failure, trouble = ARGV[1], ARGV[2] == '1'
if failure == '' then
  redis.call('DEL', KEYS[1], KEYS[2])
  return 0
end
redis.call('HINCRBY', KEYS[1], 'in_row', 1)
redis.call('HSET', KEYS[1], 'failure', failure, 'detail', ARGV[3], 'at', ARGV[4])
redis.call('HSETNX', KEYS[1], 'since', ARGV[4])
redis.call('EXPIRE', KEYS[1], ARGV[9])
if not trouble then redis.call('HDEL', KEYS[1], 'trouble') end
local asked, pause = tonumber(ARGV[5]), 0
if trouble and redis.call('EXISTS', KEYS[2]) == 0 then
  local count = redis.call('HINCRBY', KEYS[1], 'trouble', 1)
  local over = count - tonumber(ARGV[6])
  if over >= 0 then pause = math.min(tonumber(ARGV[7]) * 2 ^ math.min(over, 20), tonumber(ARGV[8])) end
end
pause = math.max(pause, asked)
if pause > 0 and redis.call('TTL', KEYS[2]) < pause then redis.call('SET', KEYS[2], 1, 'EX', math.floor(pause)) end
return math.floor(pause)
"""


class Turn(Enum):
    GO = "go"
    RATE = "rate"
    PAUSED = "paused"


@dataclass(frozen=True)
class Health:
    """The state of a service: failures in a row of any kind, the last one, and how many more seconds it is paused."""

    failures: int = 0
    failure: str = ""
    detail: str = ""
    since: datetime | None = None
    paused_seconds: int = 0

    @property
    def failing(self) -> bool:
        return self.paused_seconds > 0 or self.failures >= FAILURES_MOST

    @property
    def failure_label(self) -> str:
        return str(Failure(self.failure).label) if self.failure in Failure.values else self.failure


def take(service: ReferenceService) -> tuple[Turn, float]:
    """Say whether `service` may be asked now; if not, in how many seconds."""
    try:
        with broker_errors():
            keys = [_bucket(service.pk), _pause(service.pk)]
            wait, paused = cast(Any, _take_script())(keys=keys, args=[service.calls_per_second])
    except NoBroker:
        return Turn.GO, 0.0
    if wait:
        return Turn.RATE, int(wait) / 1_000
    return (Turn.PAUSED if paused else Turn.GO), 0.0


def note(service: ReferenceService, reply: Reply) -> None:
    """Count the outcome of a call; if Redis loses the counts they begin again."""
    now = timezone.now()
    asked = 0.0
    if reply.failure == Failure.QUOTA and reply.retry_after:
        asked = min(retry_after(reply.retry_after, now).total_seconds(), ASKED_PAUSE_SECONDS_MOST)
    trouble = "1" if reply.failure in TROUBLE else "0"
    rules = [FAILURES_MOST, PAUSE_SECONDS, PAUSE_SECONDS_MOST, STATE_SECONDS]
    arguments = [reply.failure, trouble, reply.detail, int(now.timestamp()), int(asked), *rules]
    try:
        with broker_errors():
            paused = cast(Any, _note_script())(keys=[_state(service.pk), _pause(service.pk)], args=arguments)
    except NoBroker:
        return
    if paused:
        logger.warning("Reference service %d is paused for %d seconds: %s", service.pk, paused, reply.failure)


def forget(service: ReferenceService) -> None:
    """Clear state and pause, after the service was changed."""
    try:
        with broker_errors():
            client().delete(_state(service.pk), _pause(service.pk), _bucket(service.pk))
    except NoBroker:
        logger.warning("Redis does not answer; a pause of reference service %d stays", service.pk)


def healths(ids: list[int]) -> dict[int, Health]:
    """Return the state of these services; all are well if Redis does not answer."""
    if not ids:
        return {}
    try:
        with broker_errors(), client().pipeline(transaction=False) as pipe:
            for pk in ids:
                pipe.hgetall(_state(pk))
                pipe.ttl(_pause(pk))
            answers = pipe.execute()
    except NoBroker:
        return {pk: Health() for pk in ids}
    return {
        pk: _health(*pair)
        for pk, pair in zip(ids, zip(answers[::2], answers[1::2], strict=True), strict=True)
    }


def _health(state: dict[bytes, bytes], ttl: int) -> Health:
    values = {name.decode(): value.decode() for name, value in state.items()}
    since = datetime.fromtimestamp(int(values["since"]), UTC) if "since" in values else None
    return Health(
        int(values.get("in_row", 0)), values.get("failure", ""), values.get("detail", ""), since, max(0, ttl)
    )


@cache
def _take_script() -> Any:
    return client().register_script(TAKE)


@cache
def _note_script() -> Any:
    return client().register_script(NOTE)


def _bucket(pk: int) -> str:
    return key(f"reference:bucket:{pk}")


def _pause(pk: int) -> str:
    return key(f"reference:pause:{pk}")


def _state(pk: int) -> str:
    return key(f"reference:state:{pk}")
