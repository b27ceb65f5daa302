"""Starting, cloning, cancelling, resuming: checked before anything is queued, and only by who may."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from classifier.models import User
from training.core.errors import ConfigRejected, NotAllowedNow
from training.experiments.job_spec import teacher_verdict
from training.experiments.named_models import ModelGone, with_folders
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
    with pytest.raises(ConfigRejected, match=r"\.$") as caught:
        experiment_create(**{**whole, **asked})
    assert caught.value.field == field
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
    with pytest.raises(
        ConfigRejected, match=r"^A clone changes name, notes, config, dataset, teacher, base_version,"
    ) as caught:
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
            with pytest.raises(PermissionDenied, match=r"lacks the permission training\.run_experiment$"):
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
    with pytest.raises(
        ConfigRejected, match=r"^No plan 'no-such-plan'; there are: results-cpu, results-gpu,"
    ) as caught:
        plan_start(plan="no-such-plan", dataset=dataset, by=None)
    assert caught.value.field == "plan"
    assert Experiment.objects.count() == len(made)


def test_a_run_waits_for_every_run_that_its_configuration_names(
    dataset: Dataset, queue_run: QueueRun
) -> None:
    first, second = queue_run(dataset, "First"), queue_run(dataset, "Second")
    student = queue_run(
        dataset, "Student", recipe="distill", teacher=first, config={"also_teachers": [f"#{second.pk}"]}
    )
    assert student.config["also_teachers"] == [f"#{second.pk}"]
    Experiment.objects.filter(pk=first.pk).update(status="succeeded")
    student.refresh_from_db()
    assert teacher_verdict(student) == ("wait", f"It waits for its teacher {second}.")
    Experiment.objects.filter(pk=second.pk).update(status="succeeded")
    assert teacher_verdict(student) == ("ready", "")
    with pytest.raises(NotAllowedNow, match="It is the teacher of Student"):
        experiment_delete(experiment=Experiment.objects.get(pk=second.pk), by=None)
    with pytest.raises(ModelGone, match=f"The folder of the run #{second.pk} is gone"):
        with_folders("distill", student.config)
    folder = second.path
    folder.mkdir(parents=True)
    (folder / "run.json").write_text("{}")
    assert with_folders("distill", student.config)["also_teachers"] == [str(folder)]
    Experiment.objects.filter(pk=second.pk).update(status="failed")
    assert teacher_verdict(student)[0] == "never"
    with pytest.raises(ConfigRejected, match="is failed; resume it or name another") as caught:
        experiment_clone(experiment=student, changes={}, by=None)
    assert caught.value.field == "also_teachers"


@pytest.mark.parametrize(
    ("recipe", "config", "field", "message"),
    [
        ("distill", {"also_teachers": ["#999999"]}, "also_teachers", "There is no run #999999"),
        ("distill", {"also_teachers": ["a/b"], "live_teacher": True}, "live_teacher", "only where it is"),
        ("distill", {"also_teachers": ["a/b"], "teacher_weights": "1"}, "teacher_weights", "Give 2 numbers"),
        ("blend", {}, "others", "Name at least one other model"),
        ("blend", {"others": ["a/b"], "shares": "0.5,0.2"}, "shares", "they must sum to 1"),
        ("blend", {"others": ["a", "b", "c", "d"], "blend": {"steps": 50}}, "blend.steps", "use fewer steps"),
    ],
)
def test_models_and_shares_that_do_not_fit_are_refused_before_a_run_is_queued(
    recipe: str, config: dict[str, Any], field: str, message: str, dataset: Dataset, queue_run: QueueRun
) -> None:
    teacher = queue_run(dataset, "Teacher")
    with pytest.raises(ConfigRejected, match=message) as caught:
        experiment_create(name="Run", recipe=recipe, config=config, dataset=dataset, teacher=teacher, by=None)
    assert caught.value.field == field


def test_a_blend_needs_a_model_to_start_from(dataset: Dataset) -> None:
    with pytest.raises(ConfigRejected, match="The recipe blend needs a model to start from") as caught:
        experiment_create(name="Run", recipe="blend", config={"others": ["x"]}, dataset=dataset, by=None)
    assert caught.value.field == "teacher"


def test_the_first_model_of_a_blend_may_be_named_as_the_others_are(
    dataset: Dataset, queue_run: QueueRun
) -> None:
    first, second = queue_run(dataset, "First"), queue_run(dataset, "Second")
    config = {"model": f"#{first.pk}", "others": [f"#{second.pk}"]}
    blend = experiment_create(name="Blend", recipe="blend", config=config, dataset=dataset, by=None)
    assert teacher_verdict(blend)[0] == "wait"
    for run in (first, second):
        run.path.mkdir(parents=True)
        (run.path / "run.json").write_text("{}")
    Experiment.objects.filter(pk__in=[first.pk, second.pk]).update(status="succeeded")
    whole = with_folders("blend", blend.config)
    assert (whole["model"], whole["others"]) == (str(first.path), [str(second.path)])
    with pytest.raises(ConfigRejected, match="There is no run #999999") as caught:
        experiment_create(
            name="Blend", recipe="blend", config={**config, "model": "#999999"}, dataset=dataset, by=None
        )
    assert caught.value.field == "model"


def test_a_plan_names_its_earlier_runs_among_the_teachers(dataset: Dataset) -> None:
    runs = {run.name: run for run in plan_start(plan="several-teachers", dataset=dataset, by=None)}
    assert runs["student"].teacher == runs["gte"]
    assert runs["student"].config["also_teachers"] == [f"#{runs['e5'].pk}"]
    assert runs["blend"].config["others"] == [f"#{runs['student-slower'].pk}"]
