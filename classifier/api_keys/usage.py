"""What keys use, day by day: counted in Redis while they are used, written to the database every minute, and read.

Redis holds absolute numbers for a day. Where it has lost them, it is given back what the database has before it counts
on, so a restart loses at most what was not written yet, and a writer that dies at any point counts nothing twice.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any, cast

from django.db import connection

from classifier.api_keys.quotas import DAY, USAGE_KEPT_SECONDS, usage_key
from classifier.models import ApiKey, ApiKeyUsage
from toxicsite.lib.broker import NoBroker, broker_errors, client, key

BEAT_KEY = "beat:seen"
BEAT_KEPT_SECONDS = 3_600
COUNTS = ("requests", "texts", "errors", "refused")

logger = logging.getLogger(__name__)

# Adds what the database holds, once for each key and day, and returns the sums.
SEED = """
local name = ARGV[1]
if redis.call('HSETNX', KEYS[1], name .. ':seeded', 1) == 1 then
  for place = 2, #ARGV - 1, 2 do redis.call('HINCRBY', KEYS[1], name .. ':' .. ARGV[place], ARGV[place + 1]) end
end
local sums = {}
for place = 2, #ARGV - 1, 2 do
  sums[#sums + 1] = tonumber(redis.call('HGET', KEYS[1], name .. ':' .. ARGV[place]) or '0')
end
return sums
"""
# Two writers may come in any order: counts of a day only ever grow.
WRITE = """
INSERT INTO classifier_apikeyusage (api_key_id, day, requests, texts, errors, refused)
SELECT %s, %s, %s, %s, %s, %s WHERE EXISTS (SELECT FROM classifier_apikey WHERE id = %s)
ON CONFLICT (api_key_id, day) DO UPDATE SET
    requests = greatest(classifier_apikeyusage.requests, excluded.requests),
    texts = greatest(classifier_apikeyusage.texts, excluded.texts),
    errors = greatest(classifier_apikeyusage.errors, excluded.errors),
    refused = greatest(classifier_apikeyusage.refused, excluded.refused)
"""


def usage_error_count(*, api_key: ApiKey) -> None:
    """Note that a call with this key was answered with an error (not: refused for its quota)."""
    try:
        with broker_errors():
            name = usage_key(_today())
            with client().pipeline(transaction=False) as pipe:
                pipe.hincrby(name, f"{api_key.pk}:errors", 1)
                pipe.expire(name, USAGE_KEPT_SECONDS)
                pipe.execute()
    except NoBroker:
        logger.warning("an error of %s is not counted: Redis does not answer", api_key.prefix)


def usage_texts_count(*, api_key_id: int, texts: int) -> None:
    """Note texts that came in with this key by another way than a call, and so are not refused for its quota."""
    try:
        with broker_errors():
            name = usage_key(_today())
            with client().pipeline(transaction=False) as pipe:
                pipe.hincrby(name, f"{api_key_id}:texts", texts)
                pipe.expire(name, USAGE_KEPT_SECONDS)
                pipe.execute()
    except NoBroker:
        logger.warning("%d imported texts of key %d are not counted: no Redis", texts, api_key_id)


def usage_flush() -> int:
    """Write what Redis has counted yesterday and today; returns how many keys it wrote. Raises NoBroker."""
    with broker_errors():
        today = _today()
        return sum(_flush(day) for day in (today - 1, today))


@dataclass(frozen=True)
class DayOfUse:
    """One day (UTC) of one key."""

    day: date
    requests: int = 0
    texts: int = 0
    errors: int = 0
    refused: int = 0


def usage_days(*, api_key: ApiKey, days: int) -> list[DayOfUse]:
    """Return the last `days` days, the newest last, days without any use among them."""
    return usage_of(keys=[api_key], days=days)[api_key.pk]


def usage_of(*, keys: Sequence[ApiKey], days: int) -> dict[int, list[DayOfUse]]:
    """Return the last `days` days of each of `keys`, in two reads whatever their number."""
    today = datetime.now(UTC).date()
    span = [today - timedelta(days=back) for back in range(days - 1, -1, -1)]
    numbers = [api_key.pk for api_key in keys]
    counts: dict[tuple[int, date], dict[str, int]] = {
        (row.api_key_id, row.day): {name: getattr(row, name) for name in COUNTS}
        for row in ApiKeyUsage.objects.filter(api_key__in=numbers, day__gte=span[0])
    }
    for number, of_today in _counted_now(numbers, today).items():
        stored = counts.setdefault((number, today), {})
        for name, count in of_today.items():
            stored[name] = max(stored.get(name, 0), count)
    return {number: [DayOfUse(day, **counts.get((number, day), {})) for day in span] for number in numbers}


def beat_seen() -> None:
    """Note that beat sends its tasks and a worker gets them. Raises NoBroker."""
    with broker_errors():
        client().set(key(BEAT_KEY), client().time()[0], ex=BEAT_KEPT_SECONDS)


def beat_seen_seconds_ago() -> float | None:
    """Return how long ago beat was last seen; None where that is longer than it is kept. Raises NoBroker."""
    with broker_errors():
        seen = cast("bytes | None", client().get(key(BEAT_KEY)))
        return None if seen is None else max(0.0, float(client().time()[0] - int(seen)))


def _flush(day: int) -> int:
    with broker_errors():
        fields = cast("dict[bytes, bytes]", client().hkeys(usage_key(day)))
    keys = sorted({int(field.split(b":")[0]) for field in fields})
    on = datetime.fromtimestamp(day * DAY, UTC).date()
    stored = {row.api_key_id: row for row in ApiKeyUsage.objects.filter(day=on, api_key__in=keys)}
    for pk in keys:
        sums = _sums(day, pk, stored.get(pk))
        with connection.cursor() as cursor:
            cursor.execute(WRITE, [pk, on, *(max(0, number) for number in sums), pk])
    return len(keys)


def _sums(day: int, pk: int, stored: ApiKeyUsage | None) -> list[int]:
    pairs: list[Any] = []
    for name in COUNTS:
        pairs += [name, getattr(stored, name) if stored else 0]
    with broker_errors():
        return list(_seed()(keys=[usage_key(day)], args=[pk, *pairs], client=client()))


def _today() -> int:
    """Return the day by Redis' clock, by which quotas are counted."""
    return client().time()[0] // DAY


@cache
def _seed() -> Any:
    return client().register_script(SEED)


def _counted_now(keys: Sequence[int], today: date) -> dict[int, dict[str, int]]:
    """Return today's counts, which may not be written yet; nothing when Redis does not answer."""
    fields = [f"{number}:{name}" for number in keys for name in COUNTS]
    if not fields:
        return {}
    day = int(datetime(today.year, today.month, today.day, tzinfo=UTC).timestamp()) // DAY
    try:
        with broker_errors():
            values = cast("list[Any]", client().hmget(usage_key(day), fields))
    except NoBroker:
        return {}
    counts = iter(int(value or 0) for value in values)
    return {number: {name: next(counts) for name in COUNTS} for number in keys}
