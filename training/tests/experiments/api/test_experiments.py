"""Experiments through the API: start, list, read, clone, cancel, resume, delete, curves, download, plans."""

import io
import json
import zipfile
from typing import Any

import pytest

from classifier.models import User
from training.models import Dataset, Experiment
from training.tests.api.conftest import Program, assert_problem
from training.tests.experiments.pages.builders import make_curve, make_finished, make_run

ASKED = {"name": "Mine", "recipe": "teacher", "config": {"base": "some/encoder"}}


def test_it_starts_what_was_asked_for(program: Program, dataset: Dataset, trainer: User) -> None:
    body = {
        **ASKED,
        "dataset": dataset.pk,
        "config": {"base": "some/encoder", "loop.epochs": 2},
        "notes": "why",
    }
    response = program("POST", "/experiments/", body)
    assert response.status_code == 201
    answer = response.json()
    assert response.headers["Location"] == answer["url"]
    run = Experiment.objects.get(pk=answer["id"])
    assert (run.status, run.created_by, run.notes, run.trigger) == ("queued", trainer, "why", "person")
    assert answer["config"]["loop"]["epochs"] == 2.0
    assert answer["created_at"].endswith("Z")


def test_a_start_that_is_sent_again_starts_nothing_twice(program: Program, dataset: Dataset) -> None:
    program.headers["Idempotency-Key"] = "start-1"
    body = {**ASKED, "dataset": dataset.pk}
    first, again = (program("POST", "/experiments/", body) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["id"] == again.json()["id"]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert Experiment.objects.count() == 1
    other = program("POST", "/experiments/", {**body, "name": "Another"})
    assert_problem(other, 422, "idempotency-key-reused")


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"nmae": "x"}, "#/nmae"),
        ({"name": ""}, "#/name"),
        ({"name": 7}, "#/name"),
        ({"name": "\x00"}, "#/name"),
        ({"recipe": "alchemy"}, "#/recipe"),
        ({"dataset": 999_999}, "#/dataset"),
        ({"dataset": "1"}, "#/dataset"),
        ({"dataset": True}, "#/dataset"),
        ({"teacher": 999_999}, "#/teacher"),
        ({"preset": "no-such"}, "#/preset"),
        ({"config": []}, "#/config"),
        ({"config": {"loop": {"epochs": -1}}}, "#/config/loop/epochs"),
        ({"config": {"loop.epochs": "many"}}, "#/config/loop.epochs"),
        ({"config": {"wings": 2}}, "#/config/wings"),
        ({"config": {"data": {"train": "/etc/passwd"}}}, "#/config/data/train"),
        ({"recipe": "distill", "config": {}}, "#/teacher"),
    ],
)
def test_a_wrong_field_is_named_by_its_place(
    program: Program, dataset: Dataset, change: dict[str, Any], pointer: str
) -> None:
    response = program("POST", "/experiments/", {**ASKED, "dataset": dataset.pk, **change})
    assert_problem(response, 400, "invalid-request", pointer)
    assert not Experiment.objects.exists()


def test_the_list_is_filtered_and_paged(program: Program, dataset: Dataset) -> None:
    runs = [make_run(dataset, f"Run {n}") for n in range(5)]
    make_run(dataset, "Cancelled", status="cancelled")
    first = program("GET", "/experiments/", status="queued", limit="3").json()
    assert [item["id"] for item in first["items"]] == [run.pk for run in reversed(runs)][:3]
    cursor = first["next"].split("cursor=")[1].split("&")[0]
    second = program("GET", "/experiments/", status="queued", limit="3", cursor=cursor).json()
    assert [item["name"] for item in second["items"]] == ["Run 1", "Run 0"]
    assert second["next"] is None
    assert [i["name"] for i in program("GET", "/experiments/", search="canc").json()["items"]] == [
        "Cancelled"
    ]


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ({"status": "asleep"}, "status"),
        ({"limit": "0"}, "limit"),
        ({"limit": "9999"}, "limit"),
        ({"cursor": "x"}, "cursor"),
        ({"dataset": "x"}, "dataset"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_wrong_parameter_is_named(program: Program, query: dict[str, str], parameter: str) -> None:
    assert_problem(program("GET", "/experiments/", **query), 400, "invalid-request", parameter)


def test_one_is_read_with_progress_history_and_evaluation(program: Program, dataset: Dataset) -> None:
    report = {"metrics": {"toxic": {"roc_auc": {"value": 0.97}}}, "speed": {}, "size": {"bytes": 1}}
    run = make_finished(dataset, measured=report, progress={"phase": "done", "step": 4, "steps": 4})
    answer = program("GET", f"/experiments/{run.pk}/").json()
    assert answer["status"] == "succeeded"
    assert answer["progress"]["steps"] == 4
    assert answer["evaluation"]["metrics"]["toxic"]["roc_auc"]["value"] == 0.97
    whole = program("GET", answer["evaluation"]["url"].split("/api/v1")[1]).json()
    assert whole["report"] == report


def test_an_unknown_or_deleted_one_is_a_404(program: Program, dataset: Dataset) -> None:
    run = make_run(dataset, status="failed")
    assert program("DELETE", f"/experiments/{run.pk}/").status_code == 204
    for pk in (run.pk, 999_999, 10**30):
        for method, end in (("GET", ""), ("GET", "points/"), ("POST", "cancel/"), ("POST", "clone/")):
            assert_problem(program(method, f"/experiments/{pk}/{end}", {}), 404, "not-found")


def test_a_queued_one_is_cancelled_and_resumed(program: Program, dataset: Dataset) -> None:
    run = make_run(dataset)
    answer = program("POST", f"/experiments/{run.pk}/cancel/").json()
    assert answer["status"] == "cancelled"
    assert answer["history"][0]["by"] == "trainer"
    problem = assert_problem(program("POST", f"/experiments/{run.pk}/cancel/"), 409, "not-allowed-now")
    assert problem["detail"] == "The run is cancelled already; only a queued or running one is cancelled."
    assert program("POST", f"/experiments/{run.pk}/resume/", {}).json()["status"] == "queued"
    assert_problem(program("POST", f"/experiments/{run.pk}/resume/"), 409, "not-allowed-now")
    assert_problem(program("DELETE", f"/experiments/{run.pk}/"), 409, "not-allowed-now")


def test_a_verb_takes_no_unknown_field(program: Program, dataset: Dataset) -> None:
    run = make_run(dataset)
    response = program("POST", f"/experiments/{run.pk}/cancel/", {"hard": True})
    assert_problem(response, 400, "invalid-request", "#/hard")


def test_a_clone_differs_in_what_was_sent_alone(program: Program, dataset: Dataset) -> None:
    run = make_run(dataset, config={"loop": {"seed": 3}})
    body = {"name": "Again", "config": {"loop.seed": 7}}
    response = program("POST", f"/experiments/{run.pk}/clone/", body)
    answer = response.json()
    assert (response.status_code, answer["name"], answer["cloned_from"]) == (201, "Again", run.pk)
    assert answer["config"]["loop"] == {**run.config["loop"], "seed": 7}
    wrong = program("POST", f"/experiments/{run.pk}/clone/", {"config": {"loop": {"seed": "x"}}})
    assert_problem(wrong, 400, "invalid-request", "#/config/loop/seed")


def test_curves_come_by_phase_and_name(program: Program, dataset: Dataset) -> None:
    run = make_run(dataset)
    make_curve(run, steps=3)
    curves = program("GET", f"/experiments/{run.pk}/points/").json()["curves"]
    assert [curve["name"] for curve in curves] == ["cross_entropy", "kl", "loss", "rows_per_second"]
    (loss,) = program("GET", f"/experiments/{run.pk}/points/", name="loss").json()["curves"]
    assert [step for step, _ in loss["points"]] == [10, 20, 30]


def test_the_model_is_downloaded_as_a_zip(program: Program, dataset: Dataset) -> None:
    run = make_finished(dataset, directory="1-run")
    assert_problem(program("GET", f"/experiments/{run.pk}/artifact.zip"), 404, "not-found")
    run.artifact_path.mkdir(parents=True)
    (run.artifact_path / "manifest.json").write_text("{}")
    response = program("GET", f"/experiments/{run.pk}/artifact.zip")
    with zipfile.ZipFile(io.BytesIO(b"".join(response.streaming_content))) as archive:
        assert archive.namelist() == [f"{run.model_version}/manifest.json"]
    refused = program("GET", f"/experiments/{run.pk}/artifact.zip", purpose="to_pass_on")
    assert_problem(refused, 409, "not-allowed-now")
    assert "nothing says what it learned from" in refused.json()["detail"]
    sources = [{"name": "forum", "licence": "MIT", "licence_class": "permissive"}]
    (run.artifact_path / "manifest.json").write_text(json.dumps({"sources": sources}))
    assert program("GET", f"/experiments/{run.pk}/artifact.zip", purpose="to_pass_on").status_code == 200


def test_recipes_tell_every_field_with_its_default(program: Program) -> None:
    recipes = {item["name"]: item for item in program("GET", "/recipes/").json()["items"]}
    assert {"teacher", "distill", "lora"} <= recipes.keys()
    fields = {field["name"]: field for field in recipes["distill"]["fields"]}
    assert fields["layers"]["default"] == "even"
    assert fields["loop.epochs"]["doc"]
    assert recipes["distill"]["needs"] == "teacher"


def test_a_plan_starts_all_its_runs(program: Program, dataset: Dataset) -> None:
    plans = program("GET", "/plans/").json()["items"]
    if not plans:
        pytest.skip("no plan is shipped")
    plan = plans[0]
    response = program("POST", f"/plans/{plan['name']}/start/", {"dataset": dataset.pk})
    assert response.status_code == 201
    assert [item["name"] for item in response.json()["items"]] == [run["name"] for run in plan["experiments"]]
    assert_problem(program("POST", "/plans/none/start/", {"dataset": dataset.pk}), 404, "not-found")
    assert_problem(program("POST", f"/plans/{plan['name']}/start/", {}), 400, "invalid-request", "#/dataset")
