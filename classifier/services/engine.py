"""The model that a worker has loaded, kept in step with the version that is active in the database."""

import logging
import os
import time
from dataclasses import dataclass
from typing import Any, Protocol

from django.conf import settings
from django.db import InterfaceError, OperationalError

from classifier.models import ModelVersion, ModelVersionStatus

RETRY_SECONDS = 5.0

logger = logging.getLogger(__name__)


class ScorerLike(Protocol):
    """What the worker needs of classifier.inference.scorer.Scorer."""

    @property
    def backend_name(self) -> str: ...

    def score(self, texts: Any) -> Any: ...


@dataclass(frozen=True)
class Engine:
    """A scorer and the version that it is; always passed on together, so that no prediction mixes two."""

    scorer: Any
    model_version: ModelVersion


class EngineHolder:
    """Gives the engine of the active version, loading it when another version has become active."""

    def __init__(self) -> None:
        self.engine: Engine | None = None
        self.problem = "loading the model"
        self._failed: tuple[int, float] | None = None

    def current(self) -> Engine | None:
        """The engine to score with now; None when no version is active or it cannot be loaded."""
        try:
            active = ModelVersion.objects.filter(status=ModelVersionStatus.ACTIVE).values_list("pk").first()
        except (OperationalError, InterfaceError):
            logger.warning("The database does not answer; going on with the loaded model")
            return self.engine
        if active is None:
            self.engine, self.problem = None, "no model version is active"
        elif self.engine is None or self.engine.model_version.pk != active[0]:
            self._load(ModelVersion.objects.get(pk=active[0]))
        else:
            self.problem = ""
        return self.engine

    def state(self) -> dict[str, Any]:
        """What the heartbeat tells."""
        engine = self.engine
        return {
            "model_version": engine.model_version.version if engine else None,
            "backend": engine.scorer.backend_name if engine else "",
            "problem": self.problem,
        }

    def _load(self, version: ModelVersion) -> None:
        if self._failed and self._failed[0] == version.pk and time.monotonic() < self._failed[1]:
            return
        started = time.monotonic()
        try:
            scorer = load_scorer(version)
        except Exception as error:
            # The one before goes on scoring under its own name: old verdicts are better than none.
            self._failed = (version.pk, time.monotonic() + RETRY_SECONDS)
            self.problem = f"{version} cannot be loaded: {error}"
            logger.error("Model version %s cannot be loaded: %s", version, error)
            return
        self.engine, self.problem, self._failed = Engine(scorer, version), "", None
        logger.info(
            "Loaded model version %s (%s) in %.1f s", version, scorer.backend_name, time.monotonic() - started
        )


def load_scorer(version: ModelVersion) -> Any:
    """Load the artifact of `version`; the import is here because it may bring torch."""
    # Threads of the engine that wait for work must sleep, not spin: the web server, Postgres and Redis answer the
    # same request on the same cores (measured on 2 busy cores: 15 ms instead of 107 ms for one text). Read by
    # OpenMP when torch is first imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    from classifier.inference.explain import explain
    from classifier.inference.scorer import Scorer

    scorer = Scorer(
        version.path,
        backend=settings.SCORER_BACKEND,
        token_budget=settings.SCORER_TOKEN_BUDGET,
        max_windows=settings.SCORE_MAX_WINDOWS,
    )
    explain(scorer, "The first one pays for imports and kernels; nobody who waits should.")
    return scorer
