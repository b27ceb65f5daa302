"""Requests about comparisons and maps made up from the OpenAPI file: every answer is one that the file describes."""

from typing import Any

import pytest

from classifier.api_keys.services import api_key_create
from classifier.models import ModelVersion, ReferenceService, User
from classifier.tests.made_up import hold_against_the_file, made_up, operations
from classifier.tests.references.comparison.conftest import make_calls

pytestmark = pytest.mark.usefixtures("redis_clean")
schema = operations("references")


@pytest.fixture
def headers(admin_person: User, service: ReferenceService, version: ModelVersion) -> dict[str, str]:
    make_calls(20, service=service, version=version)
    _, plaintext = api_key_create(name="test", owner=admin_person, scopes=["admin", "moderate"])
    return {"Authorization": f"Bearer {plaintext}"}


@schema.parametrize()
@made_up(5)
def test_no_request_gets_an_answer_that_is_not_described(case: Any, headers: dict[str, str]) -> None:
    hold_against_the_file(case, headers)
