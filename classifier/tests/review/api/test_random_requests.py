"""Requests about moderation made up from the OpenAPI file: every answer is one that the file describes."""

from typing import Any

from classifier.tests.made_up import hold_against_the_file, made_up, operations
from classifier.tests.review.api.conftest import Program

schema = operations("moderation")


@schema.parametrize()
@made_up(3)
def test_no_request_gets_an_answer_that_is_not_described(case: Any, boss: Program) -> None:
    hold_against_the_file(case, boss.headers)
