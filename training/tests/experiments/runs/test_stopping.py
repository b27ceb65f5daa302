"""Cancelling, killing and stopping: seconds, a checkpoint, and no metric twice."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from classifier.models import User
from training.experiments.services import experiment_cancel, experiment_resume
from training.models import Dataset, Experiment, MetricPoint
from training.tests.experiments.runs.worker import TrainingWorker

pytestmark = pytest.mark.long

LONG = {"epochs": 200, "checkpoint_seconds": 0.5, "token_budget": 128}


def trains(run: Experiment) -> bool:
    return run.status == "running" and run.progress.get("phase") == "teacher"


def steps_of(run: Experiment) -> list[int]:
    return list(MetricPoint.objects.filter(experiment=run, name="loss").values_list("step", flat=True))


def test_a_run_is_cancelled_within_seconds_and_goes_on_from_its_checkpoint_when_resumed(
    start_worker: Callable[..., TrainingWorker],
    make_dataset: Callable[..., Dataset],
    queue_run: Callable[..., Experiment],
    model_admin: User,
) -> None:
    run = queue_run(make_dataset(test_set=False), loop=LONG)
    worker = start_worker()
    worker.wait_for(run, trains)
    asked = time.monotonic()
    experiment_cancel(experiment=run, by=model_admin)
    worker.wait_until_over(run)
    assert time.monotonic() - asked < 20
    assert run.status == "cancelled"
    event = run.history.order_by("-id").first()
    assert event is not None
    assert event.actor == model_admin
    reached = json.loads((run.path / "checkpoint" / "step.json").read_text())["step"]

    experiment_resume(experiment=run, by=model_admin)
    worker.wait_for(run, lambda row: trains(row) and row.progress["step"] > reached)
    first = json.loads((run.path / "progress.jsonl").read_text().splitlines()[1])
    assert first["step"] > reached or first["phase"] != "teacher"
    worker.stop()  # a worker that is told to stop gives its run back at once
    run.refresh_from_db()
    assert run.status == "queued"
    assert "checkpoint" in str(run.history.order_by("-id").values_list("reason", flat=True).first())


def test_a_run_whose_worker_was_killed_goes_on_without_a_metric_twice(
    start_worker: Callable[..., TrainingWorker],
    make_dataset: Callable[..., Dataset],
    queue_run: Callable[..., Experiment],
) -> None:
    loop: dict[str, Any] = {"epochs": 60, "checkpoint_seconds": 0.2, "token_budget": 128}
    run = queue_run(make_dataset(train=300, test_set=False), loop=loop)
    worker = start_worker()
    mark = run.path / "checkpoint" / "step.json"
    worker.wait_for(run, lambda row: trains(row) and mark.is_file() and len(steps_of(row)) > 2)
    worker.kill()
    run.refresh_from_db()
    assert run.status == "running"
    before = set(steps_of(run))

    successor = start_worker()  # of the same name, so that it need not wait for the heartbeat to grow old
    successor.wait_until_over(run)
    assert run.status == "succeeded", run.failure_reason + run.log
    assert [event.new for event in run.history.order_by("id")] == [
        *("running", "queued", "running", "succeeded")
    ]
    assert run.attempts == 2
    loop_facts = run.provenance["loop"]
    assert loop_facts["resumed_at"] > 0
    steps = steps_of(run)
    assert len(steps) == len(set(steps))
    assert max(steps) == loop_facts["steps"]
    assert before - {step for step in before if step > loop_facts["resumed_at"]} <= set(steps)
