"""The people and comments that tests of pages share."""

from classifier.tests.page_fixtures import (  # noqa: F401
    answers,
    as_owner,
    colleague,
    comment_with,
    owner,
    stranger,
    version,
)
