"""From queued to a registered, measured candidate, on a real worker."""

from collections.abc import Callable
from typing import Any

import pytest

from classifier.models import ModelVersionStatus, User
from training.experiments.services import experiment_clone
from training.experiments.stage_times import stage_seconds
from training.models import Dataset, Evaluation, Experiment
from training.tests.experiments.runs.worker import TrainingWorker

pytestmark = pytest.mark.long


def statuses(run: Experiment) -> list[str]:
    return [event.new for event in run.history.order_by("id")]


def test_teacher_student_and_the_same_seed_again(
    start_worker: Callable[..., TrainingWorker],
    make_dataset: Callable[..., Dataset],
    queue_run: Callable[..., Experiment],
    model_admin: User,
) -> None:
    dataset = make_dataset()
    student_config: dict[str, Any] = {"layers": "even"}
    teacher = queue_run(dataset, "Tiny teacher", by=model_admin)
    student = queue_run(dataset, "Tiny student", recipe="distill", teacher=teacher, config=student_config)
    again = experiment_clone(experiment=teacher, changes={}, by=model_admin)
    worker = start_worker()

    # the teacher ends as a candidate
    worker.wait_until_over(teacher)
    assert teacher.status == "succeeded", teacher.failure_reason + teacher.log
    assert statuses(teacher) == ["running", "succeeded"]
    version = teacher.model_version
    assert version is not None
    assert version.status == ModelVersionStatus.CANDIDATE
    assert version.version.startswith(f"tiny-teacher-{teacher.pk}-")
    assert (version.path / "model.safetensors").is_file()
    assert version.manifest["metrics"]["test"]["toxic"]["roc_auc"] > 0.5
    assert set(teacher.result["thresholds"]) == {"toxic", "insult"}
    told = teacher.provenance
    assert told["config"]["loop"]["seed"] == 13
    assert told["dataset"]["fingerprints"]["train"] == "words train"
    assert list(stage_seconds(teacher)) == ["train", "export", "evaluate"]
    assert min(stage_seconds(teacher).values()) > 0
    assert {"packages", "commit", "hardware", "duration_seconds", "peak_memory_mib"} <= set(told)

    # its curves, and its evaluation beside those of the baselines
    steps = list(teacher.points.filter(name="loss").order_by("step").values_list("step", flat=True))
    assert len(steps) >= 2
    assert len(set(steps)) == len(steps)
    measured = Evaluation.objects.get(model_version=version)
    assert measured.fingerprint == "words test"
    assert measured.metrics["toxic"]["roc_auc"]["low"] <= measured.metrics["toxic"]["roc_auc"]["value"]
    assert measured.scores_path.is_file()
    assert set(Evaluation.objects.filter(baseline__gt="").values_list("baseline", "trained_on")) == {
        ("majority", "words train"),
        ("tfidf", "words train"),
    }

    # the student waited for it; the same seed gives the same metrics; baselines are made once
    worker.wait_until_over(student)
    worker.wait_until_over(again)
    assert student.status == "succeeded", student.failure_reason + student.log
    assert student.started_at is not None
    assert teacher.finished_at is not None
    assert student.started_at >= teacher.finished_at
    assert student.provenance["teacher_version"] == version.version
    assert student.result["layers"] == [2, 4]
    assert again.status == "succeeded", again.failure_reason + again.log
    assert again.validation == teacher.validation
    assert again.model_version != version
    assert Evaluation.objects.filter(baseline__gt="").count() == 2
    assert Evaluation.objects.filter(baseline="").count() == 3
