"""Requests made up from the OpenAPI file for training's endpoints: every answer is one that the file describes."""

from pathlib import Path
from typing import Any

import pytest

from classifier.api_keys.services import api_key_create
from classifier.models import User
from classifier.tests.made_up import hold_against_the_file, made_up, operations
from training.models import Dataset, Sweep, TestSuite
from training.tests.experiments.pages.builders import make_finished

schema = operations("training")
schema.config.phases.coverage.enabled = False  # every limit of every field: minutes, for so many operations


@pytest.fixture
def known(dataset: Dataset, places: Path) -> dict[str, Any]:
    """What is there, by the name of its parameter."""
    run = make_finished(dataset, measured={"metrics": {}, "speed": {}, "size": {}})
    sweep = Sweep.objects.create(
        name="s", recipe="teacher", dataset=dataset, space={}, objectives=[], trials_wanted=1, study_name="s",
        status="failed",
    )  # fmt: skip
    suite = TestSuite.objects.create(name="x", kind="cases", cases=[], fingerprint="f")
    return {
        "experiment_id": run.pk,
        "dataset_id": dataset.pk,
        "sweep_id": sweep.pk,
        "version_id": run.model_version_id,
        "evaluation_id": run.evaluations.get().pk,
        "suite_id": suite.pk,
    }


@pytest.fixture
def headers(trainer: User) -> dict[str, str]:
    _, plaintext = api_key_create(name="test", owner=trainer, scopes=["train"])
    return {"Authorization": f"Bearer {plaintext}"}


@schema.parametrize()
@made_up(4)
def test_no_request_gets_an_answer_that_is_not_described(
    case: Any, headers: dict[str, str], known: dict[str, Any]
) -> None:
    parameters = case.path_parameters or {}
    for name, value in parameters.items():
        if name in known and isinstance(value, int) and value % 3:
            parameters[name] = known[name]
    hold_against_the_file(case, headers)
