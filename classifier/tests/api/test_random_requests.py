"""Requests made up from the OpenAPI file, good and bad: every answer is one that the file describes."""

from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance

from classifier.tests.api.conftest import Caller
from toxicsite.wsgi import application

# 503 is described: no worker runs here. A cursor fits its schema and is refused all the same when it was made up.
# `ignored_auth` calls again without the key, which the tests of keys do better.
NOT_ASKED = [not_a_server_error, positive_data_acceptance, ignored_auth]


schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.yaml", application).include(
    path_regex="^/api/v1/(comments|score)/"
)


@pytest.fixture
def _open_connection() -> Iterator[None]:
    """A real request closes old connections; the test's own one has to stay open."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.mark.usefixtures("_open_connection")
@schema.parametrize()
@hypothesis.settings(
    max_examples=10,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(hypothesis.HealthCheck),
)
def test_no_request_gets_an_answer_that_is_not_described(case: Any, program: Caller) -> None:
    response = case.call(headers=program.headers)
    case.validate_response(response, excluded_checks=NOT_ASKED)
    assert response.status_code != 500
