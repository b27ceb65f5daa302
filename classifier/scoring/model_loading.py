"""Loading of a model's weights: the worker waits for its first model; later ones load on a thread beside its work."""

import logging
import os
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings

from classifier.inference import language
from classifier.inference.artifact import MANIFEST, read_json
from classifier.inference.errors import ArtifactInvalid, ArtifactMismatch
from classifier.model_versions.model_files import DAMAGED, files_restore
from classifier.models import ModelVersion
from classifier.scoring.bell import ring_all_workers

if TYPE_CHECKING:  # at run time it is imported where it is used, because it may bring torch
    from classifier.inference.scorer import Scorer

logger = logging.getLogger(__name__)
one_at_a_time = threading.Lock()  # loading two at once would need the memory of both and be no faster


@dataclass(frozen=True)
class Engine:
    """A scorer and its version, always passed on together, so that no prediction mixes two versions."""

    scorer: "Scorer"
    model_version: ModelVersion


class Loading(threading.Thread):
    """One attempt to load a version: `load()` waits for it; `start()` does not, and calls the worker at the end.

    A damaged copy of the shipped model is restored first. Once `is_over`, either `engine` is set or `error` says why
    not, and `is_damaged` whether files are damaged. The caller decides whether the version is still wanted.
    """

    def __init__(self, version: ModelVersion) -> None:
        super().__init__(name=f"loading {version}", daemon=True)
        self.version = version
        self.engine: Engine | None = None
        self.error = ""
        self.is_damaged = False
        # Set before the worker is called, unlike is_alive(): the turn that follows has to find the engine.
        self.is_over = False

    def run(self) -> None:
        self.load()
        ring_all_workers()

    def load(self) -> None:
        began = time.monotonic()
        try:
            with one_at_a_time:
                scorer = self._scorer()
                language.load()
            self.engine = Engine(scorer, self.version)
        except Exception as error:
            self.error = str(error) or type(error).__name__
            self.is_damaged = isinstance(error, DAMAGED)
        else:
            took = time.monotonic() - began
            logger.info("Loaded model version %s (%s) in %.1f s", self.version, scorer.backend_name, took)
        self.is_over = True

    def _scorer(self) -> "Scorer":
        try:
            return load_scorer(self.version)
        except DAMAGED:
            if not files_restore(self.version):
                raise
        return load_scorer(self.version)


def loading_finish(seconds: float) -> None:
    """Wait up to `seconds` until loading ends, since a process that exits during it may be reported as crashed."""
    if one_at_a_time.acquire(timeout=seconds):
        one_at_a_time.release()


def load_scorer(version: ModelVersion) -> "Scorer":
    """Load the artifact of `version`; the import is here because it may bring torch.

    Raises ArtifactInvalid or ArtifactMismatch where its files are not the ones that were registered.
    """
    if not version.path.is_dir():
        raise ArtifactInvalid(f"{version.path} is missing")
    if read_json(version.path, MANIFEST) != version.manifest:
        raise ArtifactMismatch(f"{MANIFEST} in {version.path} is not the one that was registered")
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
