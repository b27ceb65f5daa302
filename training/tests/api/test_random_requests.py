"""Requests made up from the OpenAPI file for training's endpoints: every answer is one that the file describes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance

from classifier.models import User
from classifier.services import api_key_create
from toxicsite.wsgi import application
from training.models import Dataset, Sweep, TestSuite
from training.tests.pages.builders import make_finished

# See classifier.tests.api.test_random_requests; a data set that is named by its id need not be there either.
NOT_ASKED = [not_a_server_error, positive_data_acceptance, ignored_auth]

schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.yaml", application).exclude(
    path_regex="^/api/v1/(comments|score)/"
)
schema.config.phases.coverage.enabled = False  # every limit of every field: minutes, for so many operations


@pytest.fixture
def _open_connection() -> Iterator[None]:
    """A real request closes old connections; the test's own one has to stay open."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


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


@pytest.mark.usefixtures("_open_connection")
@schema.parametrize()
@hypothesis.settings(
    max_examples=4,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(hypothesis.HealthCheck),
)
def test_no_request_gets_an_answer_that_is_not_described(
    case: Any, headers: dict[str, str], known: dict[str, Any]
) -> None:
    parameters = case.path_parameters or {}
    for name, value in parameters.items():
        if name in known and isinstance(value, int) and value % 3:
            parameters[name] = known[name]
    response = case.call(headers=headers)
    case.validate_response(response, excluded_checks=NOT_ASKED)
    assert response.status_code != 500
