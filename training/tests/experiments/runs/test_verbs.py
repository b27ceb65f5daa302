"""Starting, cloning, cancelling, resuming: checked before anything is queued, and only by who may."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from classifier.models import User
from training.core.errors import ConfigRejected, NotAllowedNow
from training.experiments.services import (
    experiment_cancel,
    experiment_clone,
    experiment_create,
    experiment_delete,
    experiment_resume,
    plan_start,
)
from training.models import Dataset, Experiment

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_clean")]
QueueRun = Callable[..., Experiment]


@pytest.fixture
def dataset(make_dataset: Callable[..., Dataset]) -> Dataset:
    return make_dataset()


def test_the_whole_configuration_is_kept_without_places(
    dataset: Dataset, queue_run: QueueRun, model_admin: User
) -> None:
    run = queue_run(dataset, "  A   name ", by=model_admin)
    assert (run.status, run.name, run.created_by) == ("queued", "A name", model_admin)
    assert run.config["loop"]["seed"] == 13
    assert run.config["data"]["labels"] == ["toxic", "insult"]
    assert not {"train", "validation", "text_column"} & set(run.config["data"])
    assert run.directory == f"{run.pk}-a-name"


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"recipe": "alchemy"}, "recipe"),
        ({"name": " "}, "name"),
        ({"name": "x" * 151}, "name"),
        ({"config": {"loop": {"epochs": -1}}}, "loop.epochs"),
        ({"config": {"loop.speed": 3}}, "loop.speed"),
        ({"config": {"data": {"train": "/etc/passwd"}}}, "data.train"),
        ({"config": {"data.labels": ["threat"]}}, "data.labels"),
        ({"config": {"data": 3}}, "data"),
        ({"preset": "../../settings.json"}, "preset"),
        ({"preset": "nothing"}, "preset"),
        ({"recipe": "distill"}, "teacher"),
        ({"trigger": "the moon"}, "trigger"),
    ],
)
def test_it_rejects_what_no_run_can_be_made_of_and_names_the_field(
    asked: dict[str, Any], field: str, dataset: Dataset
) -> None:
    whole: dict[str, Any] = {
        "name": "A run",
        "recipe": "teacher",
        "config": {},
        "dataset": dataset,
        "by": None,
    }
    with pytest.raises(ConfigRejected) as caught:
        experiment_create(**{**whole, **asked})
    assert caught.value.field == field
    assert str(caught.value).endswith(".")
    assert not Experiment.objects.exists()


def test_it_rejects_rows_that_are_gone_and_teachers_that_never_come(
    dataset: Dataset, queue_run: QueueRun
) -> None:
    teacher = queue_run(dataset, "Teacher")
    experiment_cancel(experiment=teacher, by=None)
    with pytest.raises(ConfigRejected, match="resume it or choose another") as caught:
        queue_run(dataset, "Student", recipe="distill", teacher=teacher)
    assert caught.value.field == "teacher"
    Dataset.objects.filter(pk=dataset.pk).update(rows={"test": 5})
    dataset.refresh_from_db()
    with pytest.raises(ConfigRejected, match="no train rows") as caught:
        queue_run(dataset)
    assert caught.value.field == "dataset"


def test_a_clone_changes_what_it_is_told_and_keeps_the_rest(dataset: Dataset, queue_run: QueueRun) -> None:
    teacher = queue_run(dataset, "Teacher")
    run = queue_run(dataset, "Student", recipe="distill", teacher=teacher, config={"layers": "odd"})
    clone = experiment_clone(experiment=run, changes={"config": {"loop.seed": 7}}, by=None)
    assert clone.cloned_from == run
    assert clone.teacher == teacher
    assert clone.name == "Student (copy)"
    assert clone.config["layers"] == "odd"
    assert clone.config == {**run.config, "loop": {**run.config["loop"], "seed": 7}}
    with pytest.raises(ConfigRejected) as caught:
        experiment_clone(experiment=run, changes={"status": "succeeded"}, by=None)
    assert caught.value.field == "status"


def test_a_queued_run_is_cancelled_at_once_and_resumed(
    dataset: Dataset, queue_run: QueueRun, model_admin: User
) -> None:
    run = queue_run(dataset)
    with pytest.raises(NotAllowedNow, match="queued"):
        experiment_resume(experiment=run, by=model_admin)
    experiment_cancel(experiment=run, by=model_admin)
    assert run.status == "cancelled"
    assert run.finished_at is not None
    with pytest.raises(NotAllowedNow, match="cancelled already"):
        experiment_cancel(experiment=run, by=model_admin)
    experiment_resume(experiment=run, by=model_admin)
    assert run.finished_at is None
    assert (run.status, run.attempts) == ("queued", 0)
    assert [event.actor for event in run.history.all()] == [model_admin, model_admin]


def test_a_model_admin_may_a_moderator_and_a_stranger_may_not(
    dataset: Dataset, queue_run: QueueRun, model_admin: User, moderator: User, stranger: User
) -> None:
    run = queue_run(dataset, by=model_admin)
    for person in (moderator, stranger):
        assert not person.has_perm("training.view_experiment")
        for verb in (
            lambda by: queue_run(dataset, by=by),
            lambda by: experiment_clone(experiment=run, changes={}, by=by),
            lambda by: experiment_cancel(experiment=run, by=by),
            lambda by: experiment_resume(experiment=run, by=by),
            lambda by: experiment_delete(experiment=run, by=by),
            lambda by: plan_start(plan="seed-as-coded", dataset=dataset, by=by),
        ):
            with pytest.raises(PermissionDenied):
                verb(person)
    assert Experiment.objects.get().status == "queued"
    assert model_admin.has_perm("training.view_experiment")
    experiment_cancel(experiment=run, by=model_admin)
    experiment_delete(experiment=run, by=model_admin)
    assert not Experiment.objects.visible().exists()


def test_a_plan_queues_all_its_runs_with_their_teachers_or_none(dataset: Dataset) -> None:
    made = plan_start(plan="seed-as-coded", dataset=dataset, by=None)
    assert len(made) > 2
    assert {run.trigger for run in made} == {"plan"}
    assert all(run.teacher in made for run in made if run.recipe == "distill")
    with pytest.raises(ConfigRejected) as caught:
        plan_start(plan="no-such-plan", dataset=dataset, by=None)
    assert caught.value.field == "plan"
    assert Experiment.objects.count() == len(made)
