"""Requests about imports and exports made up from the OpenAPI file: every answer is one that the file describes."""

from pathlib import Path
from typing import Any

import pytest

from classifier.api_keys.services import api_key_create
from classifier.models import User
from classifier.tests.made_up import hold_against_the_file, made_up, operations

schema = operations("transfers")


@pytest.fixture
def headers(admin_person: User, tmp_path: Path, settings: Any) -> dict[str, str]:
    settings.TRANSFERS_DIR = tmp_path
    _, plaintext = api_key_create(name="test", owner=admin_person, scopes=["admin"])
    return {"Authorization": f"Bearer {plaintext}"}


@schema.parametrize()
@made_up(5)
def test_no_request_gets_an_answer_that_is_not_described(case: Any, headers: dict[str, str]) -> None:
    hold_against_the_file(case, headers)
