"""A run as a row of a table and as a page shows it while it goes on: status, progress, rest, key metrics."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from training.ml.recipes.registry import RECIPES
from training.models import Experiment, RunStatus
from training.web.formatting import (
    DASH,
    LATENCY,
    METRIC_OF,
    SIZE,
    Figure,
    Metric,
    count,
    figure,
    number,
    parameters,
    span,
)

COLUMNS: tuple[Metric, ...] = (METRIC_OF["roc_auc"], METRIC_OF["pr_auc"], METRIC_OF["f1"], LATENCY, SIZE)
SILENT_AFTER = timedelta(seconds=60)


def recipe_word(recipe: str) -> str:
    """The short name of a recipe, for tables."""
    return RECIPES[recipe].short_name if recipe in RECIPES else recipe


def key_figures(measured: Mapping[str, Any] | None, primary: str) -> list[tuple[Metric, Figure]]:
    """The columns of the list, out of the small form of an evaluation; dashes where there is none."""
    report = measured or {}
    metrics = report.get("metrics") or {}
    of_label = metrics.get(primary) or metrics.get("macro") or {}
    found: dict[str, Any] = {key: of_label.get(key) for key in ("roc_auc", "pr_auc", "f1")}
    found["latency"] = (report.get("speed") or {}).get("latency_ms_p50")
    size = number((report.get("size") or {}).get("bytes"))
    found["size"] = None if size is None else size / 1e6
    return [(metric, figure(found[metric.key], metric)) for metric in COLUMNS]


@dataclass(frozen=True)
class Progress:
    """Where a run stands; empty strings where it has not said."""

    phase: str = ""
    step: int = 0
    steps: int = 0
    rest: str = ""
    facts: list[tuple[str, str]] = field(default_factory=list)
    losses: list[tuple[str, str]] = field(default_factory=list)

    @property
    def share(self) -> float:
        return min(self.step / self.steps, 1.0) if self.steps else 0.0

    @property
    def percent(self) -> str:
        return f"{self.share * 100:.0f} %" if self.steps else ""

    @property
    def known(self) -> bool:
        return bool(self.phase or self.steps)


def loss_rank(name: str) -> tuple[bool, str]:
    """The whole loss before its parts."""
    return (name != "loss", name)


def loss_word(name: str) -> str:
    return {"kl": "KL"}.get(name, name.replace("_", " "))


def progress_of(experiment: Experiment) -> Progress:
    told: dict[str, Any] = experiment.progress or {}
    if not told:
        return Progress()
    eta = number(told.get("eta_seconds", told.get("eta")))
    memory = number(told.get("memory_mib", told.get("memory")))
    facts = [
        (title, count(told.get(key)))
        for key, title in (("rows_per_second", "Rows a second"), ("tokens_per_second", "Tokens a second"))
        if number(told.get(key)) is not None
    ]
    if memory is not None:
        facts.append(("Memory", f"{memory:,.0f} MiB" if memory < 4096 else f"{memory / 1024:.1f} GiB"))
    losses = [
        (loss_word(name), f"{value:.4f}")
        for name, found in sorted((told.get("losses") or {}).items(), key=lambda pair: loss_rank(pair[0]))
        if (value := number(found)) is not None
    ]
    return Progress(
        phase=str(told.get("phase") or ""),
        step=int(number(told.get("step")) or 0),
        steps=int(number(told.get("steps")) or 0),
        rest="" if eta is None or experiment.is_over else span(eta),
        facts=facts,
        losses=losses,
    )


@dataclass(frozen=True)
class RunRow:
    """One run in the list."""

    experiment: Experiment
    figures: list[tuple[Metric, Figure]]
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
    def parameters(self) -> str:
        return parameters(self.experiment.result.get("parameters"))

    @property
    def comparable(self) -> bool:
        """Whether a comparison would have something to show of it."""
        return self.experiment.status == RunStatus.SUCCEEDED or bool(self.experiment.started_at)

    @property
    def stopping(self) -> bool:
        return self.live and self.experiment.cancel_requested_at is not None

    @property
    def silent(self) -> bool:
        """Its worker has not been heard of for a minute."""
        heard = self.experiment.heartbeat_at
        return self.status == RunStatus.RUNNING and heard is not None and self.now - heard > SILENT_AFTER


def took(experiment: Experiment, now: datetime) -> str:
    """How long it ran, or runs; the provenance knows it without the pauses of a resumed run."""
    if experiment.started_at is None:
        return DASH
    whole = number(experiment.provenance.get("duration_seconds")) if experiment.is_over else None
    if whole is not None:
        return span(whole)
    end = experiment.finished_at if experiment.is_over and experiment.finished_at else now
    return span((end - experiment.started_at).total_seconds())


def primary_label(experiment: Experiment, labels: Sequence[str] = ()) -> str:
    """The label that makes the verdict: of its version, else the first that it was taught."""
    if experiment.model_version is not None:
        return experiment.model_version.primary_label
    known = experiment.result.get("labels") or list(labels)
    return "toxic" if "toxic" in known or not known else str(known[0])
