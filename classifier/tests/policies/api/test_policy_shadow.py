"""A draft in shadow mode through the API: setting, reading, its report, putting it in force, stopping."""

from typing import Any

import pytest

from classifier.models import Comment, Policy, Prediction, ShadowJudgement, ShadowPolicy
from classifier.policies.services import policy_save
from classifier.tests.api.conftest import assert_problem
from classifier.tests.review.api.conftest import V1, Program

POLICY = f"{V1}policies/of/test/"
SHADOW = f"{POLICY}shadow/"
SITE = f"{V1}policies/site/shadow/"
DRAFT = {"bands": {"toxic": {"review": 0.2, "remove": 0.8}}, "automatic": ["remove"], "note": "Stricter"}


def test_a_draft_is_set_read_replaced_and_stopped(comment: Comment, boss: Program, lead: Program) -> None:
    assert_problem(lead.get(SHADOW), 404, "not-found")
    first = boss.change("put", SHADOW, DRAFT).json()
    assert (first["status"], first["source"], first["created_by"]) == ("running", "test", "boss")
    assert (first["bands"], first["note"], first["ended_at"]) == (DRAFT["bands"], "Stricter", None)
    assert boss.change("put", SHADOW, DRAFT).json()["id"] == first["id"]
    second = boss.change("put", SHADOW, {"bands": {"toxic": {"review": 0.3}}}).json()
    assert ShadowPolicy.objects.get(pk=first["id"]).status == "replaced"
    assert lead.get(SHADOW).json() == second
    assert boss.change("delete", SHADOW, None).status_code == 204
    assert lead.get(SHADOW).json()["status"] == "stopped"
    assert_problem(boss.change("delete", SHADOW, None), 409, "not-allowed-now")
    assert Policy.objects.filter(source__isnull=False).count() == 0


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "#/bands"),
        ({"bands": {}}, "#/bands"),
        ({"bands": {"toxic": {"review": 0.9, "remove": 0.1}}}, "#/bands/toxic/remove"),
        ({"bands": {"*": {"review": "model"}}}, "#/bands"),
        ({**DRAFT, "automatic": ["review"]}, "#/automatic"),
        ({**DRAFT, "note": "x" * 501}, "#/note"),
        ({**DRAFT, "fail_mode": "open"}, "#/fail_mode"),
    ],
)
def test_a_bad_draft_is_refused_with_its_place(boss: Program, body: dict[str, Any], pointer: str) -> None:
    problem = assert_problem(boss.change("put", SITE, body), 400, "invalid-request")
    assert problem["errors"][0]["pointer"] == pointer
    assert ShadowPolicy.objects.count() == 0


def test_the_report_counts_days_changes_and_decisions(comment: Comment, boss: Program, lead: Program) -> None:
    draft = boss.change("put", SHADOW, DRAFT).json()
    ShadowJudgement.objects.create(
        shadow_policy_id=draft["id"],
        prediction=Prediction.objects.get(comment=comment),
        before="review",
        after="remove",
        automatic=False,
        changed=True,
    )
    report = lead.get(f"{SHADOW}report/").json()
    assert (report["draft"], report["days"]) == (draft, 7)
    assert (report["judged"], report["changed"]) == (1, 1)
    assert (report["before"]["review"], report["after"]["remove"]) == (1, 1)
    assert (report["waiting_before"], report["waiting_after"]) == (1, 0)
    assert [(day["judged"], day["stricter"]) for day in report["by_day"]] == [(1, 1)]
    assert report["changes"] == [
        {
            "before": "review",
            "after": "remove",
            "count": 1,
            "removed": 0,
            "approved": 0,
            "examples": [comment.pk],
        }
    ]
    assert (report["decisions"]["looked_at"], report["decisions"]["decided"]) == (1, 0)
    assert lead.get(f"{SHADOW}report/?days=30&draft={draft['id']}").status_code == 200
    assert_problem(lead.get(f"{SHADOW}report/?draft={draft['id'] + 1}"), 404, "not-found")
    assert_problem(lead.get(f"{SHADOW}report/?days=0"), 400, "invalid-request")


def test_a_draft_is_put_in_force_once_and_never_over_a_newer_version(comment: Comment, boss: Program) -> None:
    boss.change("put", SHADOW, DRAFT)
    read = {"If-Match": boss.get(POLICY).headers["ETag"]}
    policy_save(source=comment.source, bands={"toxic": {"review": 0.6}}, by=None)
    address = f"{SHADOW}put-in-force/"
    assert_problem(boss.post(address, {}, **read), 412, "changed-meanwhile")
    answer = boss.post(address, {"note": "Tried for a week."})
    assert answer.status_code == 200
    assert (answer.json()["version"], answer.json()["bands"]) == (2, DRAFT["bands"])
    assert answer.json()["note"] == "Tried for a week."
    assert answer.headers["ETag"] == boss.get(POLICY).headers["ETag"]
    assert boss.get(SHADOW).json()["policy_version"] == 2
    assert_problem(boss.post(address, {}), 409, "not-allowed-now")


def test_leads_read_and_change_nothing(comment: Comment, lead: Program, site: Program, boss: Program) -> None:
    boss.change("put", SHADOW, DRAFT)
    assert lead.get(SHADOW).status_code == 200
    assert_problem(lead.change("put", SHADOW, DRAFT), 403, "forbidden")
    assert_problem(lead.change("delete", SHADOW, None), 403, "forbidden")
    assert_problem(lead.post(f"{SHADOW}put-in-force/", {}), 403, "forbidden")
    assert_problem(site.get(SHADOW), 403, "forbidden")
