"""Shadow mode of a model version: the worker scores classified comments with a second model when it has time.

Nothing here may delay or spoil a verdict. The comments to score wait in this process only, in a list that drops its
oldest; the model is loaded on a thread; errors are logged and otherwise ignored.
"""

import logging
import time
from collections import deque
from collections.abc import Sequence

from django.conf import settings
from django.db import transaction

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
    """Holds the shadow version's engine while there is one; used from the worker's one thread."""

    def __init__(self) -> None:
        self.version: ModelVersion | None = None
        self.engine: Engine | None = None
        self.waiting: deque[Prediction] = deque(maxlen=WAITING_MAX)
        self._looked = float("-inf")
        self._loading: Loading | None = None
        self._failed_at = float("-inf")

    def offer(self, predictions: Sequence[Prediction]) -> None:
        """Remember the share SHADOW_SHARE of the predictions just committed, if a version is in shadow mode."""
        try:
            self._look()
        except Exception as error:
            logger.warning("The shadow version cannot be looked up: %s", error)
        if self.version is not None:
            self._remember(predictions)

    def turn(self) -> bool:
        """Score one slice of what waits; return whether there was one (also False while the model loads)."""
        try:
            self._look()
            engine, version = self.engine, self.version
            if engine is None or version is None:
                return False
            if not self.waiting:  # what other processes have written
                self._remember(shadow_offers_take(TAKE_AT_ONCE))
            if not self.waiting:
                return False
            self._score(self._slice(), engine)
        except Exception as error:
            logger.warning("The shadow version failed; its verdicts on some comments are missing: %s", error)
        return True

    def _remember(self, predictions: Sequence[Prediction]) -> None:
        share, own = settings.SHADOW_SHARE, self.version.pk if self.version else None
        self.waiting.extend(
            prediction
            for prediction in predictions  # none of its own, where it was promoted a moment ago
            if prediction.model_version_id != own and is_chosen(prediction.pk, share)
        )

    def _look(self) -> None:
        """Read at most every LOOK_SECONDS which version is in shadow mode, and load it."""
        now = time.monotonic()
        if now - self._looked >= LOOK_SECONDS:
            self._looked = now
            version = ModelVersion.objects.shadow()
            if version is None or self.version is None or version.pk != self.version.pk:
                self.version, self.engine = version, None
                self._failed_at = float("-inf")
                self.waiting.clear()
        self._take_up()
        due = self.engine is None and self._loading is None and now - self._failed_at > RETRY_SECONDS
        if self.version is not None and due:
            self._loading = Loading(self.version)
            self._loading.start()

    def _take_up(self) -> None:
        """Use the loaded model, unless another version is in shadow mode by now."""
        loading = self._loading
        if loading is None or not loading.is_over:
            return
        self._loading = None
        if self.version is None or loading.version.pk != self.version.pk:
            return
        self.engine = loading.engine
        if loading.engine is None:
            self._failed_at = time.monotonic()
            logger.error("The shadow version %s cannot be loaded: %s", loading.version, loading.error)

    def _slice(self) -> list[Prediction]:
        chosen: list[Prediction] = []
        room = SLICE_CHARACTERS
        while self.waiting and (not chosen or len(self.waiting[0].comment.text) <= room):
            chosen.append(self.waiting.popleft())
            room -= len(chosen[-1].comment.text)
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
