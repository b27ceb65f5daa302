"""A sweep as its page shows it: its stored analysis, rows of trials, the best values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from training.ml.json_reader import read
from training.ml.search.objectives import Objective
from training.ml.search.space import searchable_fields
from training.models import Experiment, RunStatus, Sweep
from training.sweeps.selectors import objectives_of
from training.web.formatting import DASH

SAMPLER_TITLES = {"tpe": "TPE", "random": "random", "grid": "grid", "nsga2": "NSGA-II"}
PRUNER_TITLES = {
    "median": "median",
    "hyperband": "Hyperband",
    "halving": "successive halving",
    "none": "none",
}
STATES = {
    "complete": ("Done", "green"),
    "pruned": ("Pruned", "amber"),
    "fail": ("Failed", "red"),
    "running": ("Running", "blue"),
}
DIGITS = {
    "f1": 4,
    "roc_auc": 4,
    "pr_auc": 4,
    "latency_ms": 2,
    "size_mb": 1,
    "parameters": 0,
    "trainable_parameters": 0,
}


@dataclass(frozen=True)
class Trial:
    """One trial as the analysis of its sweep stores it; `values` are those of the objectives, as far as it has them."""

    number: int = 0
    state: str = ""
    values: list[float] = field(default_factory=list)
    params: dict[str, Any] = field(default_factory=dict)
    why: str = ""


@dataclass(frozen=True)
class Analysis:
    """What the worker read out of the study last; `importance` is {title of the objective: {field: share}}."""

    trials: list[Trial] = field(default_factory=list)
    best: int | None = None
    front: list[int] = field(default_factory=list)
    importance: dict[str, dict[str, float]] = field(default_factory=dict)

    @property
    def best_trial(self) -> Trial | None:
        return next((trial for trial in self.trials if trial.number == self.best), None)

    @property
    def complete(self) -> list[Trial]:
        return [trial for trial in self.trials if trial.state == "complete"]


def analysis_of(sweep: Sweep) -> Analysis:
    return read(Analysis, sweep.analysis)


@dataclass(frozen=True)
class TrialRow:
    """One trial in the table; `values` and `params` are texts in the order of the columns."""

    number: int
    state: str
    colour: str
    values: list[str]
    params: list[str]
    run: Experiment | None
    best: bool = False
    why: str = ""


@dataclass(frozen=True)
class SweepView:
    """What the head of the page and the list say."""

    sweep: Sweep
    status: RunStatus
    objectives: tuple[Objective, ...]
    done: int
    share: float
    stopping: bool
    best: list[tuple[str, str]] = field(default_factory=list)
    states: list[tuple[str, int]] = field(default_factory=list)


def searched(sweep: Sweep) -> list[str]:
    """Return the searched fields in the order of the configuration; JSON in the database keeps none."""
    return [info.name for info in searchable_fields(sweep.recipe) if info.name in sweep.space]


def sweep_view(sweep: Sweep) -> SweepView:
    objectives, analysis = objectives_of(sweep), analysis_of(sweep)
    ended = [trial for trial in analysis.trials if trial.state != "running"]
    counts = [(word, sum(trial.state == state for trial in ended)) for state, (word, _) in STATES.items()]
    best = analysis.best_trial
    return SweepView(
        sweep=sweep,
        status=RunStatus(sweep.status),
        objectives=objectives,
        done=len(ended),
        share=min(len(ended) / max(sweep.trials_wanted, 1), 1.0),
        stopping=not sweep.is_over and sweep.cancel_requested_at is not None,
        best=[] if best is None else list(_values(objectives, best).items()),
        states=[(word, count) for word, count in counts if count],
    )


def trial_rows(sweep: Sweep, runs: Mapping[int, Experiment]) -> list[TrialRow]:
    """Return a row for every trial, newest first."""
    objectives, analysis, names = objectives_of(sweep), analysis_of(sweep), searched(sweep)
    rows = []
    for trial in analysis.trials:
        run = runs.get(trial.number)
        state, colour = STATES.get(trial.state, (trial.state.capitalize(), "grey"))
        if trial.state == "running" and (run is None or run.status == RunStatus.QUEUED):
            state, colour = "Waits", "grey"
        elif trial.state == "running" and run is not None and run.is_over:
            state, colour = "Being recorded", "grey"
        values = _values(objectives, trial)
        rows.append(
            TrialRow(
                number=trial.number,
                state=state,
                colour=colour,
                values=[values.get(objective.title, DASH) for objective in objectives],
                params=[param_text(trial.params.get(name)) for name in names],
                run=run if run is not None and run.deleted_at is None else None,
                best=trial.number in analysis.front,
                why=trial.why,
            )
        )
    return rows[::-1]


def best_values(sweep: Sweep) -> list[tuple[str, str]]:
    """Return the values of the best trial, by field."""
    trial = analysis_of(sweep).best_trial
    return [] if trial is None else [(name, param_text(trial.params.get(name))) for name in searched(sweep)]


def importance_rows(sweep: Sweep) -> list[tuple[str, list[str]]]:
    """Sort fields by how much they matter to the first objective, each with its share for every objective."""
    shares_of = importances(sweep)
    first = next((shares for shares in shares_of.values() if shares), None)
    if first is None:
        return []
    names = sorted(searched(sweep), key=lambda name: -first.get(name, 0))
    return [(name, [f"{100 * shares.get(name, 0):.0f} %" for shares in shares_of.values()]) for name in names]


def importances(sweep: Sweep) -> dict[str, dict[str, float]]:
    """Return {objective: {field: share}}, in the order of the objectives; {} where it is not known yet."""
    stored = analysis_of(sweep).importance
    return {objective.title: stored.get(objective.title, {}) for objective in objectives_of(sweep)}


def space_rows(sweep: Sweep) -> list[tuple[str, str]]:
    """Put the searched fields into words: `1e-05 to 0.001, logarithmic`."""
    rows = []
    for name in searched(sweep):
        spec = sweep.space[name]
        if spec["type"] == "categorical":
            rows.append((name, " · ".join(param_text(choice) for choice in spec["choices"])))
            continue
        words = f"{param_text(spec['low'])} to {param_text(spec['high'])}"
        words += ", logarithmic" if spec.get("log") else ""
        words += f", steps of {param_text(spec['step'])}" if spec.get("step") else ""
        rows.append((name, words))
    return rows


def param_text(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def value_text(objective: Objective, value: float) -> str:
    return f"{value:,.{DIGITS[objective.metric]}f}"


def _values(objectives: tuple[Objective, ...], trial: Trial) -> dict[str, str]:
    """Return the values of a trial by the title of their objective."""
    pairs = zip(objectives, trial.values, strict=False)
    return {objective.title: value_text(objective, value) for objective, value in pairs}
