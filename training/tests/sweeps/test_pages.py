"""The pages of sweeps: started from a form, watched, steered by buttons; for model admins and admins only."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from classifier.models import User
from training.models import Dataset, Experiment, RunStatus, Sweep
from training.sweeps.steps import sweep_step
from training.tests.sweeps.conftest import play

NewSweep = Callable[..., Sweep]
MIXED = {
    "loop.learning_rate": {"type": "float", "low": 1e-5, "high": 1e-2, "log": True},
    "loop.dropout": {"type": "categorical", "choices": [0.0, 0.1]},
}
RATE = "space:loop.learning_rate"


@pytest.fixture
def page(model_admin: User) -> Client:
    client = Client()
    client.force_login(model_admin)
    return client


def form(dataset: Dataset, page: Client, **changes: Any) -> dict[str, Any]:
    """What a browser sends when somebody opens the form and changes a few fields."""
    shown = page.get("/training/sweeps/new/").context["form"]
    sent = {field.html_name: field.value() for field in shown}
    sent |= {"name": "rates", "dataset": dataset.pk, "base": "some/encoder", **changes}
    return {name: value for name, value in sent.items() if value is not None and value is not False}


@pytest.mark.parametrize("recipe", ["teacher", "distill", "lora", "hybrid", "progressive", "layer-search"])
def test_the_form_opens_for_every_recipe(recipe: str, page: Client, dataset: Dataset) -> None:
    answer = page.get(f"/training/sweeps/new/?recipe={recipe}")
    assert answer.status_code == 200
    assert answer.context["form"].rows


def test_the_form_starts_a_sweep(page: Client, dataset: Dataset, model_admin: User) -> None:
    answer = page.post("/training/sweeps/new/", form(dataset, page, trials=7, full_epochs="3"))
    assert answer.status_code == 302, answer.context["form"].errors
    sweep = Sweep.objects.get()
    assert answer.url == f"/training/sweeps/{sweep.pk}/"  # type: ignore[attr-defined]
    assert set(sweep.space) == {"loop.learning_rate", "loop.weight_decay", "loop.warmup_share"}
    assert sweep.config["data"] == {"max_rows": 4000}
    assert sweep.options["full"] == {"data.max_rows": None, "loop.epochs": 3.0}
    assert (sweep.trials_wanted, sweep.pruner, sweep.created_by) == (7, "median", model_admin)


def test_the_form_takes_choices_and_several_objectives(page: Client, dataset: Dataset) -> None:
    changes = {
        f"{RATE}:low": "",
        f"{RATE}:high": "",
        f"{RATE}:choices": "1e-4; 3e-4",
        "objectives": ["f1", "size_mb"],
    }
    page.post("/training/sweeps/new/", form(dataset, page, **changes))
    sweep = Sweep.objects.get()
    assert sweep.space["loop.learning_rate"] == {"type": "categorical", "choices": [1e-4, 3e-4]}
    assert [one["metric"] for one in sweep.objectives] == ["f1", "size_mb"]
    assert sweep.pruner == "none"


def test_a_refused_form_says_why_in_the_row_and_keeps_what_was_typed(page: Client, dataset: Dataset) -> None:
    answer = page.post("/training/sweeps/new/", form(dataset, page, **{f"{RATE}:low": "0.9"}))
    assert answer.status_code == 422
    assert "must be below high" in answer.content.decode()
    assert 'value="0.9"' in answer.content.decode()
    answer = page.post("/training/sweeps/new/", form(dataset, page, objectives=[]))
    assert "Choose at least one." in answer.content.decode()
    assert not Sweep.objects.exists()


def test_the_page_shows_a_sweep_from_its_start_to_its_end(page: Client, new_sweep: NewSweep) -> None:
    assert "No sweep yet" in page.get("/training/sweeps/").content.decode()
    sweep = new_sweep(trials=5, space=MIXED)
    address = f"/training/sweeps/{sweep.pk}/"
    assert "The first trial is chosen" in page.get(address).content.decode()
    sweep_step(sweep=sweep)
    assert "Waits" in page.get(f"{address}live/").content.decode()
    play(sweep, lambda run: {"f1": run.config["loop"]["learning_rate"]})
    text = page.get(address).content.decode()
    assert "Best values" in text
    assert "Train this in full" in text
    assert page.get(f"{address}live/", headers={"HX-Request": "true"})["HX-Refresh"] == "true"
    history = page.get(f"{address}charts/history.json").json()
    assert len(history["points"]) == 5
    assert history["over"]
    assert history["line"]["points"][-1][1] == max(point["y"] for point in history["points"])
    assert page.get(f"{address}charts/importance.json").json()["categories"]
    parallel = page.get(f"{address}charts/parallel.json").json()
    assert [d["name"] for d in parallel["dimensions"]] == ["learning_rate", "dropout", "F1"]
    assert len(parallel["rows"]) == 5
    assert page.get(f"{address}charts/slice.json?field=loop.learning_rate").json()["x"]["log"]
    assert page.get(f"{address}charts/slice.json?field=loop.dropout").json()["x"]["names"] == ["0", "0.1"]
    for wrong in ("front.json", "slice.json?field=nothing", "nothing.json", "history.json?objective=3"):
        assert page.get(f"{address}charts/{wrong}").status_code == 404
    assert f"{sweep.name}</a>" in page.get("/training/sweeps/").content.decode()


def test_several_objectives_show_their_front(page: Client, new_sweep: NewSweep) -> None:
    sweep = new_sweep(objectives=[{"metric": "f1"}, {"metric": "parameters"}], trials=2)
    outcomes = iter([{"f1": 0.5, "parameters": 10}, {"f1": 0.6, "parameters": 20}])
    play(sweep, lambda run: next(outcomes))
    answer = page.get(f"/training/sweeps/{sweep.pk}/")
    assert [row.number for row in answer.context["front"]] == [1, 0]
    front = page.get(f"/training/sweeps/{sweep.pk}/charts/front.json").json()
    assert (front["x"]["better"], front["y"]["better"]) == ("low", "high")
    page.post(f"/training/sweeps/{sweep.pk}/train/", {"number": 0})
    assert Experiment.objects.get(sweep=None).name == "rates, trial 0 in full"


def test_the_buttons_cancel_go_on_and_delete(page: Client, new_sweep: NewSweep) -> None:
    sweep = new_sweep(trials=2)
    address = f"/training/sweeps/{sweep.pk}/"
    page.post(f"{address}cancel/")
    sweep.refresh_from_db()
    assert sweep.status == RunStatus.CANCELLED
    page.post(f"{address}resume/", {"trials": "x"})
    page.post(f"{address}resume/", {"trials": 1})
    sweep.refresh_from_db()
    assert (sweep.status, sweep.trials_wanted) == (RunStatus.QUEUED, 1)
    assert page.post(f"{address}delete/").status_code == 409
    play(sweep, lambda run: {"f1": 0.5})
    assert page.get(f"{address}delete/").status_code == 200
    assert page.post(f"{address}delete/").status_code == 302
    assert page.get(address).status_code == 404


def test_moderators_and_strangers_see_nothing_of_it(
    new_sweep: NewSweep, moderator: User, admin_person: User
) -> None:
    sweep = new_sweep()
    address = f"/training/sweeps/{sweep.pk}/"
    stranger, client = Client(), Client()
    assert stranger.get(address).status_code == 302
    client.force_login(moderator)
    for place in ("/training/sweeps/", "/training/sweeps/new/", address, f"{address}charts/history.json"):
        assert client.get(place).status_code == 403
    for verb in ("cancel", "resume", "train", "delete"):
        assert client.post(f"{address}{verb}/").status_code == 403
    sweep.refresh_from_db()
    assert sweep.status == RunStatus.QUEUED
    client.force_login(admin_person)
    assert client.get(address).status_code == 200
