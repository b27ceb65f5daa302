"""Shadow mode: a version scores live traffic silently before anybody relies on it.

The worker scores for the shadow version what it has scored itself. Verdicts that are written outside the worker are
offered to the shadow version: their ids lie in a bounded list in Redis, without any text. Where no version runs in
shadow mode nobody takes them, and they expire.
"""

import logging
from collections.abc import Sequence
from typing import Any, cast

from django.db import IntegrityError, transaction

from classifier.core.permissions import require_permission
from classifier.models import ModelVersion, ModelVersionEvent, ModelVersionStatus, Prediction, User
from toxicsite.lib.broker import NoBroker, broker_errors, client, key
from toxicsite.lib.jobs import enqueue_on_commit
from toxicsite.lib.lifecycle import IllegalTransition, LostRace

CLASSIFY_TASK = "classifier.classify"
SHADOW_STARTED = "Scores live traffic silently"
SHADOW_STOPPED = "No longer scores live traffic"
OFFERED = "shadow:offered"
OFFERED_MAX = 2_000
KEPT_SECONDS = 600

logger = logging.getLogger(__name__)


def shadow_start(*, model_version: ModelVersion, by: User | None, reason: str = "") -> None:
    """Run `model_version` in shadow mode beside the active version, in place of another shadow version.

    Raises PermissionDenied, IllegalTransition (it is in production, or runs in shadow mode already) or LostRace.
    """
    require_permission(by, "classifier.activate_modelversion")
    try:
        with transaction.atomic():
            version = ModelVersion.objects.select_for_update().get(pk=model_version.pk)
            if version.status == ModelVersionStatus.ACTIVE:
                raise IllegalTransition(f"{version} is in production; it cannot be its own shadow")
            if version.is_shadow:
                raise IllegalTransition(f"{version} scores live traffic silently already")
            before = ModelVersion.objects.select_for_update().shadow()
            if before is not None:
                _set(before, on=False, by=by, reason=f"replaced by {version}")
            _set(version, on=True, by=by, reason=reason)
            enqueue_on_commit(CLASSIFY_TASK)
    except IntegrityError as error:
        raise LostRace("another version became the shadow in this moment") from error
    model_version.is_shadow = True


def shadow_stop(*, model_version: ModelVersion, by: User | None, reason: str = "") -> None:
    """End shadow mode; scores so far stay. Raises PermissionDenied or IllegalTransition (it is no shadow version)."""
    require_permission(by, "classifier.activate_modelversion")
    with transaction.atomic():
        version = ModelVersion.objects.select_for_update().get(pk=model_version.pk)
        if not version.is_shadow:
            raise IllegalTransition(f"{version} does not score live traffic silently")
        _set(version, on=False, by=by, reason=reason)
        enqueue_on_commit(CLASSIFY_TASK)  # so that a worker frees its memory soon
    model_version.is_shadow = False


def _set(version: ModelVersion, *, on: bool, by: User | None, reason: str) -> None:
    ModelVersion.objects.filter(pk=version.pk).update(is_shadow=on)
    event = SHADOW_STARTED if on else SHADOW_STOPPED
    ModelVersionEvent.objects.create(
        model_version=version,
        old=version.status,
        new=version.status,
        actor=by,
        reason=f"{event}: {reason}" if reason else event,
    )


def shadow_offer(predictions: Sequence[Prediction]) -> None:
    """Offer verdicts to the shadow version once they are committed; without Redis it misses them."""
    numbers = [prediction.pk for prediction in predictions]
    if numbers:
        transaction.on_commit(lambda: _push(numbers))


def shadow_offers_take(most: int) -> list[Prediction]:
    """Take up to `most` of the offered verdicts, the oldest first, with their texts; one caller alone gets each."""
    try:
        with broker_errors():
            numbers = cast("list[Any] | None", client().rpop(key(OFFERED), most))
    except NoBroker:
        return []
    if not numbers:
        return []
    rows = Prediction.objects.select_related("comment").filter(pk__in=[int(number) for number in numbers])
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
