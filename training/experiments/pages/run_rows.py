"""A run as a row of a table and as a page shows it while it goes on: status, progress, time left, key metrics."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from training.experiments.stage_times import stage_seconds
from training.ml.json_reader import read
from training.ml.recipes.registry import RECIPES
from training.models import Experiment, RunStatus
from training.web.formatting import DASH, Figure, count, duration

SILENT_AFTER = timedelta(seconds=60)


def recipe_word(recipe: str) -> str:
    """Return the short name of a recipe, for tables."""
    return RECIPES[recipe].short_name if recipe in RECIPES else recipe


def loss_rank(name: str) -> tuple[bool, str]:
    """Sort the whole loss before its parts."""
    return (name != "loss", name)


def loss_word(name: str) -> str:
    return {"kl": "KL"}.get(name, name.replace("_", " "))


@dataclass(frozen=True)
class Progress:
    """The latest line of progress of a run that goes on; everything is empty before the first one."""

    phase: str = ""
    step: int = 0
    steps: int = 0
    eta_seconds: float | None = None
    rows_per_second: float | None = None
    tokens_per_second: float | None = None
    memory_mib: float | None = None
    losses: dict[str, float] = field(default_factory=dict)

    @property
    def share(self) -> float:
        return min(self.step / self.steps, 1.0) if self.steps else 0.0

    @property
    def percent(self) -> str:
        return f"{self.share * 100:.0f} %" if self.steps else ""

    @property
    def time_left(self) -> str:
        return "" if self.eta_seconds is None else duration(self.eta_seconds)

    @property
    def known(self) -> bool:
        return bool(self.phase or self.steps)

    @property
    def facts(self) -> list[tuple[str, str]]:
        """Speed and memory, then the loss and its parts; what is not known is left out."""
        speeds = [("Rows a second", self.rows_per_second), ("Tokens a second", self.tokens_per_second)]
        facts = [(title, count(value)) for title, value in speeds if value]
        if (memory := self.memory_mib) is not None:
            facts.append(("Memory", f"{memory:,.0f} MiB" if memory < 4096 else f"{memory / 1024:.1f} GiB"))
        losses = sorted(self.losses.items(), key=lambda pair: loss_rank(pair[0]))
        return facts + [(loss_word(name), f"{value:.4f}") for name, value in losses]


def progress_of(experiment: Experiment) -> Progress:
    return read(Progress, experiment.progress)


@dataclass(frozen=True)
class RunRow:
    """One run in the list."""

    experiment: Experiment
    figures: list[Figure]
    progress: Progress
    now: datetime

    @property
    def recipe(self) -> str:
        return recipe_word(self.experiment.recipe)

    @property
    def recipe_title(self) -> str:
        return str(self.experiment.get_recipe_display())

    @property
    def status(self) -> RunStatus:
        return RunStatus(self.experiment.status)

    @property
    def live(self) -> bool:
        return not self.experiment.is_over

    @property
    def took(self) -> str:
        return took(self.experiment, self.now)

    @property
    def comparable(self) -> bool:
        """Whether a comparison would have something to show of it."""
        return self.experiment.status == RunStatus.SUCCEEDED or bool(self.experiment.started_at)

    @property
    def stopping(self) -> bool:
        return self.live and self.experiment.cancel_requested_at is not None

    @property
    def silent(self) -> bool:
        """Its worker has sent no heartbeat for a minute."""
        heard = self.experiment.heartbeat_at
        return self.status == RunStatus.RUNNING and heard is not None and self.now - heard > SILENT_AFTER


def took(experiment: Experiment, now: datetime) -> str:
    """Write how long a run took, or takes; of a resumed run, its stages without the pauses between them."""
    if experiment.started_at is None:
        return DASH
    stages = stage_seconds(experiment)
    if experiment.is_over and experiment.attempts > 1 and stages:
        return duration(sum(stages.values()))
    end = experiment.finished_at if experiment.is_over and experiment.finished_at else now
    return duration((end - experiment.started_at).total_seconds())


def primary_label(experiment: Experiment, labels: Sequence[str] = ()) -> str:
    """Return the label that makes the verdict: that of the version, else the first one that was taught."""
    if experiment.model_version is not None:
        return experiment.model_version.primary_label
    known = experiment.result.get("labels") or list(labels)
    return "toxic" if "toxic" in known or not known else str(known[0])
