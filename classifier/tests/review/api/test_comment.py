"""Editing, rescanning and erasing one comment through the API."""

from typing import Any

import pytest

from classifier.models import AuditEntry, Comment, ModelVersion
from classifier.review.decisions import decision_record
from classifier.scoring.classify_pending import pending_classify
from classifier.tests.api.conftest import assert_problem
from classifier.tests.builders import FakeScorer
from classifier.tests.review.api.conftest import Program, address, program_of


def test_an_edit_is_pending_and_keeps_what_was_predicted(
    comment: Comment, site: Program, active_version: ModelVersion
) -> None:
    answer = site.change("patch", address(comment), {"text": "good morning"})
    assert answer.status_code == 202
    assert (answer.json()["text"], answer.json()["status"]) == ("good morning", "pending")
    assert answer.json()["edited_at"] is not None
    pending_classify(scorer=FakeScorer(), model_version=active_version, limit=10)
    detail = site.get(address(comment)).json()
    assert [one["verdict"] for one in detail["predictions"]] == ["non-toxic", "toxic"]
    assert detail["band"] == "approve"


def test_two_editors_do_not_overwrite_each_other(comment: Comment, site: Program) -> None:
    read = {"If-Match": site.get(address(comment)).headers["ETag"]}
    first = site.change("patch", address(comment), {"text": "good morning"}, **read)
    assert first.status_code == 202
    late = site.change("patch", address(comment), {"text": "good evening"}, **read)
    assert_problem(late, 412, "changed-meanwhile")
    again = {"If-Match": first.headers["ETag"]}
    assert site.change("patch", address(comment), {"text": "good evening"}, **again).status_code == 202


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "#/text"),
        ({"text": ""}, "#/text"),
        ({"text": 5}, "#/text"),
        ({"text": "x" * 20_481}, "#/text"),
        ({"text": "\ud800"}, "#/text"),
        ({"text": "x", "source": "y"}, "#/source"),
        ([], "#"),
    ],
)
def test_a_bad_edit_is_refused_with_its_place(
    comment: Comment, site: Program, body: Any, pointer: str
) -> None:
    problem = assert_problem(site.change("patch", address(comment), body), 400, "invalid-request")
    assert problem["errors"][0]["pointer"] == pointer
    comment.refresh_from_db()
    assert (comment.text, comment.status) == ("i hate you", "classified")


def test_another_sites_comment_is_not_edited(comment: Comment, lead: Program) -> None:
    assert_problem(lead.change("patch", address(comment), {"text": "x"}), 403, "forbidden")


def test_scoring_again_is_pending_once(comment: Comment, site: Program) -> None:
    for _ in range(2):
        answer = site.post(address(comment, "rescan"), {})
        assert (answer.status_code, answer.json()["status"]) == (202, "pending")
    assert comment.history.filter(new="pending").count() == 1
    problem = assert_problem(site.post(address(comment, "rescan"), {"why": "x"}), 400, "invalid-request")
    assert problem["errors"][0]["pointer"] == "#/why"


def test_erasing_takes_the_words_and_leaves_the_numbers(
    comment: Comment, site: Program, boss: Program
) -> None:
    decision_record(comment=comment, action="remove", by=None)
    site.post(address(comment, "appeals"), {"message": "my own words"})
    for _ in range(2):
        assert boss.delete(address(comment)).status_code == 204
    shown = site.get(address(comment)).json()
    assert (shown["text"], shown["action"], shown["prediction"]["verdict"]) == ("", "remove", "toxic")
    assert shown["text_erased_at"] is not None
    assert site.get(address(comment, "appeals")).json()["items"][0]["message"] == ""
    assert AuditEntry.objects.filter(verb="comment.erase").count() == 1
    for answer in (
        site.change("patch", address(comment), {"text": "x"}),
        site.post(address(comment, "rescan"), {}),
        boss.post(address(comment, "decisions"), {"action": "approve"}),
    ):
        assert_problem(answer, 409, "not-allowed-now")


def test_an_erased_one_that_was_pending_is_not_scored(
    site: Program, boss: Program, active_version: ModelVersion
) -> None:
    made = site.post("/api/v1/comments/", {"text": "i hate you", "source": "test"}).json()
    comment = Comment.objects.get(pk=made["id"])
    assert boss.delete(address(comment)).status_code == 204
    scorer = FakeScorer()
    pending_classify(scorer=scorer, model_version=active_version, limit=10)
    comment.refresh_from_db()
    assert (comment.status, scorer.calls) == ("failed", [])


def test_erasing_takes_role_and_scope(comment: Comment, site: Program, boss: Program) -> None:
    assert_problem(site.delete(address(comment)), 403, "forbidden")
    small = program_of(boss.user, "submit", "read", "moderate")
    assert "admin" in assert_problem(small.delete(address(comment)), 403, "forbidden")["detail"]
    old = {"If-Match": '"of-yesterday"'}
    assert_problem(boss.delete(address(comment), **old), 412, "changed-meanwhile")
    comment.refresh_from_db()
    assert comment.text == "i hate you"
