"""Model versions through the API: read, measure, activate behind the gate, roll back, shadow, compare."""

from typing import Any

import pytest

from classifier.model_versions.promotion_gate import GateVerdict, gate_register
from classifier.model_versions.services import model_version_activate
from classifier.models import ModelVersion
from training.models import Dataset, Evaluation
from training.tests.api.conftest import Program, assert_problem
from training.tests.experiments.pages.builders import PRINT, make_dataset, make_finished

REASON = "Its ROC-AUC of 0.9610 is below the bar of 0.97."
Pair = tuple[ModelVersion, ModelVersion]


@pytest.fixture
def closed_gate() -> Any:
    before = gate_register(lambda candidate, active: GateVerdict(False, [REASON], {}, active.version))
    yield
    gate_register(before)


@pytest.fixture
def pair(candidates: Pair, closed_gate: None) -> Pair:
    """The version in production, and a candidate that the gate keeps out."""
    model_version_activate(model_version=candidates[0], by=None)
    return candidates


def test_they_are_listed_and_read_with_what_the_gate_says(program: Program, pair: Pair) -> None:
    listed = program("GET", "/model-versions/", status="candidate").json()["items"]
    assert [item["version"] for item in listed] == [pair[1].version]
    answer = program("GET", listed[0]["url"].split("/api/v1")[1]).json()
    assert answer["gate"] == {
        "passed": False, "reasons": [REASON], "satisfied": [], "unchecked": [], "numbers": {},
        "checked_against": pair[0].version,
    }  # fmt: skip
    assert program("GET", f"/model-versions/{pair[0].pk}/").json()["gate"] is None
    assert_problem(program("GET", "/model-versions/999999/"), 404, "not-found")


def test_a_closed_gate_is_a_409_with_its_sentences(program: Program, pair: Pair) -> None:
    response = program("POST", f"/model-versions/{pair[1].pk}/activate/", {})
    problem = assert_problem(response, 409, "gate-closed", "#/override_reason")
    assert REASON in problem["detail"]
    assert ModelVersion.objects.active() == pair[0]


def test_a_reason_overrides_the_gate_and_rolling_back_needs_none(program: Program, pair: Pair) -> None:
    body = {"override_reason": "The test rows are old"}
    answer = program("POST", f"/model-versions/{pair[1].pk}/activate/", body).json()
    assert answer["status"] == "active"
    assert answer["history"][0]["gate"]["overridden"] == "The test rows are old"
    again = program("POST", f"/model-versions/{pair[1].pk}/activate/", body)
    assert_problem(again, 409, "not-allowed-now")
    back = program("POST", "/model-versions/roll-back/", {"reason": "too strict"}).json()
    assert (back["id"], back["status"]) == (pair[0].pk, "active")


def test_with_nothing_to_roll_back_to_it_is_a_409(program: Program, pair: Pair) -> None:
    assert_problem(program("POST", "/model-versions/roll-back/", {}), 409, "not-allowed-now")


def test_a_shadow_is_started_and_stopped(program: Program, pair: Pair) -> None:
    address = f"/model-versions/{pair[1].pk}/shadow/"
    assert_problem(program("DELETE", address), 409, "not-allowed-now")
    assert program("POST", address, {"reason": "a week"}).json()["is_shadow"] is True
    assert_problem(program("POST", address, {}), 409, "not-allowed-now")
    assert program("DELETE", address).status_code == 204
    assert_problem(program("POST", f"/model-versions/{pair[0].pk}/shadow/", {}), 409, "not-allowed-now")


def test_measuring_needs_a_test_set_and_is_then_queued(program: Program, pair: Pair) -> None:
    address = f"/model-versions/{pair[1].pk}/evaluate/"
    assert_problem(program("POST", address), 409, "not-allowed-now")
    made = make_dataset(is_test_set=True)
    made.file("test").parent.mkdir(parents=True)
    made.file("test").touch()
    response = program("POST", address)
    assert response.status_code == 202, response.content
    assert response.json()["evaluating"]["state"] == "queued"


def test_runs_and_versions_stand_side_by_side_with_the_baselines(program: Program, dataset: Dataset) -> None:
    measured = {"metrics": {"toxic": {"roc_auc": {"value": 0.97, "low": 0.96, "high": 0.98}}}}
    one = make_finished(dataset, "One", measured=measured)
    two = make_finished(dataset, "Two")
    for name in ("majority", "tfidf"):
        Evaluation.objects.create(baseline=name, dataset=dataset, fingerprint=PRINT, report=measured)
    answer = program(
        "GET", "/evaluations/compare/", experiments=str(one.pk), model_versions=str(two.model_version_id)
    ).json()
    assert [side["name"] for side in answer["items"]] == ["One", "Two"]
    assert answer["comparable"] is True
    assert answer["items"][0]["metrics"]["toxic"]["roc_auc"]["low"] > 0.5
    assert answer["items"][1]["metrics"] == {}
    assert [side["name"] for side in answer["baselines"]] == ["tfidf", "majority"]


def test_ids_to_compare_must_be_ids(program: Program) -> None:
    for text in ("1,x", "0", "-1", str(10**30)):
        response = program("GET", "/evaluations/compare/", experiments=text)
        assert_problem(response, 400, "invalid-request", "experiments")
