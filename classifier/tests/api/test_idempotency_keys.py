"""Submitting again under the same Idempotency-Key: one comment, whether it has an external id or not."""

import pytest

from classifier.models import Comment, User
from classifier.tests.api.conftest import COMMENTS, Caller, MakeCaller, assert_problem

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


def test_the_same_key_of_two_people_is_two_requests(
    owner: User, stranger: User, caller_for: MakeCaller
) -> None:
    ours, theirs = caller_for(owner), caller_for(stranger)
    first = ours.post(COMMENTS, {"text": "hello"}, **KEY)
    second = theirs.post(COMMENTS, {"text": "hello"}, **KEY)
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json()["id"] != second.json()["id"]
    assert "Idempotency-Replayed" not in second.headers
    other = theirs.post(COMMENTS, {"text": "something else"}, **KEY)
    assert_problem(other, 422, "idempotency-key-reused")
    assert set(Comment.objects.values_list("submitted_by", "text")) == {
        (owner.pk, "hello"),
        (stranger.pk, "hello"),
    }
    assert theirs.post(COMMENTS, {"text": "hello"}, **KEY).json()["id"] == second.json()["id"]


def test_two_keys_of_one_person_are_the_same_sender(owner: User, caller_for: MakeCaller) -> None:
    first = caller_for(owner).post(COMMENTS, {"text": "hello"}, **KEY)
    again = caller_for(owner).post(COMMENTS, {"text": "hello"}, **KEY)
    assert (again.status_code, again.json()["id"]) == (200, first.json()["id"])
    assert Comment.objects.count() == 1
