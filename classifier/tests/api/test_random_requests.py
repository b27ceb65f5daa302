"""Requests about comments, scores, feedback, usage and numbers that are made up: every answer is one that the file
describes; and no operation of the file is left out of such tests.
"""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from classifier.api import base
from classifier.api_keys.services import api_key_create
from classifier.models import ApiScope, User
from classifier.tests.made_up import GROUPS, hold_against_the_file, made_up, operations

schema = operations("comments")


@pytest.fixture
def headers(admin_person: User) -> dict[str, str]:
    _, plaintext = api_key_create(name="test", owner=admin_person, scopes=ApiScope.values)
    return {"Authorization": f"Bearer {plaintext}"}


@schema.parametrize()
@made_up(10)
def test_no_request_gets_an_answer_that_is_not_described(case: Any, headers: dict[str, str]) -> None:
    hold_against_the_file(case, headers)


def test_every_operation_of_the_file_belongs_to_one_group() -> None:
    file = Path(base.__file__).parent / "openapi.yaml"
    paths = yaml.load(file.read_text(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))["paths"]
    groups = {path: [name for name, regex in GROUPS.items() if re.search(regex, path)] for path in paths}
    assert {path: names for path, names in groups.items() if len(names) != 1} == {}
