"""Requests about webhooks, made up from the OpenAPI file: every answer is one that the file describes."""

from typing import Any

import pytest

from classifier.api_keys.services import api_key_create
from classifier.models import User
from classifier.tests.api.conftest import Caller
from classifier.tests.made_up import hold_against_the_file, made_up, operations
from classifier.webhooks.services import webhook_create, webhook_test

schema = operations("webhooks")


@pytest.fixture
def program(admin_person: User, redis_clean: None) -> Caller:
    """A key that may do everything with webhooks, of which one is there."""
    key, plaintext = api_key_create(name="key", owner=admin_person, scopes=["admin"])
    webhook, _ = webhook_create(
        name="Forum", url="https://forum.example.org/", events=["comment.decided"], by=None
    )
    webhook_test(webhook=webhook, by=None)
    return Caller(plaintext, key)


@schema.parametrize()
@made_up(10)
def test_no_request_gets_an_answer_that_is_not_described(case: Any, program: Caller) -> None:
    hold_against_the_file(case, program.headers)
