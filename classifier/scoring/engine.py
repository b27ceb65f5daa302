"""The model that a worker has loaded, kept in step with the version that is active in the database."""

import logging
import time
from dataclasses import dataclass
from typing import Any

from django.db import InterfaceError, OperationalError

from classifier.models import ModelVersion, ModelVersionStatus
from classifier.scoring.heartbeat import LOADING, NO_VERSION
from classifier.scoring.model_loading import Engine, Loading

RETRY_SECONDS = 5.0
RETRY_SECONDS_MOST = 60.0  # each attempt may read gigabytes

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Failure:
    """The active version could not be loaded: `sentence` is for everybody, `detail` names the file."""

    version: ModelVersion
    sentence: str
    detail: str
    attempts: int
    again_at: float


class EngineHolder:
    """The engine of the active version; used from the worker's one thread.

    The worker waits for the first model, since it can answer nobody without it. When another version becomes active,
    it is loaded on a thread, one at a time, and takes over when the worker next asks for its engine. Until then the
    earlier version goes on answering under its own name.

    If the first model cannot be loaded, the version that was last in production before it and can be loaded answers
    instead, under its own name. The active version in the database does not change; loading it is tried again.
    """

    def __init__(self) -> None:
        self.engine: Engine | None = None
        self.problem = LOADING
        self._loading: Loading | None = None
        self._failure: Failure | None = None

    def current(self) -> Engine | None:
        """Return the engine to score with now; None when no version is active or none can be loaded."""
        try:
            active_versions = ModelVersion.objects.filter(status=ModelVersionStatus.ACTIVE)
            active = active_versions.values_list("pk", flat=True).first()
            unknown = self._is_unknown(active)
            if unknown:  # no verdict can be written under it, so the worker waits for the next model
                self.engine = None
            self._take_over(active)
            if self._failure is not None and self._failure.version.pk != active:
                self._failure = None
            if active is None:
                self.engine, self.problem = None, NO_VERSION
            elif self.engine is not None and self.engine.model_version.pk == active:
                self.problem, self._failure = "", None
            elif self._loading is None and not self._failed_lately():
                self._load(active)
        except (OperationalError, InterfaceError):
            logger.warning("The database does not answer; going on with the loaded model")
        return self.engine

    @property
    def notice(self) -> str:
        """A sentence for everybody, if another version answers because the active one cannot be loaded; else empty."""
        failure, engine = self._failure, self.engine
        if failure is None or engine is None:
            return ""
        return f"{failure.sentence} {engine.model_version} answers instead."

    def state(self) -> dict[str, Any]:
        """Return the state that the heartbeat publishes."""
        engine, failure = self.engine, self._failure
        return {
            "model_version": engine.model_version.version if engine else None,
            "backend": engine.scorer.backend_name if engine else "",
            "problem": self.problem,
            "notice": self.notice,
            "broken": failure.version.version if failure else "",
            "detail": failure.detail if failure else "",
        }

    def _load(self, active: int) -> None:
        self._loading = Loading(ModelVersion.objects.get(pk=active))
        if self.engine is not None:
            self._loading.start()
        else:
            self._loading.load()
            self._take_over(active)

    def _take_over(self, active: int | None) -> None:
        """Use what was loaded, unless another version has become active meanwhile."""
        loading = self._loading
        if loading is None:
            return
        if not loading.is_over:
            if self.engine is not None:
                return
            loading.join()
        self._loading = None
        version = loading.version
        if version.pk != active:
            logger.info("Model version %s is not active any more; dropped what was loaded of it", version)
        elif loading.engine is None:
            # The earlier version goes on scoring under its own name: its verdicts are better than none.
            self._note_failure(loading)
            if self.engine is None:
                self._stand_in(version)
        else:
            self.engine, self.problem, self._failure = loading.engine, "", None

    def _note_failure(self, loading: Loading) -> None:
        version, before = loading.version, self._failure
        attempts = before.attempts + 1 if before is not None and before.version.pk == version.pk else 1
        why = ": one of its files is damaged" if loading.is_damaged else ""
        self._failure = Failure(
            version=version,
            sentence=f"The model version {version} cannot be loaded{why}.",
            detail=loading.error,
            attempts=attempts,
            again_at=time.monotonic() + min(RETRY_SECONDS * 2 ** min(attempts - 1, 8), RETRY_SECONDS_MOST),
        )
        logger.error("Model version %s cannot be loaded: %s", version, loading.error)

    def _stand_in(self, broken: ModelVersion) -> None:
        """Answer with the version that was in production last before `broken` and can be loaded.

        The active version in the database stays: a disk that is not mounted on one machine must not put another
        version into production for all.
        """
        assert self._failure is not None
        self.problem = self._failure.sentence
        earlier = ModelVersion.objects.filter(status=ModelVersionStatus.RETIRED).exclude(pk=broken.pk)
        for version in earlier.order_by("-activated_at", "-pk"):
            loading = Loading(version)
            loading.load()
            if loading.engine is not None:
                self.engine, self.problem = loading.engine, ""
                logger.warning("Model version %s answers instead of %s", version, broken)
                return
            logger.error("Nor can model version %s be loaded: %s", version, loading.error)

    def _is_unknown(self, active: int | None) -> bool:
        """Return whether the database lacks the loaded version, for example after it was restored from a backup."""
        if self.engine is None or self.engine.model_version.pk == active:
            return False
        return not ModelVersion.objects.filter(pk=self.engine.model_version.pk).exists()

    def _failed_lately(self) -> bool:
        return self._failure is not None and time.monotonic() < self._failure.again_at
