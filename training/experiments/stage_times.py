"""How long each stage of a run took, over all its tries and without the pauses between them; and what is left.

The process of a run names the stage in each line of its progress, with the time. What is left is told from that and
from earlier runs of the same recipe on the same dataset; where a part is not known, the sum is a lower bound.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any

from training.ml.job.stage_names import ALL_DONE, EVALUATE, EXPORT, TRAIN, TRIAL
from training.ml.json_reader import number
from training.models import Experiment, RunStatus

TITLES = {
    TRAIN: "Training",
    EXPORT: "Writing the model",
    TRIAL: "Measuring the trial",
    EVALUATE: "Measuring on the test rows",
}
EARLIER = 5
"""How many earlier runs tell how long a stage takes."""


class StageClock:
    """Adds up the seconds of each stage from lines of progress; a try begins with its first line."""

    def __init__(self, known: Mapping[str, float]) -> None:
        self.seconds = dict(known)
        self.stage = ""
        self.at: datetime | None = None

    def add(self, lines: Iterable[Mapping[str, Any]]) -> None:
        """Count the time up to each line for the stage that went on until then."""
        for line in lines:
            stage, at = str(line.get("stage") or ""), _moment(line.get("at"))
            if at is None:
                continue
            if self.at is not None and self.stage in TITLES:
                passed = max((at - self.at).total_seconds(), 0.0)
                self.seconds[self.stage] = round(self.seconds.get(self.stage, 0.0) + passed, 3)
            if stage in TITLES:
                self.seconds.setdefault(stage, 0.0)
            self.stage, self.at = stage, at


def stage_seconds(experiment: Experiment) -> dict[str, float]:
    """Return the seconds of each stage of a run that has begun, in the order in which they came."""
    kept = (experiment.progress or {}).get("stages")
    values = kept if isinstance(kept, Mapping) else {}
    known = {name: number(values[name]) for name in TITLES if name in values}  # JSON objects have no order
    return {name: value for name, value in known.items() if value is not None}


@dataclass(frozen=True)
class StageRow:
    """A stage of a run: `state` is done, now or next; `seconds` None while it has not begun."""

    title: str
    state: str
    seconds: float | None


def stage_rows(experiment: Experiment, now: datetime) -> list[StageRow]:
    """Return the stages of a run in order, with what each took; none for a run that told of none."""
    seconds, current = _running(experiment, now)
    if not seconds and experiment.status not in (RunStatus.QUEUED, RunStatus.RUNNING):
        return []
    over = experiment.status == RunStatus.SUCCEEDED or current == ALL_DONE
    rows = []
    for name in _expected(experiment, seconds):
        state = "next"
        if name in seconds:
            state = "now" if name == current and not over else "done"
        if state == "now" and experiment.status != RunStatus.RUNNING:
            state = "next"  # it stopped there, and goes on there
        rows.append(StageRow(TITLES[name], state, seconds.get(name)))
    return rows


@dataclass(frozen=True)
class TimeLeft:
    """The seconds until the whole run is over; `at_least`: a part is unknown. `based_on` earlier runs."""

    seconds: float
    at_least: bool
    based_on: int


def time_left(experiment: Experiment, now: datetime) -> TimeLeft | None:
    """Estimate the rest of a running run, all stages together; None while nothing can be said."""
    if experiment.status != RunStatus.RUNNING:
        return None
    seconds, current = _running(experiment, now)
    earlier = _earlier(experiment)
    total, known, unknown = 0.0, False, False
    eta = number((experiment.progress or {}).get("eta_seconds"))
    for name in _expected(experiment, seconds):
        if name in seconds and name != current:
            continue
        usual = median(earlier[name]) if earlier.get(name) else None
        if name == current:
            here = eta if name == TRAIN else None
            if usual is not None:
                here = max(usual - seconds[name], here or 0.0)
            else:
                unknown = True  # the step that reports a rest may not be the stage's last
        else:
            here = usual
        known, unknown = known or here is not None, unknown or here is None
        total += here or 0.0
    if not known:
        return None
    return TimeLeft(total, unknown, max(map(len, earlier.values()), default=0))


def _running(experiment: Experiment, now: datetime) -> tuple[dict[str, float], str]:
    """Return the seconds of each stage up to now, and which stage goes on."""
    seconds, progress = stage_seconds(experiment), experiment.progress or {}
    current = str(progress.get("stage") or "")
    at = _moment(progress.get("at"))
    if experiment.status == RunStatus.RUNNING and current in seconds and at is not None:
        seconds[current] += max((now - at).total_seconds(), 0.0)
    return seconds, current


def _expected(experiment: Experiment, seconds: Mapping[str, float]) -> Sequence[str]:
    """Return the stages that this run goes through; one that it has begun is always among them."""
    usual = (TRAIN, EXPORT, TRIAL) if experiment.sweep_id else (TRAIN, EXPORT, EVALUATE)
    return [name for name in TITLES if name in usual or name in seconds]


def _earlier(experiment: Experiment) -> dict[str, list[float]]:
    """Return the seconds that earlier runs alike took for each stage."""
    runs = Experiment.objects.filter(
        status=RunStatus.SUCCEEDED,
        recipe=experiment.recipe,
        dataset=experiment.dataset_id,
        quick_measurement=experiment.quick_measurement,
        sweep__isnull=experiment.sweep_id is None,
        progress__has_key="stages",
    )
    times: dict[str, list[float]] = {}
    for run in runs.order_by("-id").only("progress")[:EARLIER]:
        for name, value in stage_seconds(run).items():
            times.setdefault(name, []).append(value)
    return times


def _moment(value: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
