"""Who may run what, when: one run a device, students after their teachers, nothing twice, nothing forgotten."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from toxicsite.lib.lifecycle import transition
from training.experiments import runner
from training.experiments.runner import experiment_run
from training.models import RUN_TRANSITIONS, Dataset, Experiment, RunStatus
from training.stale_run_sweeper import GONE, MAX_ATTEMPTS, runs_reclaim

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_clean")]
QueueRun = Callable[..., Experiment]
MakeDataset = Callable[..., Dataset]


@pytest.fixture(autouse=True)
def started(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The ids of the runs that were started, without a process."""
    ids: list[int] = []
    monkeypatch.setattr(runner, "STAGES", (lambda attempt: ids.append(attempt.experiment.pk),))
    return ids


def is_now(run: Experiment, status: str, **fields: Any) -> None:
    Experiment.objects.filter(pk=run.pk).update(status=status, **fields)


def test_a_message_that_comes_twice_starts_one_run(
    make_dataset: MakeDataset, queue_run: QueueRun, started: list[int]
) -> None:
    run = queue_run(make_dataset())
    assert experiment_run(experiment_id=run.pk, worker="one")
    assert not experiment_run(experiment_id=run.pk, worker="two")
    assert started == [run.pk]
    run.refresh_from_db()
    assert (run.status, run.worker, run.attempts) == ("running", "one", 1)


def test_a_device_has_one_run_at_a_time(
    make_dataset: MakeDataset, queue_run: QueueRun, started: list[int]
) -> None:
    dataset = make_dataset()
    first, second = queue_run(dataset, "First"), queue_run(dataset, "Second")
    assert experiment_run(experiment_id=first.pk, worker="one")
    assert not experiment_run(experiment_id=second.pk, worker="two")
    second.refresh_from_db()
    assert second.status == "queued"
    assert started == [first.pk]


def test_a_student_waits_for_its_teacher(make_dataset: MakeDataset, queue_run: QueueRun) -> None:
    dataset = make_dataset()
    teacher = queue_run(dataset, "Teacher")
    student = queue_run(dataset, "Student", recipe="distill", teacher=teacher)
    assert not experiment_run(experiment_id=student.pk, worker="one")
    student.refresh_from_db()
    assert student.status == "queued"
    is_now(teacher, RunStatus.SUCCEEDED)
    assert experiment_run(experiment_id=student.pk, worker="one")


@pytest.mark.parametrize(
    ("status", "deleted", "sentence"),
    [
        ("failed", False, "failed: resume the teacher, then this run."),
        ("cancelled", False, "was cancelled: resume the teacher, then this run."),
        ("succeeded", True, "was deleted: clone the run with another teacher."),
    ],
)
def test_a_student_whose_teacher_never_comes_fails_with_a_sentence(
    status: str,
    deleted: bool,
    sentence: str,
    make_dataset: MakeDataset,
    queue_run: QueueRun,
    started: list[int],
) -> None:
    dataset = make_dataset()
    teacher = queue_run(dataset, "Teacher")
    student = queue_run(dataset, "Student", recipe="distill", teacher=teacher)
    is_now(teacher, status, deleted_at=timezone.now() if deleted else None)
    assert not experiment_run(experiment_id=student.pk, worker="one")
    student.refresh_from_db()
    assert student.status == "failed"
    assert student.failure_reason == f"Its teacher {teacher} {sentence}"
    assert started == []


def silent_since(run: Experiment, seconds: float, **fields: Any) -> None:
    transition(
        run,
        to=RunStatus.RUNNING,
        allowed=RUN_TRANSITIONS,
        heartbeat_at=timezone.now() - timedelta(seconds=seconds),
        **fields,
    )


def test_only_a_run_whose_heartbeat_stopped_is_queued_again(
    make_dataset: MakeDataset, queue_run: QueueRun
) -> None:
    dataset = make_dataset()
    dead, alive = queue_run(dataset, "Dead"), queue_run(dataset, "Alive")
    silent_since(dead, 61, attempts=1)
    silent_since(alive, 30, attempts=1)
    assert runs_reclaim() == 1
    dead.refresh_from_db()
    alive.refresh_from_db()
    assert (dead.status, alive.status) == ("queued", "running")
    assert dead.run_token is None
    event = dead.history.first()
    assert event is not None
    assert event.reason == GONE


def test_a_run_that_was_asked_to_stop_is_not_started_again(
    make_dataset: MakeDataset, queue_run: QueueRun
) -> None:
    run = queue_run(make_dataset())
    silent_since(run, 61, cancel_requested_at=timezone.now())
    runs_reclaim()
    run.refresh_from_db()
    assert run.status == "cancelled"


def test_a_run_that_keeps_losing_its_worker_fails(make_dataset: MakeDataset, queue_run: QueueRun) -> None:
    run = queue_run(make_dataset())
    silent_since(run, 61, attempts=MAX_ATTEMPTS)
    runs_reclaim()
    run.refresh_from_db()
    assert run.status == "failed"
    assert "lower loop.token_budget" in run.failure_reason
