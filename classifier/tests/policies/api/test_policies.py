"""Policies through the API: what is in force, saving the next version, and what it would change."""

from typing import Any

import pytest

from classifier.models import Comment, Policy, Source, SourceAccess, User
from classifier.tests.api.conftest import assert_problem
from classifier.tests.review.api.conftest import V1, Program

SITE = f"{V1}policies/site/"
OF_TEST = f"{V1}policies/of/test/"
BANDS = {"toxic": {"review": 0.5, "remove": 0.95}}


def test_a_source_follows_the_site_until_it_has_its_own(comment: Comment, boss: Program) -> None:
    before = boss.get(OF_TEST)
    assert (before.json()["own"], before.json()["version"], before.json()["source"]) == (False, 1, "test")
    read = {"If-Match": before.headers["ETag"]}
    saved = boss.change("put", OF_TEST, {"bands": BANDS, "automatic": ["approve"], "note": "ours"}, **read)
    assert saved.status_code == 200
    assert (saved.json()["own"], saved.json()["version"], saved.json()["created_by"]) == (True, 1, "boss")
    assert saved.json()["bands"]["toxic"] == BANDS["toxic"]
    listed = boss.get(f"{V1}policies/").json()["items"]
    assert [one["source"] for one in listed] == [None, "test"]


def test_two_editors_do_not_overwrite_each_other(boss: Program) -> None:
    read = {"If-Match": boss.get(SITE).headers["ETag"]}
    first = boss.change("put", SITE, {"bands": BANDS}, **read)
    assert (first.status_code, first.json()["version"]) == (200, 2)
    assert_problem(boss.change("put", SITE, {"bands": BANDS}, **read), 412, "changed-meanwhile")
    assert (
        boss.change("put", SITE, {"bands": BANDS}, **{"If-Match": first.headers["ETag"]}).status_code == 200
    )
    assert_problem(
        boss.change("put", SITE, {"bands": BANDS}, **{"If-Match": '"x"'}), 412, "changed-meanwhile"
    )
    assert Policy.objects.count() == 3


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "#/bands"),
        ({"bands": []}, "#/bands"),
        ({"bands": {"toxic": {"review": 2}}}, "#/bands"),
        ({"bands": {"toxic": {"review": 0.9, "remove": 0.1}}}, "#/bands"),
        ({"bands": BANDS, "automatic": ["ban"]}, "#/automatic"),
        ({"bands": BANDS, "automatic": "approve"}, "#/automatic"),
        ({"bands": BANDS, "fail_mode": "ajar"}, "#/fail_mode"),
        ({"bands": BANDS, "nudge_threshold": "0.5"}, "#/nudge_threshold"),
        ({"bands": BANDS, "nudge_threshold": 1.5}, "#/nudge_threshold"),
        ({"bands": BANDS, "reasons": [{"code": "a b", "title": "x"}]}, "#/reasons/0/code"),
        ({"bands": BANDS, "reason_required": True}, "#/reasons"),
        ({"bands": BANDS, "appeal_days": -1}, "#/appeal_days"),
        ({"bands": BANDS, "appeal_days": 1.5}, "#/appeal_days"),
        ({"bands": BANDS, "version": 7}, "#/version"),
    ],
)
def test_a_bad_policy_is_refused_with_its_place(boss: Program, body: dict[str, Any], pointer: str) -> None:
    problem = assert_problem(boss.change("put", SITE, body), 400, "invalid-request")
    assert problem["errors"][0]["pointer"].startswith(pointer)
    assert Policy.objects.count() == 1


def test_a_preview_counts_and_saves_nothing(comment: Comment, lead: Program) -> None:
    answer = lead.post(f"{SITE}preview/", {"bands": {"toxic": {"review": 0.2, "remove": 0.8}}})
    body = answer.json()
    assert answer.status_code == 200
    assert (body["looked_at"], body["changed"]) == (1, 1)
    assert body["moves"] == [{"before": "review", "after": "remove", "count": 1, "examples": [comment.pk]}]
    assert Policy.objects.count() == 1
    problem = assert_problem(lead.post(f"{SITE}preview/", {"bands": {"toxic": 5}}), 400, "invalid-request")
    assert problem["errors"][0]["pointer"].startswith("#/bands")


def test_leads_read_and_do_not_save(lead: Program, site: Program) -> None:
    assert lead.get(SITE).status_code == 200
    assert_problem(lead.change("put", SITE, {"bands": BANDS}), 403, "forbidden")
    assert_problem(site.get(SITE), 403, "forbidden")


def test_who_sees_one_source_finds_and_changes_that_policy_only(comment: Comment, boss: Program) -> None:
    shop = Source.objects.create(slug="shop", name="Shop")
    SourceAccess.objects.create(user=boss.user, source=shop)
    User.objects.filter(pk=boss.user.pk).update(all_sources=False)
    assert boss.get(f"{V1}policies/of/shop/").status_code == 200
    assert_problem(boss.get(OF_TEST), 404, "not-found")
    assert_problem(boss.change("put", SITE, {"bands": BANDS}), 403, "forbidden")
    assert boss.change("put", f"{V1}policies/of/shop/", {"bands": BANDS}).status_code == 200
