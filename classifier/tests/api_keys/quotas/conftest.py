"""The people and programs of the API's tests, and a Redis without yesterday's counts."""

import pytest

from classifier.tests.api.conftest import caller_for, owner, program, stranger

__all__ = ["caller_for", "owner", "program", "stranger"]


@pytest.fixture(autouse=True)
def counts_from_zero(redis_clean: None) -> None:
    """Nothing was used yet."""
