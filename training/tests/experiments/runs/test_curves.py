"""Curves in the database: evenly thinned, no point twice, and nothing beyond the checkpoint of a resumed run."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from training.experiments.follower import POINTS_A_CURVE, Curves, ProgressReader
from training.models import Dataset, Experiment, MetricPoint

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(make_dataset: Callable[..., Dataset], queue_run: Callable[..., Experiment]) -> Experiment:
    return queue_run(make_dataset())


def line(step: int, steps: int, phase: str = "teacher", **losses: float) -> dict[str, Any]:
    return {"phase": phase, "step": step, "steps": steps, "losses": losses or {"loss": 1 / step}}


def steps_of(run: Experiment, name: str = "loss", phase: str = "teacher") -> list[int]:
    points = MetricPoint.objects.filter(experiment=run, name=name, phase=phase)
    return list(points.order_by("step").values_list("step", flat=True))


def test_a_long_curve_is_thinned_evenly_to_its_end(run: Experiment) -> None:
    curves = Curves(run.pk)
    for begin in range(1, 10_001, 100):
        curves.add([line(step, 10_000) for step in range(begin, begin + 100)])
    found = steps_of(run)
    assert len(found) <= POINTS_A_CURVE + 1
    assert found[-1] == 10_000
    assert max(b - a for a, b in pairwise(found)) <= 40


def test_scores_on_the_way_are_all_kept(run: Experiment) -> None:
    lines = [line(step, 10_000, loss=1.0, validation_f1=0.5) for step in (1_001, 1_002, 1_003)]
    Curves(run.pk).add(lines)
    assert steps_of(run, "validation_f1") == [1_001, 1_002, 1_003]


def test_a_resumed_run_takes_back_what_lies_beyond_its_checkpoint(run: Experiment) -> None:
    Curves(run.pk).add([line(step, 20, loss=1.0) for step in range(1, 11)])
    resumed = Curves(run.pk)
    resumed.add([line(step, 20, loss=2.0) for step in range(7, 13)])
    assert steps_of(run) == list(range(1, 13))
    values = dict(MetricPoint.objects.filter(experiment=run, name="loss").values_list("step", "value"))
    assert values[6] == 1.0
    assert values[7] == values[12] == 2.0


def test_lines_of_several_phases_and_no_numbers_are_kept_apart(run: Experiment) -> None:
    quiet = {"phase": "validation", "step": 3, "steps": 9, "losses": {}}
    Curves(run.pk).add([line(1, 9), quiet, line(1, 9, "student"), line(2, 9, "student", loss=float("nan"))])
    assert steps_of(run) == [1]
    assert steps_of(run, phase="student") == [1]
    assert not MetricPoint.objects.filter(phase="validation").exists()


def test_half_a_line_waits_for_its_other_half(tmp_path: Any) -> None:
    path = tmp_path / "progress.jsonl"
    reader = ProgressReader(path)
    assert reader.read() == []
    path.write_text('{"phase": "a"}\n{"pha')
    assert reader.read() == [{"phase": "a"}]
    with path.open("a") as file:
        file.write('se": "b"}\n')
    assert reader.read() == [{"phase": "b"}]
