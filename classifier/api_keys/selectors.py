"""What keys used: of each day from the database, of today as Redis counts it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

from classifier.models import ApiKey, ApiKeyUsage
from toxicsite.lib.broker import NoBroker, broker_errors, client, key

COUNTS = ("requests", "texts", "errors", "refused")
DAY = 86_400


@dataclass(frozen=True)
class DayOfUse:
    """One day (UTC) of one key."""

    day: date
    requests: int = 0
    texts: int = 0
    errors: int = 0
    refused: int = 0


def usage_days(*, api_key: ApiKey, days: int) -> list[DayOfUse]:
    """The last `days` days, the newest last, days without any use among them."""
    return usage_of(keys=[api_key], days=days)[api_key.pk]


def usage_of(*, keys: Sequence[ApiKey], days: int) -> dict[int, list[DayOfUse]]:
    """The last `days` days of each of `keys`, in two reads whatever their number."""
    today = datetime.now(UTC).date()
    span = [today - timedelta(days=back) for back in range(days - 1, -1, -1)]
    stored = ApiKeyUsage.objects.filter(api_key__in=[one.pk for one in keys], day__gte=span[0])
    found: dict[tuple[int, date], dict[str, int]] = {
        (row.api_key_id, row.day): {name: getattr(row, name) for name in COUNTS} for row in stored
    }
    for pk, counts in _counted_now([one.pk for one in keys], today).items():
        held = found.setdefault((pk, today), {})
        for name, count in counts.items():
            held[name] = max(held.get(name, 0), count)
    return {one.pk: [DayOfUse(day, **found.get((one.pk, day), {})) for day in span] for one in keys}


def _counted_now(pks: Sequence[int], today: date) -> dict[int, dict[str, int]]:
    """Today's counts that may not be written yet; nothing when Redis does not answer."""
    names = [f"{pk}:{name}" for pk in pks for name in COUNTS]
    if not names:
        return {}
    number = int(datetime(today.year, today.month, today.day, tzinfo=UTC).timestamp()) // DAY
    try:
        with broker_errors():
            values = cast("list[Any]", client().hmget(key(f"usage:{number}"), names))
    except NoBroker:
        return {}
    counts = [int(value or 0) for value in values]
    width = len(COUNTS)
    return {
        pk: dict(zip(COUNTS, counts[place * width : (place + 1) * width], strict=True))
        for place, pk in enumerate(pks)
    }
