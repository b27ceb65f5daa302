"""The model that a worker has loaded, kept in step with the version that is active in the database."""

import logging
import time
from dataclasses import dataclass
from typing import Any

from django.db import InterfaceError, OperationalError

from classifier.model_versions.assembly import Assembly, assembly_of, default_id_now, slots_in_production
from classifier.model_versions.memory import within_memory
from classifier.models import ModelVersion, ModelVersionStatus
from classifier.scoring.heartbeat import LOADING, NO_VERSION
from classifier.scoring.model_loading import Engine, Loading
from classifier.scoring.serving import Serving

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

    Versions by language are loaded one after the other on threads beside the work, as far as the memory budget goes;
    until one is there, its texts are left to other workers. A version that failed is tried again later.

    If the first model cannot be loaded, the version that was last in production before it and can be loaded answers
    instead, under its own name. The active version in the database does not change; loading it is tried again.
    """

    def __init__(self) -> None:
        self.engine: Engine | None = None
        self.problem = LOADING
        self._loading: Loading | None = None
        self._failure: Failure | None = None
        self._others: dict[int, Engine] = {}
        self._loading_other: Loading | None = None
        self._failed_others: dict[int, Failure] = {}
        self._no_room: list[ModelVersion] = []
        self._wanted: tuple[Any, list[ModelVersion]] = (None, [])

    def current(self) -> Engine | None:
        """Return the engine to score with now; None when no version is active or none can be loaded."""
        try:
            active = default_id_now()
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
            self._follow_slots()
        except (OperationalError, InterfaceError):
            logger.warning("The database does not answer; going on with the loaded model")
        return self.engine

    def serving(self) -> Serving | None:
        """Return what to score with now: the current engine, with the versions by language that are loaded."""
        if self.engine is None:
            return None
        default = self.engine.model_version
        others = {pk: engine.scorer for pk, engine in self._others.items()}
        return Serving(self.engine.scorer, assembly_of(default), others)

    @property
    def notice(self) -> str:
        """What this worker scores otherwise or not at all, for everybody; empty where all is as it should be."""
        sentences = []
        if self._failure is not None and self.engine is not None:
            sentences.append(f"{self._failure.sentence} {self.engine.model_version} answers instead.")
        sentences += [
            f"{failure.sentence} Texts in its languages wait." for failure in self._failed_others.values()
        ]
        if self._no_room:
            names = ", ".join(map(str, self._no_room))
            sentences.append(f"MODEL_MEMORY_MIB leaves no room for {names}; texts in its languages wait.")
        return " ".join(sentences)

    def state(self) -> dict[str, Any]:
        """Return the state that the heartbeat publishes."""
        engine = self.engine
        failure = self._failure or next(iter(self._failed_others.values()), None)
        loaded = [engine, *self._others.values()] if engine else []
        return {
            "model_version": engine.model_version.version if engine else None,
            "versions": [each.model_version.version for each in loaded],
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

    def _follow_slots(self) -> None:
        """Load what the slots of languages need, one at a time, and drop what they do not need any more."""
        if self.engine is None:
            return
        slots = slots_in_production()
        if not slots and not self._others and self._loading_other is None:
            self._no_room = []
            return
        default = self.engine.model_version
        wanted = self._within_memory(Assembly(default, slots).versions)
        self._others = {pk: engine for pk, engine in self._others.items() if pk in wanted}
        self._failed_others = {pk: failure for pk, failure in self._failed_others.items() if pk in wanted}
        loading = self._loading_other
        if loading is not None and loading.is_over:
            self._loading_other = None
            if loading.engine is None:
                self._failed_others[loading.version.pk] = self._failure_of(
                    loading, self._failed_others.get(loading.version.pk)
                )
            elif loading.version.pk in wanted:
                self._others[loading.version.pk] = loading.engine
                self._failed_others.pop(loading.version.pk, None)
        if self._loading_other is None and self._loading is None:
            due = (version for pk, version in wanted.items() if pk not in self._others and self._is_due(pk))
            version = next(due, None)
            if version is not None:
                self._loading_other = Loading(ModelVersion.objects.get(pk=version.pk))
                self._loading_other.start()

    def _within_memory(self, versions: list[ModelVersion]) -> dict[int, ModelVersion]:
        """Return those besides the default for which there is room; files are looked at once for an assembly."""
        key = tuple(version.pk for version in versions)
        if self._wanted[0] != key:
            self._wanted = key, within_memory(versions)
        kept = self._wanted[1][1:]
        self._no_room = [version for version in versions[1:] if version not in kept]
        return {version.pk: version for version in kept}

    def _is_due(self, pk: int) -> bool:
        failure = self._failed_others.get(pk)
        return failure is None or time.monotonic() >= failure.again_at

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
        self._failure = self._failure_of(loading, self._failure)

    def _failure_of(self, loading: Loading, before: Failure | None) -> Failure:
        """Return what failed, and when to try again: later after each attempt at the same version."""
        version = loading.version
        attempts = before.attempts + 1 if before is not None and before.version.pk == version.pk else 1
        why = ": one of its files is damaged" if loading.is_damaged else ""
        logger.error("Model version %s cannot be loaded: %s", version, loading.error)
        return Failure(
            version=version,
            sentence=f"The model version {version} cannot be loaded{why}.",
            detail=loading.error,
            attempts=attempts,
            again_at=time.monotonic() + min(RETRY_SECONDS * 2 ** min(attempts - 1, 8), RETRY_SECONDS_MOST),
        )

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
