"""Starting runs from the form: what is sent, what is refused and where that is said, clones, plans."""

import re

import pytest
from django.test import Client

from training.models import Dataset, Experiment
from training.tests.experiments.pages.builders import make_finished, make_run


def filled(client: Client, path: str = "/training/new/", **changes: str) -> dict[str, str]:
    """What a browser would send of the form as it stands, with `changes`."""
    form = client.get(path).context["form"]
    values = {}
    for bound in form:
        value = (
            bound.field.prepare_value(bound.value())
            if hasattr(bound.field, "prepare_value")
            else bound.value()
        )
        if value is not None and value is not False:
            values[bound.name] = "on" if value is True else str(value)
    return values | changes


def test_a_run_is_queued_with_the_changed_fields(as_admin: Client, dataset: Dataset) -> None:
    sent = filled(
        as_admin, **{"name": "Mine", "dataset": str(dataset.pk), "loop.epochs": "2.5", "notes": "Why not"}
    )
    answer = as_admin.post("/training/new/", sent)
    run = Experiment.objects.get()
    assert answer.headers["Location"] == f"/training/experiments/{run.pk}/"
    assert (run.name, run.status, run.recipe, run.notes) == ("Mine", "queued", "teacher", "Why not")
    assert run.config["loop"]["epochs"] == 2.5
    assert run.config["loop"]["learning_rate"] == 5e-5
    assert run.created_by is not None
    assert not run.quick_measurement


def test_a_quick_measurement_is_a_choice_that_a_clone_keeps(as_admin: Client, dataset: Dataset) -> None:
    sent = filled(as_admin, name="Mine", dataset=str(dataset.pk), quick_measurement="on")
    as_admin.post("/training/new/", sent)
    run = Experiment.objects.get()
    assert run.quick_measurement
    path = f"/training/experiments/{run.pk}/clone/"
    as_admin.post(path, filled(as_admin, path))
    assert Experiment.objects.latest("pk").quick_measurement
    changed = {name: value for name, value in filled(as_admin, path).items() if name != "quick_measurement"}
    as_admin.post(path, changed)
    assert not Experiment.objects.latest("pk").quick_measurement


def test_a_student_names_its_teacher(as_admin: Client, dataset: Dataset) -> None:
    teacher = make_run(dataset)
    path = "/training/new/?recipe=distill"
    sent = filled(as_admin, path, start=f"run:{teacher.pk}", layers="odd", dataset=str(dataset.pk))
    as_admin.post(path, sent)
    run = Experiment.objects.latest("pk")
    assert (run.teacher, run.config["layers"]) == (teacher, "odd")


def test_a_blend_names_the_other_model_by_the_number_of_its_run(as_admin: Client, dataset: Dataset) -> None:
    first, second = make_run(dataset), make_run(dataset, "Second")
    path = "/training/new/?recipe=blend"
    chosen = {"start": f"run:{first.pk}", "dataset": str(dataset.pk)}
    answer = as_admin.post(path, filled(as_admin, path, **chosen))
    assert answer.status_code == 422
    assert "at least one other model" in " ".join(answer.context["form"].errors["others"])
    as_admin.post(path, filled(as_admin, path, **chosen, others=f"#{second.pk}"))
    run = Experiment.objects.latest("pk")
    assert (run.recipe, run.teacher, run.config["others"]) == ("blend", first, [f"#{second.pk}"])


def test_a_student_without_a_teacher_is_refused_beside_the_field(as_admin: Client, dataset: Dataset) -> None:
    path = "/training/new/?recipe=distill"
    answer = as_admin.post(path, filled(as_admin, path, dataset=str(dataset.pk)))
    assert answer.status_code == 422
    assert "needs a teacher" in " ".join(answer.context["form"].errors["start"])
    assert not Experiment.objects.exists()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("loop.epochs", "many"),
        ("loop.epochs", "-1"),
        ("data.max_length", "1.5"),
        ("loop.learning_rate", "nan"),
    ],
)
def test_a_wrong_value_is_said_beside_its_field_and_the_rest_stays(
    as_admin: Client, dataset: Dataset, name: str, value: str
) -> None:
    sent = filled(as_admin, **{name: value, "name": "Keep me", "dataset": str(dataset.pk)})
    answer = as_admin.post("/training/new/", sent)
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [name]
    page = answer.content.decode()
    assert 'value="Keep me"' in page
    assert f'id="id_{name}_error"' in page
    assert not Experiment.objects.exists()


def test_a_clone_has_everything_filled_in_and_keeps_where_it_comes_from(
    as_admin: Client, dataset: Dataset
) -> None:
    source = make_run(dataset, "First", config={"loop": {"epochs": 3.0}}, notes="as before")
    path = f"/training/experiments/{source.pk}/clone/"
    sent = filled(as_admin, path)
    assert (sent["loop.epochs"], sent["notes"]) == ("3.0", "as before")
    as_admin.post(path, sent | {"loop.seed": "99"})
    clone = Experiment.objects.latest("pk")
    assert clone.cloned_from == source
    assert clone.config["loop"] == {**source.config["loop"], "seed": 99}
    assert clone.name == "First (copy)"


def test_without_rows_it_says_where_to_get_some(as_admin: Client) -> None:
    page = as_admin.get("/training/new/").content.decode()
    assert "No rows to learn from yet" in page


def test_the_first_run_starts_from_the_sample(as_admin: Client, dataset: Dataset) -> None:
    sample = Dataset.objects.create(
        name="sample", kind="sample", labels=["toxic"], rows={"train": 100, "validation": 20}
    )
    page = as_admin.get("/training/new/?first=1").content.decode()
    assert re.search(rf'<option value="{sample.pk}" selected', page)


def test_a_plan_queues_all_its_runs(as_admin: Client, dataset: Dataset) -> None:
    plans = as_admin.get("/training/new/").context["plans"]
    if not plans:
        pytest.skip("no plan is shipped")
    plan = plans[0]
    as_admin.post("/training/new/plan/", {"plan": plan.name, "dataset": dataset.pk})
    assert Experiment.objects.filter(trigger="plan").count() == len(plan.runs)


def test_an_unknown_plan_starts_nothing(as_admin: Client, dataset: Dataset) -> None:
    answer = as_admin.post(
        "/training/new/plan/", {"plan": "no-such-plan", "dataset": dataset.pk}, follow=True
    )
    assert "no-such-plan" in answer.content.decode()
    assert not Experiment.objects.exists()


def test_delete_asks_first_and_says_what_stands_in_its_way(as_admin: Client, dataset: Dataset) -> None:
    run = make_finished(dataset)
    student = make_run(dataset, "Student", recipe="distill", teacher=run)
    path = f"/training/experiments/{run.pk}/delete/"
    assert "go for good" in as_admin.get(path).content.decode()
    refused = as_admin.post(path)
    assert refused.status_code == 409
    assert "Student" in refused.content.decode()
    Experiment.objects.filter(pk=student.pk).update(status="failed")
    assert as_admin.post(path).status_code == 302
    assert not Experiment.objects.visible().filter(pk=run.pk).exists()
