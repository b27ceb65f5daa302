"""Requests about webhooks, made up from the OpenAPI file: every answer is one that the file describes."""

from collections.abc import Iterator
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
from classifier.services.webhooks import webhook_create, webhook_test
from classifier.tests.api.conftest import Caller
from toxicsite.wsgi import application

# A cursor fits its schema and is refused all the same when it was made up; so is a URL.
NOT_ASKED = [not_a_server_error, positive_data_acceptance, ignored_auth]


schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.yaml", application).include(
    path_regex="^/api/v1/webhooks/"
)


@pytest.fixture
def program(admin_person: User, redis_clean: None) -> Caller:
    """A key that may do everything with webhooks, of which one is there."""
    key, plaintext = api_key_create(name="key", owner=admin_person, scopes=["admin"])
    webhook, _ = webhook_create(
        name="Forum", url="https://forum.example.org/", events=["comment.decided"], by=None
    )
    webhook_test(webhook=webhook, by=None)
    return Caller(plaintext, key)


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
