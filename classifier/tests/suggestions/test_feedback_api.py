"""`/api/v1/feedback/`: the same suggestions, in the form of version 1."""

from typing import Any

import pytest

from classifier.comments.submission import comment_submit
from classifier.models import Suggestion, User
from classifier.tests.api.conftest import Caller, MakeCaller, assert_problem, caller_for, owner, program
from classifier.tests.conftest import person

__all__ = ["caller_for", "owner", "program"]
FEEDBACK = "/api/v1/feedback/"
pytestmark = pytest.mark.usefixtures("redis_clean")


def test_feedback_about_a_text_is_kept_and_listed(program: Caller) -> None:
    sent = {
        "text": "you badger",
        "labels": {"toxic": 1, "insult": 0.5},
        "source": "forum",
        "languages": ["en"],
    }
    response = program.post(FEEDBACK, sent)
    assert response.status_code == 201
    body = response.json()
    assert {name: body[name] for name in sent} == sent
    assert (body["by"], body["comment"], body["rejected_at"]) == ("owner", None, None)
    assert program.get(FEEDBACK).json() == {"items": [body], "next": None}
    assert program.get(FEEDBACK, source="shop").json()["items"] == []
    assert Suggestion.objects.get().api_key == program.key


def test_feedback_about_a_comment_of_ones_own_is_kept(program: Caller, owner: User) -> None:
    comment = comment_submit(text="you badger", source="forum", by=owner)
    body = program.post(FEEDBACK, {"comment": comment.pk, "labels": {"toxic": 0}}).json()
    assert (body["comment"], body["text"], body["source"]) == (comment.pk, "you badger", "forum")


def test_a_comment_of_somebody_else_is_not_there(program: Caller) -> None:
    comment = comment_submit(text="you badger", source="forum", by=None)
    response = program.post(FEEDBACK, {"comment": comment.pk, "labels": {"toxic": 0}})
    assert assert_problem(response, 400, "invalid-request")["errors"][0]["pointer"] == "#/comment"


def test_the_same_idempotency_key_keeps_it_once(program: Caller) -> None:
    sent = {"text": "you badger", "labels": {"toxic": 1}}
    first, again = (program.post(FEEDBACK, sent, **{"Idempotency-Key": "k-1"}) for _ in range(2))
    assert first.json() == again.json()
    assert Suggestion.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"labels": {"toxic": 1}}, "#/text"),
        ({"text": "a"}, "#/labels"),
        ({"text": "a", "labels": {}}, "#/labels"),
        ({"text": "a", "labels": {"toxic": 2}}, "#/labels/toxic"),
        ({"text": "a", "labels": {"toxic": None}}, "#/labels/toxic"),
        ({"text": "a\x00", "labels": {"toxic": 1}}, "#/text"),
        ({"text": "a", "labels": {"toxic": 1}, "source": "a b"}, "#/source"),
        ({"text": "a", "comment": 1, "labels": {"toxic": 1}}, "#/text"),
        ({"text": "a", "labels": {"toxic": 1}, "colour": "red"}, "#/colour"),
    ],
)
def test_what_is_wrong_is_named(program: Caller, body: dict[str, Any], pointer: str) -> None:
    problem = assert_problem(program.post(FEEDBACK, body), 400, "invalid-request")
    assert problem["errors"][0]["pointer"] == pointer
    assert not Suggestion.objects.exists()


def test_giving_and_reading_feedback_have_scopes_of_their_own(owner: User, caller_for: MakeCaller) -> None:
    sent = {"text": "a", "labels": {"toxic": 1}}
    assert_problem(caller_for(owner, "score", "read").post(FEEDBACK, sent), 403, "forbidden")
    assert_problem(caller_for(owner, "submit").get(FEEDBACK), 403, "forbidden")


def test_a_lead_keeps_training_from_using_it(program: Caller, caller_for: MakeCaller) -> None:
    made = program.post(FEEDBACK, {"text": "a", "labels": {"toxic": 1}}).json()
    reject = f"{FEEDBACK}{made['id']}/reject/"
    lead = caller_for(person("lead", "Lead"), "moderate")
    rejected = lead.post(reject, {}).json()
    assert (rejected["rejected_by"], rejected["text"]) == ("lead", "a")
    assert rejected["rejected_at"]
    assert lead.post(reject, {}).json() == rejected
    assert_problem(caller_for(program.key.owner, "moderate").post(reject, {}), 403, "forbidden")  # type: ignore[union-attr]
    assert_problem(lead.post(f"{FEEDBACK}999999/reject/", {}), 404, "not-found")
