"""An author's appeal and readers' reports through the API, from the site's call to the answer."""

from typing import Any

import pytest

from classifier.models import Appeal, Comment, Report
from classifier.review.decisions import decision_record
from classifier.tests.api.conftest import assert_problem
from classifier.tests.review.api.conftest import V1, Program, address, program_of


@pytest.fixture
def removed(comment: Comment) -> Comment:
    decision_record(comment=comment, action="remove", reason="insult", by=None)
    return comment


def test_an_appeal_goes_from_the_site_to_an_answer(removed: Comment, site: Program, lead: Program) -> None:
    opened = site.post(address(removed, "appeals"), {"message": "It was a quote."})
    assert opened.status_code == 201
    appeal = opened.json()
    assert (appeal["status"], appeal["message"], appeal["resolved_by"]) == ("open", "It was a quote.", None)
    assert [one["id"] for one in lead.get(f"{V1}appeals/", status="open").json()["items"]] == [appeal["id"]]
    answer = lead.post(
        f"{V1}appeals/{appeal['id']}/resolve/", {"outcome": "overturn", "answer": "You are right."}
    )
    assert answer.status_code == 200
    seen = site.get(address(removed, "appeals")).json()["items"]
    assert seen == [answer.json()]
    assert (seen[0]["status"], seen[0]["answer"], seen[0]["resolved_by"]) == (
        "overturned",
        "You are right.",
        "lead",
    )
    assert site.get(address(removed)).json()["action"] == "publish"


def test_sent_again_under_its_key_it_is_opened_once(removed: Comment, site: Program) -> None:
    key = {"Idempotency-Key": "appeal-1"}
    first, again = (site.post(address(removed, "appeals"), {"message": "No."}, **key) for _ in range(2))
    assert first.json() == again.json()
    assert_problem(site.post(address(removed, "appeals"), {"message": "No."}), 409, "not-allowed-now")
    assert Appeal.objects.count() == 1


def test_answered_again_under_its_key_it_is_decided_once(
    removed: Comment, site: Program, lead: Program
) -> None:
    appeal = site.post(address(removed, "appeals"), {}).json()
    key = {"Idempotency-Key": "answer-1"}
    place = f"{V1}appeals/{appeal['id']}/resolve/"
    first, again = (lead.post(place, {"outcome": "uphold"}, **key) for _ in range(2))
    assert first.json() == again.json()
    assert removed.decisions.count() == 2


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"message": "x" * 2_001}, "#/message"),
        ({"message": 5}, "#/message"),
        ({"message": "\ud800"}, "#/message"),
        ({"author_ref": "somebody else"}, "#/author_ref"),
        ({"decision": 0}, "#/decision"),
        ({"reason": "x"}, "#/reason"),
    ],
)
def test_a_bad_appeal_is_refused_with_its_place(
    removed: Comment, site: Program, body: dict[str, Any], pointer: str
) -> None:
    problem = assert_problem(site.post(address(removed, "appeals"), body), 400, "invalid-request")
    assert problem["errors"][0]["pointer"] == pointer
    assert not Appeal.objects.exists()


def test_a_bad_answer_is_refused_with_its_place(removed: Comment, site: Program, lead: Program) -> None:
    appeal = site.post(address(removed, "appeals"), {}).json()
    place = f"{V1}appeals/{appeal['id']}/resolve/"
    for body, pointer in (
        ({}, "#/outcome"),
        ({"outcome": "maybe"}, "#/outcome"),
        ({"outcome": "uphold", "answer": "x" * 2_001}, "#/answer"),
        ({"outcome": "uphold", "reason": "nonsense"}, "#/reason"),
    ):
        problem = assert_problem(lead.post(place, body), 400, "invalid-request")
        assert problem["errors"][0]["pointer"] == pointer
    assert lead.get(f"{V1}appeals/", status="open").json()["items"]


def test_who_removed_it_is_told_that_others_answer(comment: Comment, site: Program, lead: Program) -> None:
    decision_record(comment=comment, action="remove", by=lead.user)
    appeal = site.post(address(comment, "appeals"), {}).json()
    answer = lead.post(f"{V1}appeals/{appeal['id']}/resolve/", {"outcome": "uphold"})
    assert "own decision" in assert_problem(answer, 403, "forbidden")["detail"]


def test_the_author_of_another_site_cannot_appeal(removed: Comment, lead: Program) -> None:
    assert_problem(lead.post(address(removed, "appeals"), {}), 403, "forbidden")


def test_nothing_removed_nothing_to_appeal(comment: Comment, site: Program) -> None:
    assert_problem(site.post(address(comment, "appeals"), {}), 409, "not-allowed-now")


def test_a_reporter_counts_once(comment: Comment, site: Program) -> None:
    said = {"reporter_ref": "user-9", "reason": "He insults me."}
    first, again = (site.post(address(comment, "reports"), said) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    nameless = site.post(address(comment, "reports"), {})
    assert nameless.status_code == 201
    comment.refresh_from_db()
    assert comment.report_count == Report.objects.count() == 2
    assert [one["reporter_ref"] for one in site.get(address(comment, "reports")).json()["items"]] == [
        "",
        "user-9",
    ]
    assert len(site.get(f"{V1}reports/", source="test").json()["items"]) == 2
    assert site.get(f"{V1}reports/", source="shop").json()["items"] == []


def test_a_report_without_a_name_is_counted_once_under_its_key(comment: Comment, site: Program) -> None:
    key = {"Idempotency-Key": "report-1"}
    for _ in range(2):
        assert site.post(address(comment, "reports"), {"reason": "rude"}, **key).status_code == 201
    assert Report.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"reason": "x" * 501}, "#/reason"),
        ({"reporter_ref": "x" * 201}, "#/reporter_ref"),
        ({"reporter_ref": None}, "#/reporter_ref"),
        ({"text": "x"}, "#/text"),
    ],
)
def test_a_bad_report_is_refused_with_its_place(
    comment: Comment, site: Program, body: dict[str, Any], pointer: str
) -> None:
    problem = assert_problem(site.post(address(comment, "reports"), body), 400, "invalid-request")
    assert problem["errors"][0]["pointer"] == pointer
    assert not Report.objects.exists()


def test_a_sites_key_reports_and_appeals_and_does_not_moderate(removed: Comment, site: Program) -> None:
    small = program_of(site.user, "submit", "read")
    assert small.post(address(removed, "reports"), {}).status_code == 201
    assert small.post(address(removed, "appeals"), {}).status_code == 201
    for path in (address(removed, "reports"), f"{V1}appeals/", f"{V1}decisions/", f"{V1}queue/"):
        assert_problem(small.get(path), 403, "forbidden")
