"""Sweeps through the API: start, list, read, cancel, resume, train the best, delete."""

from typing import Any

import pytest

from training.models import Dataset, Sweep
from training.tests.api.conftest import Program, assert_problem

RATE = {"type": "float", "low": 1e-5, "high": 1e-3, "log": True}


def asked(dataset: Dataset, **changes: Any) -> dict[str, Any]:
    body = {
        "name": "Rates",
        "recipe": "teacher",
        "dataset": dataset.pk,
        "config": {"base": "some/encoder"},
        "space": {"loop.learning_rate": RATE},
        "objectives": [{"metric": "f1"}],
        "trials": 4,
    }
    return {**body, **changes}


def test_it_starts_what_was_asked_for(program: Program, dataset: Dataset) -> None:
    response = program("POST", "/sweeps/", asked(dataset))
    assert response.status_code == 201, response.content
    answer = response.json()
    assert response.headers["Location"] == answer["url"]
    assert (answer["status"], answer["trials_wanted"], answer["created_by"]) == ("queued", 4, "trainer")
    assert [item["id"] for item in program("GET", "/sweeps/", status="queued").json()["items"]] == [
        answer["id"]
    ]
    assert program("GET", "/sweeps/", status="failed").json()["items"] == []


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"trials": 0}, "#/trials"),
        ({"trials": 2.5}, "#/trials"),
        ({"sampler": "dice"}, "#/sampler"),
        ({"objectives": []}, "#/objectives"),
        ({"objectives": [{"metric": "beauty"}]}, "#/objectives"),
        (
            {"space": {"loop.learning_rate": {"type": "float", "low": 1, "high": 0}}},
            "#/space/loop.learning_rate",
        ),
        ({"space": {"wings": RATE}}, "#/space/wings"),
        ({"config": {"loop": {"epochs": "x"}}}, "#/config/loop/epochs"),
        ({"recipe": "distill", "config": {}}, "#/teacher"),
        ({"speed": 1}, "#/speed"),
    ],
)
def test_a_wrong_field_is_named_by_its_place(
    program: Program, dataset: Dataset, change: dict[str, Any], pointer: str
) -> None:
    assert_problem(program("POST", "/sweeps/", asked(dataset, **change)), 400, "invalid-request", pointer)
    assert not Sweep.objects.exists()


def test_it_is_cancelled_goes_on_and_is_deleted(program: Program, dataset: Dataset) -> None:
    address = f"/sweeps/{program('POST', '/sweeps/', asked(dataset)).json()['id']}/"
    assert_problem(program("DELETE", address), 409, "not-allowed-now")
    assert_problem(program("POST", address + "train-best/", {}), 409, "not-allowed-now")
    assert program("POST", address + "cancel/").json()["status"] == "cancelled"
    assert_problem(program("POST", address + "cancel/"), 409, "not-allowed-now")
    assert program("POST", address + "resume/", {"trials": 6}).json()["trials_wanted"] == 6
    assert program("POST", address + "cancel/").status_code == 200
    assert program("DELETE", address).status_code == 204
    assert_problem(program("GET", address), 404, "not-found")
