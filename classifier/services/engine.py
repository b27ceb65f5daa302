"""The model that a worker has loaded, kept in step with the version that is active in the database."""

import logging
import time
from typing import Any

from django.db import InterfaceError, OperationalError

from classifier.models import ModelVersion, ModelVersionStatus
from classifier.services.heartbeat import LOADING, NO_VERSION
from classifier.services.loading import Engine, Loading

RETRY_SECONDS = 5.0

logger = logging.getLogger(__name__)


class EngineHolder:
    """Gives the engine of the active version; used from the worker's one thread.

    The first model is waited for: without it nobody can be answered. When another version becomes active, it is
    loaded beside the work, one at a time, and takes over when the worker next asks for its engine. Until then the
    one before goes on answering under its own name.
    """

    def __init__(self) -> None:
        self.engine: Engine | None = None
        self.problem = LOADING
        self._loading: Loading | None = None
        self._failed: tuple[int, float] | None = None

    def current(self) -> Engine | None:
        """The engine to score with now; None when no version is active or it cannot be loaded."""
        try:
            found = ModelVersion.objects.filter(status=ModelVersionStatus.ACTIVE).values_list("pk").first()
            active = found[0] if found is not None else None
            unknown = self._is_unknown(active)
        except (OperationalError, InterfaceError):
            logger.warning("The database does not answer; going on with the loaded model")
            return self.engine
        if unknown:
            self.engine = None  # no verdict can be written under it, so the next model is waited for
        self._take_over(active)
        if active is None:
            self.engine, self.problem = None, NO_VERSION
        elif self.engine is not None and self.engine.model_version.pk == active:
            self.problem = ""
        elif self._loading is None and not self._failed_lately(active):
            self._load(active)
        return self.engine

    def state(self) -> dict[str, Any]:
        """What the heartbeat tells."""
        engine = self.engine
        return {
            "model_version": engine.model_version.version if engine else None,
            "backend": engine.scorer.backend_name if engine else "",
            "problem": self.problem,
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
            # The one before goes on scoring under its own name: old verdicts are better than none.
            self._failed = (version.pk, time.monotonic() + RETRY_SECONDS)
            self.problem = f"{version} cannot be loaded: {loading.error}"
            logger.error("Model version %s cannot be loaded: %s", version, loading.error)
        else:
            self.engine, self.problem, self._failed = loading.engine, "", None

    def _is_unknown(self, active: int | None) -> bool:
        """Whether the database does not know the loaded version (any more): it was restored from a copy, say."""
        if self.engine is None or self.engine.model_version.pk == active:
            return False
        return not ModelVersion.objects.filter(pk=self.engine.model_version.pk).exists()

    def _failed_lately(self, version_id: int) -> bool:
        return (
            self._failed is not None and self._failed[0] == version_id and time.monotonic() < self._failed[1]
        )
