"""Following a run's process: its lines of progress become curves and a live view in the database."""

import json
import logging
import math
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.db.models.functions import Now

from training.experiments.stage_times import StageClock, stage_seconds
from training.models import Experiment, MetricPoint, RunStatus

POINTS_A_CURVE = 500
LOG_CHARACTERS = 6_000
SPEEDS = ("rows_per_second", "tokens_per_second", "memory_mib")
RARE = "validation_"  # scores on the way: few, and all of them kept

logger = logging.getLogger(__name__)


class LostRun(Exception):
    """The run is no longer this worker's: another worker has taken it, or it is over."""


def own_row(experiment: Experiment) -> Experiment:
    """Return the locked row, while it is this worker's. Raises LostRun."""
    row = (
        Experiment.objects.select_for_update()
        .filter(pk=experiment.pk, run_token=experiment.run_token, status=RunStatus.RUNNING)
        .first()
    )
    if row is None:
        raise LostRun
    return row


class ProgressReader:
    """Gives the whole lines that were added to progress.jsonl since it was asked last."""

    def __init__(self, path: Path) -> None:
        self.path, self.position = path, 0

    def read(self) -> list[dict[str, Any]]:
        try:
            with self.path.open("rb") as file:
                file.seek(self.position)
                data = file.read()
        except FileNotFoundError:
            return []
        whole = data[: data.rfind(b"\n") + 1]
        self.position += len(whole)
        lines = []
        for line in whole.splitlines():
            try:
                value = json.loads(line)
            except ValueError:
                continue  # torn by a full disk
            if isinstance(value, dict) and value.get("phase"):
                lines.append(value)
        return lines


class Curves:
    """The choice of the points of each curve that are kept: about POINTS_A_CURVE, evenly over the steps, none twice.

    A resumed run begins again at its checkpoint; points written beyond it are deleted.
    """

    def __init__(self, experiment_id: int) -> None:
        self.experiment_id = experiment_id
        rows = MetricPoint.objects.filter(experiment=experiment_id).values("phase")
        self.last: dict[str, int] = dict(rows.annotate(last=Max("step")).values_list("phase", "last"))

    def add(self, lines: list[dict[str, Any]]) -> None:
        """Write the points of these lines; inside the caller's transaction."""
        fresh: dict[tuple[str, str, int], MetricPoint] = {}
        for line in lines:
            losses = line.get("losses") or {}
            if not losses:
                continue  # reading, scoring and so on: shown live, but no curve
            phase, step = str(line["phase"])[:64], int(line["step"])
            last = self.last.get(phase, 0)
            if step <= last:
                fresh = {key: point for key, point in fresh.items() if key[0] != phase or key[2] < step}
                MetricPoint.objects.filter(
                    experiment=self.experiment_id, phase=phase, step__gte=step
                ).delete()
                last = 0 if step == 1 else self.last.get(phase, 0) and step - 1
            stride = math.ceil(int(line["steps"]) / POINTS_A_CURVE) or 1
            due = (step - 1) // stride != (last - 1) // stride or step >= int(line["steps"]) or not last
            rare = {name: value for name, value in losses.items() if name.startswith(RARE)}
            values = {**losses, **{name: line.get(name) for name in SPEEDS}} if due else rare
            for name, value in values.items():
                if isinstance(value, (int, float)) and math.isfinite(value):
                    fresh[phase, name, step] = MetricPoint(
                        experiment_id=self.experiment_id,
                        phase=phase,
                        name=str(name)[:64],
                        step=step,
                        value=value,
                    )
            if values or step < last:
                self.last[phase] = step
        MetricPoint.objects.bulk_create(fresh.values())


class Follower:
    """Writes what a run's process reports into the database, as long as the run is this worker's."""

    def __init__(self, experiment: Experiment) -> None:
        self.experiment = experiment
        self.reader = ProgressReader(experiment.path / "progress.jsonl")
        self.log = experiment.path / "log.txt"
        self.log_size = -1
        self.curves = Curves(experiment.pk)
        self.clock = StageClock(stage_seconds(experiment))
        self.scored = False  # whether the last tick brought scores on the way

    def tick(self) -> bool:
        """Write heartbeat, progress, points and log; return whether somebody asked the run to stop.

        Raises LostRun.
        """
        lines = self.reader.read()
        self.scored = any(name.startswith(RARE) for line in lines for name in line.get("losses") or {})
        fields: dict[str, Any] = {"heartbeat_at": Now()}
        if lines:
            self.clock.add(lines)
            fields["progress"] = plain({**lines[-1], "stages": self.clock.seconds})
        if (size := _size(self.log)) != self.log_size:
            fields["log"] = log_tail(self.log)
            self.log_size = size
        with transaction.atomic():
            mine = Experiment.objects.filter(
                pk=self.experiment.pk, run_token=self.experiment.run_token, status=RunStatus.RUNNING
            )
            if not mine.update(**fields):
                raise LostRun
            self.curves.add(lines)
            return bool(mine.filter(cancel_requested_at__isnull=False).exists())


def log_tail(path: Path) -> str:
    """Return the end of a run's log, from the start of a line."""
    try:
        with path.open("rb") as file:
            file.seek(max(_size(path) - 4 * LOG_CHARACTERS, 0))
            text = file.read().decode("utf-8", "replace").replace("\x00", "")
    except OSError:
        return ""
    if len(text) <= LOG_CHARACTERS:
        return text
    return text[-LOG_CHARACTERS:].partition("\n")[2]


def plain(value: Any) -> Any:
    """Return JSON that PostgreSQL takes: numbers that are not finite become null, and NUL characters are removed."""
    if isinstance(value, dict):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, str):
        return value.replace("\x00", "")
    return value


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
