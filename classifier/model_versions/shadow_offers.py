"""Verdicts that were written outside the worker, told to its shadow version: their ids in a bounded list in Redis.

No text lies there. Where no version scores silently nobody takes them, and they are gone after a while.
"""

import logging
from collections.abc import Sequence
from typing import Any, cast

from django.db import transaction

from classifier.models import Prediction
from toxicsite.lib.broker import NoBroker, broker_errors, client, key

OFFERED = "shadow:offered"
OFFERED_MAX = 2_000
KEPT_SECONDS = 600

logger = logging.getLogger(__name__)


def shadow_offer(predictions: Sequence[Prediction]) -> None:
    """Offer verdicts to the shadow version once they are committed; without Redis it misses them."""
    numbers = [prediction.pk for prediction in predictions]
    if numbers:
        transaction.on_commit(lambda: _push(numbers))


def shadow_offers_take(most: int) -> list[Prediction]:
    """Up to `most` of the offered verdicts, the oldest first, each of them to one caller only, with their texts."""
    try:
        with broker_errors():
            found = cast("list[Any] | None", client().rpop(key(OFFERED), most))
    except NoBroker:
        return []
    if not found:
        return []
    rows = Prediction.objects.select_related("comment").filter(pk__in=[int(number) for number in found])
    return [row for row in rows.order_by("pk") if row.comment.text]


def _push(numbers: Sequence[int]) -> None:
    try:
        with broker_errors(), client().pipeline(transaction=False) as pipe:
            pipe.lpush(key(OFFERED), *numbers)
            pipe.ltrim(key(OFFERED), 0, OFFERED_MAX - 1)
            pipe.expire(key(OFFERED), KEPT_SECONDS)
            pipe.execute()
    except NoBroker:
        logger.warning("Redis does not answer; the shadow version misses %d verdicts", len(numbers))
