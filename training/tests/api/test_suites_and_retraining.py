"""Test suites and the plan of retraining through the API."""

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from training.models import Dataset, Evaluation, TestSuite, TestSuiteResult
from training.tests.api.conftest import Program, assert_problem
from training.tests.experiments.pages.builders import make_version

CASES = b"text,expected,functionality\nyou idiot,1,insult\nthank you,0,thanks\n"
FORM = {"name": "Ours", "kind": "cases"}


def upload(program: Program, data: bytes = CASES, **changes: str) -> Any:
    return program.upload("/suites/", {**FORM, "file": SimpleUploadedFile("c.csv", data), **changes})


def test_a_suite_is_uploaded_listed_and_its_results_read(program: Program) -> None:
    response = upload(program)
    assert response.status_code == 201, response.content
    assert (response.json()["cases"], response.json()["created_by"]) == (2, "trainer")
    assert [item["name"] for item in program("GET", "/suites/").json()["items"]] == ["Ours"]
    suite = TestSuite.objects.get()
    version = make_version("v-1a2b3c4d")
    TestSuiteResult.objects.create(suite=suite, model_version=version, report={"accuracy": 0.5})
    (result,) = program("GET", f"/suites/{suite.pk}/results/").json()["items"]
    assert (result["version"], result["report"]) == ("v-1a2b3c4d", {"accuracy": 0.5})
    assert_problem(program("GET", "/suites/999999/results/"), 404, "not-found")


def test_shipped_suites_are_listed_and_their_results_read(program: Program, dataset: Dataset) -> None:
    items = program("GET", "/suites/shipped/").json()["items"]
    assert [(item["slug"], item["cases"]) for item in items] == [("kinds", 368), ("identities", 990)]
    version = make_version("v-1a2b3c4d")
    report = {"suites": [{"id": None, "name": items[0]["name"], "accuracy": 0.5}]}
    Evaluation.objects.create(model_version=version, dataset=dataset, fingerprint="f" * 64, report=report)
    (result,) = program("GET", "/suites/shipped/kinds/results/").json()["items"]
    assert (result["version"], result["report"]["accuracy"]) == ("v-1a2b3c4d", 0.5)
    assert_problem(program("GET", "/suites/shipped/poems/results/"), 404, "not-found")


def test_a_suite_of_the_hub_is_asked_for(
    program: Program, settings: Any, tmp_path: Path, redis_clean: None
) -> None:
    settings.RUNS_DIR = tmp_path
    response = program("POST", "/suites/hub/", {"hub_name": "hatecheck-german"})
    assert response.status_code == 202, response.content
    assert (response.json()["hub_name"], response.json()["state"]) == ("Paul/hatecheck-german", "loading")
    assert [item["name"] for item in program("GET", "/suites/hub/").json()["items"]] == ["HateCheck, German"]
    assert_problem(
        program("POST", "/suites/hub/", {"hub_name": "/etc"}), 400, "invalid-request", "#/hub_name"
    )


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"kind": "poems"}, "#/kind"),
        ({"name": ""}, "#/name"),
        ({"data": b"text,expected\nx,maybe\n"}, "#/file"),
        ({"data": b"\xff\xfe\x00"}, "#/file"),
        ({"extra": "1"}, "#/extra"),
    ],
)
def test_a_wrong_suite_is_refused_whole(program: Program, changes: dict[str, Any], pointer: str) -> None:
    assert_problem(upload(program, **changes), 400, "invalid-request", pointer)
    assert not TestSuite.objects.exists()


def test_the_plan_is_read_and_set(program: Program, dataset: Dataset) -> None:
    assert program("GET", "/retraining/").json()["enabled"] is False
    body = {"enabled": True, "after_decisions": 50, "mix_with": dataset.pk, "decisions_weight": 5}
    answer = program("PUT", "/retraining/", {**body, "config": {"loop": {"epochs": 1}}}).json()
    assert (answer["after_decisions"], answer["mix_with"]) == (50, dataset.pk)
    assert answer["config"] == {"loop": {"epochs": 1}}
    assert answer["outlook"] == "The next retraining starts after 50 more decisions."


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"enabled": "yes"}, "#/enabled"),
        ({"after_decisions": None}, "#/after_decisions"),
        ({"mix_with": 999_999}, "#/mix_with"),
        ({"decisions_weight": 0}, "#/decisions_weight"),
        ({"recipe": "magic"}, "#/recipe"),
    ],
)
def test_a_wrong_plan_is_refused(program: Program, change: dict[str, Any], pointer: str) -> None:
    body = {"enabled": True, "after_decisions": 50, **change}
    assert_problem(program("PUT", "/retraining/", body), 400, "invalid-request", pointer)


def test_retraining_without_a_version_in_production_is_a_409(program: Program) -> None:
    assert_problem(program("POST", "/retraining/run/", {}), 409, "not-allowed-now")


def test_retraining_without_decisions_says_so(program: Program) -> None:
    response = program("POST", "/retraining/run/", {"from_active": False, "config": {"base": "some/encoder"}})
    assert "decisions" in assert_problem(response, 400, "invalid-request")["detail"]
