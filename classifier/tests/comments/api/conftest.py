"""The people and programs of the API's tests."""

from classifier.tests.api.conftest import caller_for, colleague, owner, program, stranger

__all__ = ["caller_for", "colleague", "owner", "program", "stranger"]
