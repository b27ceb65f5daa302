"""Shadow mode of a model version: the worker scores classified comments with further models when it has time.

Nothing here may delay or spoil a verdict. The comments to score wait in this process only, in a list that drops its
oldest; the models are loaded on a thread; errors are logged and otherwise ignored.
"""

import logging
import time
from collections import deque
from collections.abc import Sequence

from django.conf import settings
from django.db import transaction

from classifier.inference.language import UNDETERMINED, base_language
from classifier.model_versions.assembly import DEFAULT, shadows_of_slots, slots_in_production
from classifier.model_versions.shadow import shadow_offers_take
from classifier.models import Comment, ModelVersion, Prediction, ShadowPrediction
from classifier.scoring.model_loading import Engine, Loading
from classifier.scoring.pipeline import read_comment

LOOK_SECONDS = 2.0
RETRY_SECONDS = 60.0
WAITING_MAX = 2_000
TAKE_AT_ONCE = 200
SLICE_CHARACTERS = 8_192  # about one pass through the engine, the longest that a new comment has to wait
KNUTH = 2_654_435_761

logger = logging.getLogger(__name__)


class ShadowRunner:
    """Holds the engines of the versions in shadow mode; used from the worker's one thread.

    The shadow of the default slot scores what no slot of a language has, that of a language the texts in it.
    """

    def __init__(self) -> None:
        self.versions: dict[str, ModelVersion] = {}
        self.waiting: deque[tuple[Prediction, int]] = deque(maxlen=WAITING_MAX)
        self._engines: dict[int, Engine] = {}
        self._looked = float("-inf")
        self._loading: Loading | None = None
        self._failed_at: dict[int, float] = {}

    @property
    def version(self) -> ModelVersion | None:
        """The shadow of the default slot."""
        return self.versions.get(DEFAULT)

    @property
    def engine(self) -> Engine | None:
        """Its engine, once it is loaded."""
        return self._engines.get(self.version.pk) if self.version is not None else None

    def offer(self, predictions: Sequence[Prediction]) -> None:
        """Remember the share SHADOW_SHARE of the predictions just committed, if a version is in shadow mode."""
        try:
            self._look()
        except Exception as error:
            logger.warning("The shadow version cannot be looked up: %s", error)
        if self.versions:
            self._remember(predictions)

    def turn(self) -> bool:
        """Score one slice of what waits; return whether there was one (also False while the models load)."""
        try:
            self._look()
            if not self._engines:
                return False
            if not self.waiting:  # what other processes have written
                self._remember(shadow_offers_take(TAKE_AT_ONCE))
            pk = next((pk for _, pk in self.waiting if pk in self._engines), None)
            if pk is None:
                return False
            self._score(self._slice(pk), self._engines[pk])
        except Exception as error:
            logger.warning("The shadow version failed; its verdicts on some comments are missing: %s", error)
        return True

    def _remember(self, predictions: Sequence[Prediction]) -> None:
        share, slots = settings.SHADOW_SHARE, slots_in_production()
        for prediction in predictions:
            language = base_language(prediction.language or UNDETERMINED)
            slot = language if language in self.versions or language in slots else DEFAULT
            version = self.versions.get(slot)
            # none of its own, where it was promoted a moment ago
            if (
                version is not None
                and prediction.model_version_id != version.pk
                and is_chosen(prediction.pk, share)
            ):
                self.waiting.append((prediction, version.pk))

    def _look(self) -> None:
        """Read at most every LOOK_SECONDS which versions are in shadow mode, and load them one at a time."""
        now = time.monotonic()
        if now - self._looked >= LOOK_SECONDS:
            self._looked = now
            before = {version.pk for version in self.versions.values()}
            self.versions = self._in_shadow_mode()
            wanted = {version.pk for version in self.versions.values()}
            if before != wanted:
                self._engines = {pk: engine for pk, engine in self._engines.items() if pk in wanted}
                self._failed_at = {pk: at for pk, at in self._failed_at.items() if pk in before & wanted}
                kept = [(prediction, pk) for prediction, pk in self.waiting if pk in wanted]
                self.waiting = deque(kept, maxlen=WAITING_MAX)
        self._take_up()
        if self._loading is not None:
            return
        for version in self.versions.values():
            failed_at = self._failed_at.get(version.pk, float("-inf"))
            if version.pk not in self._engines and now - failed_at > RETRY_SECONDS:
                self._loading = Loading(version)
                self._loading.start()
                return

    def _in_shadow_mode(self) -> dict[str, ModelVersion]:
        """Return the versions in shadow mode by slot."""
        by_slot: dict[str, ModelVersion] = {}
        default = ModelVersion.objects.shadow()
        if default is not None:
            by_slot[DEFAULT] = default
        shadows = shadows_of_slots()
        if shadows:
            rows = ModelVersion.objects.in_bulk(set(shadows.values()))
            by_slot |= {language: rows[pk] for language, pk in shadows.items() if pk in rows}
        return by_slot

    def _take_up(self) -> None:
        """Use the loaded model, unless it is not in shadow mode any more."""
        loading = self._loading
        if loading is None or not loading.is_over:
            return
        self._loading = None
        if loading.version.pk not in {version.pk for version in self.versions.values()}:
            return
        if loading.engine is not None:
            self._engines[loading.version.pk] = loading.engine
        else:
            self._failed_at[loading.version.pk] = time.monotonic()
            logger.error("The shadow version %s cannot be loaded: %s", loading.version, loading.error)

    def _slice(self, pk: int) -> list[Prediction]:
        """Take what fits into one pass out of the predictions that wait for the version `pk`."""
        chosen: list[Prediction] = []
        left: list[tuple[Prediction, int]] = []
        room = SLICE_CHARACTERS
        for prediction, wanted in self.waiting:
            if wanted == pk and (not chosen or len(prediction.comment.text) <= room):
                chosen.append(prediction)
                room -= len(prediction.comment.text)
            else:
                left.append((prediction, wanted))
                room = 0 if wanted == pk else room  # in order: a later one does not overtake
        self.waiting = deque(left, maxlen=WAITING_MAX)
        return chosen

    def _score(self, predictions: list[Prediction], engine: Engine) -> None:
        version = engine.model_version
        results = engine.scorer.score([read_comment(prediction.comment) for prediction in predictions])
        rows = [
            ShadowPrediction(
                prediction=prediction,
                model_version=version,
                scores=result.scores,
                verdict=result.verdict,
                score=result.scores[version.primary_label],
                threshold=version.threshold,
                disagrees=result.verdict != prediction.verdict,
            )
            for prediction, result in zip(predictions, results, strict=True)
        ]
        with transaction.atomic():
            ShadowPrediction.objects.bulk_create(rows, ignore_conflicts=True)
            against = [row.prediction_id for row in rows if row.disagrees]
            if against:
                Comment.objects.filter(current_prediction__in=against).update(disagrees_with_shadow=True)


def is_chosen(number: int, share: float) -> bool:
    """Return whether the row of this id belongs to a share from 0 to 1: always the same rows, spread evenly."""
    return number * KNUTH % 2**32 < share * 2**32
