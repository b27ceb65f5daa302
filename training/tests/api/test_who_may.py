"""Who may call what: scope and permission both, by key or session."""

import pytest

from classifier.models import User
from training.models import Dataset, Experiment
from training.tests.api.conftest import MakeProgram, Program, assert_problem
from training.tests.experiments.pages.builders import make_run

READS = [
    "/experiments/",
    "/recipes/",
    "/plans/",
    "/datasets/",
    "/sweeps/",
    "/model-versions/",
    "/evaluations/compare/",
    "/suites/",
    "/retraining/",
]
STARTS = {"name": "Mine", "recipe": "teacher", "config": {"base": "some/encoder"}}


@pytest.mark.parametrize("path", READS)
def test_every_list_answers_a_model_admin(program: Program, path: str) -> None:
    assert program("GET", path).status_code == 200


@pytest.mark.parametrize("path", READS)
def test_without_a_key_it_is_a_401(db: None, path: str) -> None:
    assert_problem(Program()("GET", path), 401, "unauthenticated")


@pytest.mark.parametrize("path", READS)
def test_a_person_without_a_role_is_refused(stranger: User, program_for: MakeProgram, path: str) -> None:
    assert_problem(program_for(stranger)("GET", path), 403, "forbidden")


@pytest.mark.parametrize("path", READS)
def test_a_key_without_the_scope_is_refused(trainer: User, program_for: MakeProgram, path: str) -> None:
    problem = assert_problem(program_for(trainer, "read", "score")("GET", path), 403, "forbidden")
    assert '"train"' in problem["detail"]


def test_a_key_for_training_may_not_submit_comments(program: Program) -> None:
    problem = assert_problem(program("POST", "/comments/", {"text": "x"}), 403, "forbidden")
    assert '"submit"' in problem["detail"]


def test_looking_is_not_starting(onlooker: User, program_for: MakeProgram, dataset: Dataset) -> None:
    program = program_for(onlooker)
    run = make_run(dataset)
    assert program("GET", f"/experiments/{run.pk}/").status_code == 200
    for method, path in (
        ("POST", "/experiments/"),
        ("POST", f"/experiments/{run.pk}/cancel/"),
        ("DELETE", f"/experiments/{run.pk}/"),
        ("GET", "/datasets/"),
        ("POST", "/model-versions/roll-back/"),
    ):
        assert_problem(program(method, path, {**STARTS, "dataset": dataset.pk}), 403, "forbidden")
    assert Experiment.objects.count() == 1


def test_a_session_does_as_well_as_a_key(trainer: User, dataset: Dataset) -> None:
    response = Program(session=trainer)("POST", "/experiments/", {**STARTS, "dataset": dataset.pk})
    assert response.status_code == 201
    assert Experiment.objects.get().created_by == trainer
