"""Requests about moderation made up from the OpenAPI file: every answer is one that the file describes."""

from typing import Any

import hypothesis
import pytest
import schemathesis

from classifier.tests.api.test_random_requests import NOT_ASKED, _open_connection  # noqa: F401 - a fixture
from classifier.tests.api_moderation.conftest import Program
from toxicsite.wsgi import application

schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.yaml", application).include(
    path_regex="^/api/v1/((decisions|appeals|reports|policies|queue)/|comments/{comment_id}/)"
)


@pytest.mark.usefixtures("_open_connection")
@schema.parametrize()
@hypothesis.settings(
    max_examples=3,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(hypothesis.HealthCheck),
)
def test_no_request_gets_an_answer_that_is_not_described(case: Any, boss: Program) -> None:
    response = case.call(headers=boss.headers)
    case.validate_response(response, excluded_checks=NOT_ASKED)
    assert response.status_code != 500
