"""What keys use, day by day: counted in Redis while they are used, written to the database every minute.

Redis holds absolute numbers for a day. Where it has lost them, it is given back what the database has before it counts
on, so a restart loses at most what was not written yet, and a writer that dies at any point counts nothing twice.
"""

import logging
from collections.abc import Iterable
from datetime import UTC, datetime
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


def beat_seen() -> None:
    """Note that beat sends its tasks and a worker gets them. Raises NoBroker."""
    with broker_errors():
        client().set(key(BEAT_KEY), client().time()[0], ex=BEAT_KEPT_SECONDS)


def beat_seen_seconds_ago() -> float | None:
    """None where it was not heard lately. Raises NoBroker."""
    with broker_errors():
        seen = cast("bytes | None", client().get(key(BEAT_KEY)))
        return None if seen is None else max(0.0, float(client().time()[0] - int(seen)))


def _flush(day: int) -> int:
    with broker_errors():
        fields = cast("dict[bytes, bytes]", client().hkeys(usage_key(day)))
    keys = sorted({int(field.split(b":")[0]) for field in fields})
    date = datetime.fromtimestamp(day * DAY, UTC).date()
    held = {row.api_key_id: row for row in ApiKeyUsage.objects.filter(day=date, api_key__in=keys)}
    for pk in keys:
        sums = _sums(day, pk, held.get(pk))
        with connection.cursor() as cursor:
            cursor.execute(WRITE, [pk, date, *(max(0, number) for number in sums), pk])
    return len(keys)


def _sums(day: int, pk: int, held: ApiKeyUsage | None) -> list[int]:
    stored: Iterable[Any] = ((name, getattr(held, name) if held else 0) for name in COUNTS)
    with broker_errors():
        pairs = [part for pair in stored for part in pair]
        return list(_seed()(keys=[usage_key(day)], args=[pk, *pairs], client=client()))


def _today() -> int:
    """The day by Redis' clock, which is the one that quotas go by."""
    return client().time()[0] // DAY


@cache
def _seed() -> Any:
    return client().register_script(SEED)
