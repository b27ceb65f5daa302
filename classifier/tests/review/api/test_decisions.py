"""Deciding through the API: what is recorded, what is refused, and that nothing is done twice."""

from typing import Any

import pytest

from classifier.models import Comment, Decision, ModelVersion
from classifier.tests.api.conftest import assert_problem
from classifier.tests.review.api.conftest import V1, Program, address, program_of


def test_a_decision_carries_who_and_under_which_policy_and_version(
    comment: Comment, site: Program, active_version: ModelVersion
) -> None:
    said = {"action": "remove", "reason": "insult", "marks": [{"begin": 2, "end": 6}], "note": "rude"}
    answer = site.post(address(comment, "decisions"), said)
    body = answer.json()
    assert answer.status_code == 201
    assert {name: body[name] for name in ("action", "reason", "note", "by", "automatic", "marks")} == {
        "action": "remove",
        "reason": "insult",
        "note": "rude",
        "by": "site",
        "automatic": False,
        "marks": [{"begin": 2, "end": 6}],
    }
    assert body["policy"]["version"] == 1
    assert body["model_version"] == active_version.version
    assert site.get(address(comment)).json()["action"] == "remove"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "#/action"),
        ({"action": "ban"}, "#/action"),
        ({"action": 5}, "#/action"),
        ({"action": "undo"}, "#/action"),
        ({"action": "remove", "reason": "nonsense"}, "#/reason"),
        ({"action": "approve", "labels": {"nonsense": True}}, "#/labels"),
        ({"action": "approve", "labels": {"toxic": 1}}, "#/labels/toxic"),
        ({"action": "approve", "labels": []}, "#/labels"),
        ({"action": "approve", "marks": [{"begin": 0}]}, "#/marks/0/end"),
        ({"action": "approve", "marks": [{"begin": 0, "end": 99}]}, "#/marks"),
        ({"action": "approve", "marks": "x"}, "#/marks"),
        ({"action": "approve", "note": "x" * 2_001}, "#/note"),
        ({"action": "approve", "note": "a\x00"}, "#/note"),
        ({"action": "approve", "seen_decision": "1"}, "#/seen_decision"),
        ({"action": "approve", "who": "me"}, "#/who"),
        ([], "#"),
    ],
)
def test_a_bad_decision_is_refused_with_its_place(
    comment: Comment, site: Program, body: Any, pointer: str
) -> None:
    problem = assert_problem(site.post(address(comment, "decisions"), body), 400, "invalid-request")
    assert problem["errors"][0]["pointer"].startswith(pointer)
    assert not Decision.objects.exists()


def test_somebody_else_was_quicker(comment: Comment, site: Program, lead: Program) -> None:
    first = lead.post(address(comment, "decisions"), {"action": "approve"}).json()
    late = {"action": "remove"}
    assert (
        "lead"
        in assert_problem(site.post(address(comment, "decisions"), late), 409, "not-allowed-now")["detail"]
    )
    knowing = {**late, "seen_decision": first["id"]}
    assert site.post(address(comment, "decisions"), knowing).status_code == 201


def test_a_version_that_was_read_earlier_is_refused(comment: Comment, site: Program) -> None:
    read = site.get(address(comment)).headers["ETag"]
    assert site.change("patch", address(comment), {"text": "i hate them"}).status_code == 202
    answer = site.post(address(comment, "decisions"), {"action": "approve"}, **{"If-Match": read})
    assert_problem(answer, 412, "changed-meanwhile")
    assert not Decision.objects.exists()


def test_the_same_key_decides_once(comment: Comment, site: Program) -> None:
    key = {"Idempotency-Key": "a1"}
    answers = [site.post(address(comment, "decisions"), {"action": "approve"}, **key) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert "Idempotency-Replayed" not in answers[0].headers
    assert answers[1].headers["Idempotency-Replayed"] == "true"
    assert Decision.objects.count() == 1


def test_a_key_is_not_for_two_requests(comment: Comment, site: Program) -> None:
    key = {"Idempotency-Key": "a1"}
    site.post(address(comment, "decisions"), {"action": "approve"}, **key)
    answer = site.post(address(comment, "decisions"), {"action": "skip"}, **key)
    assert_problem(answer, 422, "idempotency-key-reused")
    assert Decision.objects.count() == 1


def test_a_refused_request_leaves_its_key_free(comment: Comment, site: Program) -> None:
    key = {"Idempotency-Key": "a1"}
    assert (
        site.post(address(comment, "decisions"), {"action": "remove", "reason": "x"}, **key).status_code
        == 400
    )
    assert site.post(address(comment, "decisions"), {"action": "remove"}, **key).status_code == 201


def test_keys_are_one_persons_own(comment: Comment, site: Program, lead: Program) -> None:
    key = {"Idempotency-Key": "a1"}
    site.post(address(comment, "decisions"), {"action": "escalate"}, **key)
    assert lead.post(address(comment, "decisions"), {"action": "approve"}, **key).status_code == 201


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "ä"])
def test_a_strange_key_is_named(comment: Comment, site: Program, key: str) -> None:
    answer = site.post(address(comment, "decisions"), {"action": "approve"}, **{"Idempotency-Key": key})
    problem = assert_problem(answer, 400, "invalid-request")
    assert problem["errors"][0]["header"] == "Idempotency-Key"


@pytest.mark.parametrize("tag", ["x", '"a", "b"', ""])
def test_a_strange_tag_is_named(comment: Comment, site: Program, tag: str) -> None:
    answer = site.post(address(comment, "decisions"), {"action": "approve"}, **{"If-Match": tag})
    problem = assert_problem(answer, 400, "invalid-request")
    assert problem["errors"][0]["header"] == "If-Match"


def test_a_weak_tag_never_matches(comment: Comment, site: Program) -> None:
    weak = "W/" + site.get(address(comment)).headers["ETag"]
    answer = site.post(address(comment, "decisions"), {"action": "approve"}, **{"If-Match": weak})
    assert_problem(answer, 412, "changed-meanwhile")


def test_undoing_is_a_decision_of_its_own(comment: Comment, site: Program) -> None:
    first = site.post(address(comment, "decisions"), {"action": "approve"}).json()
    undo = f"{V1}decisions/{first['id']}/undo/"
    answer = site.post(undo, {"note": "wrong button"})
    assert answer.status_code == 201
    assert (answer.json()["action"], answer.json()["undoes"]) == ("undo", first["id"])
    assert_problem(site.post(undo, {}), 409, "not-allowed-now")
    listed = site.get(address(comment, "decisions")).json()["items"]
    assert [one["action"] for one in listed] == ["undo", "approve"]
    assert listed[1]["undone_by"] == listed[0]["id"]


def test_the_list_is_narrowed_and_goes_on_by_cursor(comment: Comment, site: Program, lead: Program) -> None:
    for action in ("skip", "escalate"):
        site.post(address(comment, "decisions"), {"action": action})
    lead.post(address(comment, "decisions"), {"action": "approve"})
    page = site.get(f"{V1}decisions/", limit=2).json()
    assert [one["action"] for one in page["items"]] == ["approve", "escalate"]
    assert [one["action"] for one in site.get(page["next"]).json()["items"]] == ["skip"]
    for query, wanted in (
        ({"by": "lead"}, ["approve"]),
        ({"action": "skip"}, ["skip"]),
        ({"automatic": "true"}, []),
        ({"automatic": "false", "source": "test"}, ["approve", "escalate", "skip"]),
        ({"comment": comment.pk, "created_before": "2020-01-01"}, []),
    ):
        got = [one["action"] for one in site.get(f"{V1}decisions/", **query).json()["items"]]
        assert got == wanted, query


@pytest.mark.parametrize(
    "query",
    [
        {"automatic": "yes"},
        {"action": "ban"},
        {"limit": "0"},
        {"cursor": "x"},
        {"comment": "x"},
        {"who": "x"},
    ],
)
def test_a_bad_query_is_refused_with_its_parameter(site: Program, query: dict[str, str]) -> None:
    problem = assert_problem(site.get(f"{V1}decisions/", **query), 400, "invalid-request")
    assert problem["errors"][0]["parameter"] == next(iter(query))


def test_it_takes_the_scope_to_moderate(comment: Comment, site: Program) -> None:
    reader = program_of(site.user, "submit", "read")
    answer = reader.post(address(comment, "decisions"), {"action": "approve"})
    assert "moderate" in assert_problem(answer, 403, "forbidden")["detail"]
    assert reader.get(address(comment, "decisions")).status_code == 200


def test_reports_are_marked_harmless_with_a_decision_or_alone(site: Program, comment: Comment) -> None:
    decided = site.post(address(comment, "decisions"), {"action": "approve", "reports_harmless": True})
    assert decided.status_code == 201
    assert site.post(address(comment, "reports"), {"reporter_ref": "reader-1"}).status_code == 201
    comment.refresh_from_db()
    assert (comment.queued_at, comment.report_count, comment.reports_harmless) == (None, 1, True)
    counted = site.post(address(comment, "reports", "harmless"), {"harmless": False})
    assert (counted.status_code, counted.json()["harmless"]) == (200, False)
    assert site.post(address(comment, "reports"), {"reporter_ref": "reader-2"}).status_code == 201
    assert site.post(address(comment, "decisions"), {"action": "remove"}).status_code == 201
    assert site.post(address(comment, "reports", "harmless"), {}).status_code == 400
