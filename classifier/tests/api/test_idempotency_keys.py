"""Submitting again under the same Idempotency-Key: one comment, whether it has an external id or not."""

import pytest

from classifier.models import Comment
from classifier.tests.api.conftest import COMMENTS, Caller, assert_problem

pytestmark = pytest.mark.usefixtures("redis_clean")
KEY = {"Idempotency-Key": "a1b2"}


def test_the_same_request_again_gives_the_comment_that_is_there(program: Caller) -> None:
    first = program.post(COMMENTS, {"text": "hello"}, **KEY)
    again = program.post(COMMENTS, {"text": "hello"}, **KEY)
    assert (first.status_code, again.status_code) == (202, 200)
    assert first.json() == again.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert Comment.objects.count() == 1


def test_another_request_under_the_same_key_is_refused(program: Caller) -> None:
    program.post(COMMENTS, {"text": "hello"}, **KEY)
    assert_problem(program.post(COMMENTS, {"text": "hullo"}, **KEY), 422, "idempotency-key-reused")
    assert Comment.objects.get().text == "hello"


def test_a_refused_request_uses_up_no_key(program: Caller) -> None:
    assert program.post(COMMENTS, {"text": ""}, **KEY).status_code == 400
    assert program.post(COMMENTS, {"text": "hello"}, **KEY).status_code == 202


def test_many_comments_have_external_ids_instead(program: Caller) -> None:
    body = assert_problem(
        program.post(COMMENTS, {"items": [{"text": "hello"}]}, **KEY), 400, "invalid-request"
    )
    assert body["errors"][0]["header"] == "Idempotency-Key"
    assert not Comment.objects.exists()
