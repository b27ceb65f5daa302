"""Deleting takes the folder and the candidate away, unless somebody still needs them."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from classifier.model_versions.services import model_version_activate, model_version_register
from classifier.models import ModelVersion
from classifier.tests.builders import classified_comment
from classifier.tests.tiny_artifact import tiny_artifact
from training.core.errors import NotAllowedNow
from training.experiments.services import experiment_delete
from training.models import Dataset, Experiment, MetricPoint, RunStatus

pytestmark = pytest.mark.django_db(transaction=True)
QueueRun = Callable[..., Experiment]


@pytest.fixture
def finished(
    make_dataset: Callable[..., Dataset], queue_run: QueueRun, tmp_path: Path, redis_clean: None
) -> Experiment:
    """A run that is over, with a folder, a point of a curve and a candidate."""
    run = queue_run(make_dataset())
    shutil.copytree(tiny_artifact(tmp_path / "made"), run.path / "artifact")
    version = model_version_register(directory=run.artifact_path)
    MetricPoint.objects.create(experiment=run, phase="teacher", name="loss", step=1, value=1.0)
    Experiment.objects.filter(pk=run.pk).update(
        status=RunStatus.SUCCEEDED, model_version=version, finished_at=timezone.now()
    )
    run.refresh_from_db()
    return run


def version_of(run: Experiment) -> ModelVersion:
    assert run.model_version is not None
    return run.model_version


def test_it_takes_folder_curves_and_an_unused_candidate_away(finished: Experiment) -> None:
    folder, version = finished.path, version_of(finished)
    experiment_delete(experiment=finished, by=None)
    assert not folder.exists()
    assert not version.path.exists()
    assert not ModelVersion.objects.exists()
    assert not MetricPoint.objects.exists()
    assert not Experiment.objects.visible().exists()
    assert Experiment.objects.get().history.get().reason == "deleted"
    experiment_delete(experiment=finished, by=None)  # again does no harm


def refused(run: Experiment, sentence: str) -> None:
    folder = run.path
    with pytest.raises(NotAllowedNow, match=sentence):
        experiment_delete(experiment=run, by=None)
    assert Experiment.objects.visible().filter(pk=run.pk).exists()
    assert folder.exists()


def test_it_keeps_a_version_that_is_or_was_in_production(finished: Experiment, tmp_path: Path) -> None:
    model_version_activate(model_version=version_of(finished), by=None, override_reason="a test")
    refused(finished, "is in production; activate another one first")
    other = model_version_register(directory=tiny_artifact(tmp_path / "other", seed=2))
    model_version_activate(model_version=other, by=None, override_reason="a test")
    refused(finished, "was in production and stays")


def test_it_keeps_a_version_that_has_made_predictions(finished: Experiment) -> None:
    classified_comment(version_of(finished))
    refused(finished, "has made predictions and stays")


def test_it_keeps_a_run_that_goes_on(finished: Experiment) -> None:
    Experiment.objects.filter(pk=finished.pk).update(status=RunStatus.RUNNING)
    refused(finished, "cancel it first")


def test_it_keeps_the_teacher_of_a_run_that_is_not_over(finished: Experiment, queue_run: QueueRun) -> None:
    student = queue_run(finished.dataset, "Student", recipe="distill", teacher=finished)
    refused(finished, "It is the teacher of Student")
    Experiment.objects.filter(pk=student.pk).update(status=RunStatus.SUCCEEDED)
    experiment_delete(experiment=finished, by=None)


def test_it_keeps_a_version_that_another_run_starts_from(finished: Experiment, queue_run: QueueRun) -> None:
    start: Any = version_of(finished)
    queue_run(finished.dataset, "Next", base_version=start)
    refused(finished, "Another run starts from")
