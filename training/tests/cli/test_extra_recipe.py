"""A recipe is one module and one line: a registered one is offered everywhere, and runs to a result."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from classifier.accounts.roles import MODEL_ADMIN
from classifier.tests.conftest import person
from training.experiments import runner
from training.ml.recipes.registry import RECIPES, register
from training.ml.search.space import suggested_space
from training.models import Dataset, Experiment, Sweep, recipe_choices
from training.sweeps.services import sweep_create
from training.tests.cli.conftest import run, run_json
from training.tests.cli.test_experiment_command import QUICK
from training.tests.ml.extra_recipe import RECIPE

NAME, TITLE = RECIPE.name, RECIPE.title


@pytest.fixture(autouse=True)
def registered() -> Iterator[None]:
    register(RECIPE)
    yield
    del RECIPES[NAME]


@pytest.fixture
def admin(db: None) -> Client:
    client = Client()
    client.force_login(person("model-admin", MODEL_ADMIN))
    return client


def post(admin: Client, path: str, body: dict[str, Any]) -> Any:
    return admin.post(path, body, content_type="application/json")


def test_a_name_is_registered_once() -> None:
    with pytest.raises(ValueError, match="already"):
        register(RECIPE)


def test_the_api_lists_takes_and_shows_it(admin: Client, dataset: Dataset) -> None:
    listed = admin.get("/api/v1/recipes/").json()["items"]
    assert [each["title"] for each in listed if each["name"] == NAME] == [TITLE]
    body = {"name": "Mine", "recipe": NAME, "config": {"base": "some/encoder"}, "dataset": dataset.pk}
    answer = post(admin, "/api/v1/experiments/", body)
    assert (answer.status_code, answer.json()["recipe"]) == (201, NAME)
    assert admin.get("/api/v1/experiments/", {"recipe": NAME}).json()["items"][0]["name"] == "Mine"
    space = {"with_pooler": {"type": "categorical", "choices": [True, False]}}
    answer = post(admin, "/api/v1/sweeps/", {**body, "space": space, "objectives": [{"metric": "f1"}]})
    assert (answer.status_code, answer.json()["recipe"]) == (201, NAME)
    assert post(admin, "/api/v1/experiments/", {**body, "recipe": "no-such"}).status_code == 400


def test_the_pages_offer_start_and_show_it(admin: Client, dataset: Dataset) -> None:
    form = admin.get("/training/new/", {"recipe": NAME}).context["form"]
    assert form.recipe is RECIPE
    assert "with_pooler" in form.fields
    sent = {bound.html_name: bound.value() for bound in form}
    sent |= {"name": "By a form", "dataset": dataset.pk, "base": "some/encoder"}
    sent = {name: value for name, value in sent.items() if value is not None and value is not False}
    answer = admin.post(f"/training/new/?recipe={NAME}", sent)
    assert answer.status_code == 302, answer.context["form"].errors
    made = Experiment.objects.get()
    assert TITLE in admin.get(f"/training/experiments/{made.pk}/").content.decode()
    listed = admin.get("/training/", {"recipe": NAME}).content.decode()
    assert "By a form" in listed
    assert f'<option value="{NAME}" selected>{TITLE}</option>' in listed
    assert admin.get("/training/sweeps/new/", {"recipe": NAME}).context["form"].suggested == {
        "loop.learning_rate"
    }
    assert TITLE in admin.get("/training/retraining/").content.decode()


def test_the_database_keeps_it_and_a_sweep_searches_it(dataset: Dataset) -> None:
    assert (NAME, TITLE) in recipe_choices()
    sweep = sweep_create(
        name="Probes", recipe=NAME, config={"base": "some/encoder"}, dataset=dataset,
        space=suggested_space(NAME), objectives=[{"metric": "f1"}], by=None,
    )  # fmt: skip
    Sweep.objects.get(pk=sweep.pk).clean_fields(exclude=["analysis", "created_by"])
    assert sweep.get_recipe_display() == TITLE


@pytest.mark.django_db(transaction=True)
def test_a_command_trains_it_to_a_registered_and_measured_version(
    places: Path,
    base: Path,
    write_dataset: Callable[..., Dataset],
    redis_clean: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(runner, "JOB", (sys.executable, "-m", "training.tests.ml.extra_recipe"))
    rows = write_dataset(train=160)
    answer = run_json(
        "experiment", "start", NAME, "--name", "Here", "--dataset", rows.pk, "--here",
        "--set", f"base={base}", *QUICK,
    )  # fmt: skip
    made = Experiment.objects.get(pk=answer["id"])
    assert answer["status"] == "succeeded"
    assert made.result["recipe"] == NAME
    assert 0 < made.result["trainable_parameters"] < made.result["parameters"]
    assert made.model_version is not None
    assert made.evaluations.get(baseline="").metrics["toxic"]["roc_auc"]["value"] > 0
    assert "Here" in run("experiment", "list", "--recipe", NAME)
