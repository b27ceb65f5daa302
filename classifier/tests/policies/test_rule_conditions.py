"""Rules on author, newcomers, links, length, language and copies: all hold together; some let a text pass."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from classifier.comments.submission import comment_submit
from classifier.core.validation import InvalidInput
from classifier.inference.conditions import NO_FACTS, Facts, checked_conditions, host_of
from classifier.inference.phrases import PatternError
from classifier.inference.rules import Rule as EngineRule
from classifier.inference.rules import RuleSet
from classifier.models import Comment, ModelVersion, Rule, RuleShadowHit, Source, User
from classifier.policies.judging import Scored, judge_scored
from classifier.policies.rules import rule_create, rule_preview_recent
from classifier.review.decisions import decision_record
from classifier.scoring.classify_pending import pending_classify
from classifier.tests.builders import FakeScorer
from classifier.tests.policies.shadow.conftest import forum
from classifier.tests.review.api.conftest import V1, Program, boss, site

__all__ = ["boss", "forum", "site"]
pytestmark = pytest.mark.django_db


def hits(text: str, facts: Facts = NO_FACTS, **conditions: Any) -> bool:
    rule = EngineRule(1, "", "any", "", conditions=checked_conditions(conditions))
    return bool(RuleSet([rule]).hits(text, facts=facts))


@pytest.mark.parametrize(
    ("text", "conditions", "held"),
    [
        ("see https://a.example/x and www.b.example", {"links_from": 2}, True),
        ("see https://a.example/x twice https://a.example/x", {"links_from": 2}, False),
        ("write to kim@a.example", {"links_from": 1}, False),
        ("see https://Shop.Bad.example/x", {"link_hosts": ["bad.example"]}, True),
        ("see https://notbad.example/x", {"link_hosts": ["bad.example"]}, False),
        ("short", {"characters_to": 5}, True),
        ("longer", {"characters_to": 5}, False),
        ("longer", {"characters_from": 6, "characters_to": 6}, True),
        ("short", {"characters_from": 6}, False),
    ],
)
def test_what_the_text_says_itself(text: str, conditions: dict[str, Any], held: bool) -> None:
    assert hits(text, **conditions) == held


@pytest.mark.parametrize(
    ("facts", "conditions", "held"),
    [
        (Facts(author="kim"), {"authors": ["kim", "ann"]}, True),
        (Facts(), {"authors": ["kim"]}, False),
        (Facts(language="de-AT"), {"languages": ["DE"]}, True),
        (Facts(language="fr"), {"languages": ["de"]}, False),
        (Facts(copies=3), {"copies_from": 3}, True),
        (Facts(copies=2), {"copies_from": 3}, False),
        (Facts(approved=2), {"approved_below": 3}, True),
        (Facts(approved=3), {"approved_below": 3}, False),
        (Facts(), {"approved_below": 3}, False),
        (Facts(days=0.5), {"days_below": 1}, True),
        (Facts(), {"days_below": 1}, False),
        (Facts(author="kim", approved=0), {"authors": ["kim"], "approved_below": 3, "links_from": 1}, False),
    ],
)
def test_what_is_known_beside_the_text(facts: Facts, conditions: dict[str, Any], held: bool) -> None:
    assert hits("hello", facts, **conditions) == held


@pytest.mark.parametrize(
    ("conditions", "says"),
    [
        ({"colour": 1}, "colour is no condition"),
        ({"links_from": 0}, "links_from: This must be a whole number from 1"),
        ({"links_from": True}, "links_from"),
        ({"links_from": "two"}, "links_from"),
        ({"authors": "kim"}, "authors: This must be a list"),
        ({"link_hosts": ["a b"]}, "is no host"),
        ({"characters_from": 9, "characters_to": 2}, "characters_to"),
        ([], "object of conditions"),
    ],
)
def test_a_condition_that_cannot_be_is_refused_by_name(conditions: Any, says: str) -> None:
    with pytest.raises(PatternError, match=says):
        checked_conditions(conditions)


def test_hosts_are_read_from_what_people_write() -> None:
    assert [
        host_of(text) for text in ("https://WWW.a.example/x", "a.example", "//b.example:80/", "http://[::1")
    ] == [
        "a.example",
        "a.example",
        "b.example",
        "",
    ]
    assert checked_conditions({"link_hosts": ["https://www.A.example/page"], "authors": []}) == {
        "link_hosts": ["a.example"]
    }


def made(band: str = "review", **fields: Any) -> Rule:
    return rule_create(**{"name": "Rule", "kind": "any", "pattern": "", "band": band, "by": None, **fields})


def classified(version: ModelVersion, source: Source, *texts: str, author: str = "") -> list[Comment]:
    comments = [comment_submit(text=text, source=source, author_ref=author) for text in texts]
    pending_classify(scorer=FakeScorer(), model_version=version, limit=100)
    for comment in comments:
        comment.refresh_from_db()
    return comments


def test_links_of_newcomers_wait_until_enough_of_theirs_is_approved(
    forum: Source, active_version: ModelVersion
) -> None:
    made(conditions={"approved_below": 2, "links_from": 1})
    link = "look at https://a.example/"
    first, plain = classified(active_version, forum, link, "hello there", author="kim")
    assert (first.band, plain.band) == ("review", "approve")
    assert first.queue_reasons[0] == {
        "kind": "rule",
        "band": "review",
        "rule": 1,
        "name": "Rule",
        "spans": [],
    } | {"rule": first.queue_reasons[0]["rule"]}
    decision_record(comment=first, action="approve", by=None)
    (later,) = classified(active_version, forum, link + "b", author="kim")
    (stranger,) = classified(active_version, forum, link + "c", author="eve")
    (nobody,) = classified(active_version, forum, link + "d")
    assert (later.band, stranger.band, nobody.band) == ("approve", "review", "approve")


def test_the_first_days_of_an_author_end(forum: Source, active_version: ModelVersion) -> None:
    made(conditions={"days_below": 3})
    (first,) = classified(active_version, forum, "hello", author="kim")
    Comment.objects.filter(pk=first.pk).update(created_at=timezone.now() - timedelta(days=4))
    (later,) = classified(active_version, forum, "hello again", author="kim")
    assert (first.band, later.band) == ("review", "approve")


def test_the_same_text_over_and_over_waits(forum: Source, active_version: ModelVersion) -> None:
    made(conditions={"copies_from": 3})
    other = Source.objects.create(slug="other", name="Other")
    before = classified(active_version, forum, "Buy now!", "buy NOW!")
    elsewhere = classified(active_version, other, "buy now!")
    after = classified(active_version, forum, "buy now!", "something else")
    assert [comment.band for comment in before + elsewhere + after] == [
        "approve",
        "approve",
        "approve",
        "review",
        "approve",
    ]


def test_a_rule_lets_pass_what_would_be_reviewed_and_nothing_that_would_be_removed(
    forum: Source, active_version: ModelVersion
) -> None:
    made("approve", name="Trusted", conditions={"authors": ["kim"]})
    rule_create(name="Spam", kind="phrase", pattern="cheap pills", band="remove", by=None)
    rule_create(name="Clods", kind="phrase", pattern="clod", by=None)
    hate, clod, spam = classified(
        active_version, forum, "i hate rain", "what a clod", "cheap pills", author="kim"
    )
    assert [comment.band for comment in (hate, clod, spam)] == ["approve", "approve", "remove"]
    assert hate.risk is not None
    assert hate.risk < 0.5
    (other,) = classified(active_version, forum, "i hate snow", author="eve")
    assert other.band == "review"


def test_conditions_cost_two_queries_a_batch_and_none_without_them(
    forum: Source, active_version: ModelVersion
) -> None:
    def queries() -> int:
        for n in range(20):
            comment_submit(text=f"hello {n}", source=forum, author_ref=f"author-{n}")
        with CaptureQueriesContext(connection) as captured:
            pending_classify(scorer=FakeScorer(), model_version=active_version, limit=100)
        return len(captured)

    queries()
    before = queries()
    made(conditions={"approved_below": 2, "copies_from": 30})
    queries()
    assert queries() - before <= 2


def test_a_text_that_is_only_scored_has_no_author(active_version: ModelVersion) -> None:
    made(conditions={"approved_below": 2})
    made(conditions={"characters_to": 3}, name="Short")
    scores = dict.fromkeys(active_version.labels, 0.0)
    judged = judge_scored([Scored(None, "hello", scores), Scored(None, "no", scores)], active_version)
    assert [judgement.band for _, judgement in judged] == ["approve", "review"]


def test_shadow_mode_and_preview_know_conditions(
    forum: Source, active_version: ModelVersion, admin_person: User, django_capture_on_commit_callbacks: Any
) -> None:
    made("approve", state="shadow", conditions={"authors": ["kim"]})
    with django_capture_on_commit_callbacks(execute=True):
        classified(active_version, forum, "i hate rain", author="kim")
        classified(active_version, forum, "i hate snow", author="eve")
    hit = RuleShadowHit.objects.get()
    assert (hit.before, hit.after) == ("review", "approve")
    preview = rule_preview_recent(kind="any", pattern="", conditions={"authors": ["eve"]}, by=admin_person)
    assert (preview.looked_at, preview.matched, len(preview.examples)) == (2, 1, 1)


@pytest.mark.parametrize(
    "fields",
    [
        {"conditions": {}},
        {"conditions": {"links_from": 0}},
        {"conditions": {"links_from": 1}, "band": "exception"},
    ],
)
def test_a_rule_for_any_text_needs_a_condition_and_is_no_exception(fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match=r"^conditions: ") as caught:
        made(**fields)
    assert {problem.field for problem in caught.value.problems} == {"conditions"}


def test_the_page_and_the_api_take_conditions(boss: Program, admin_person: User, forum: Source) -> None:
    client = Client()
    client.force_login(admin_person)
    data = {"act": "save", "name": "Links", "kind": "any", "band": "review", "state": "on"}
    answer = client.post("/rules/new/", data)
    assert (answer.status_code, "needs a condition" in answer.content.decode()) == (422, True)
    wrong = client.post("/rules/new/", {**data, "condition_links_from": "two"})
    assert "links_from: This must be a whole number" in wrong.content.decode()
    given = {"condition_links_from": "2", "condition_link_hosts": "a.example, b.example"}
    assert client.post("/rules/new/", {**data, **given}).status_code == 302
    rule = Rule.objects.get()
    assert rule.conditions == {"link_hosts": ["a.example", "b.example"], "links_from": 2}
    assert 'value="a.example, b.example"' in client.get(f"/rules/{rule.pk}/").content.decode()
    body = {"name": "Kim", "kind": "any", "band": "approve", "conditions": {"authors": ["kim"]}}
    assert boss.post(f"{V1}rules/", body).json()["conditions"] == {"authors": ["kim"]}
    refused = boss.post(f"{V1}rules/", {**body, "conditions": {"colour": 1}})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, "#/conditions")
