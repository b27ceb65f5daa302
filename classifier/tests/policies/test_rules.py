"""Rules are kept with an audit, switched on and off, and reach the judgement of the sources that they are for."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from classifier.core.validation import InvalidInput
from classifier.models import AuditEntry, ModelVersion, Rule, Source, User
from classifier.policies.judging import Scored, judge_scored
from classifier.policies.rules import (
    rule_create,
    rule_disable,
    rule_enable,
    rule_try_out,
    rule_update,
    rules_for,
    rules_try_out,
)

pytestmark = pytest.mark.django_db


def made(**fields: Any) -> Rule:
    return rule_create(**{"name": "Insult", "kind": "phrase", "pattern": "idiot", "by": None, **fields})


def test_a_new_rule_hits_in_its_source_alone() -> None:
    forum, blog = (Source.objects.create(slug=slug, name=slug) for slug in ("forum", "blog"))
    made(source=forum)
    made(name="Everywhere", pattern="moron")
    assert {hit.rule.name for hit in rules_for(forum.pk).hits("idiot moron")} == {"Insult", "Everywhere"}
    assert [hit.rule.name for hit in rules_for(blog.pk).hits("idiot moron")] == ["Everywhere"]
    assert [hit.rule.name for hit in rules_for(None).hits("idiot moron")] == ["Everywhere"]


def test_a_hit_is_the_reason_that_a_harmless_score_waits_for_a_person(active_version: ModelVersion) -> None:
    made(band="remove")
    scores = dict.fromkeys(active_version.labels, 0.0)
    (policy, judged), (_, calm) = judge_scored(
        [Scored(None, "you 1d10t", scores), Scored(None, "hello", scores)], active_version
    )
    assert policy.version == 1
    assert (judged.band, calm.band) == ("remove", "approve")
    assert judged.reasons[0]["spans"] == [{"begin": 4, "end": 9}]


def test_a_rule_that_is_off_hits_nothing_until_it_is_on_again() -> None:
    rule = made()
    assert not rule_disable(rule=rule, by=None).enabled
    assert rules_for(None).hits("idiot") == []
    rule_enable(rule=rule, by=None)
    assert rules_for(None).hits("idiot")


def test_the_audit_keeps_what_a_rule_was() -> None:
    rule = made()
    rule_update(rule=rule, pattern="moron", by=None)
    rule_update(rule=rule, pattern="moron", by=None)
    rule_disable(rule=rule, by=None)
    entries = list(AuditEntry.objects.order_by("id").values_list("verb", "data"))
    assert [verb for verb, _ in entries] == ["rule.create", "rule.update", "rule.disable"]
    assert entries[1][1]["pattern"] == ["idiot", "moron"]
    assert rules_for(None).hits("moron") == []


def test_a_pattern_that_cannot_be_used_is_not_saved() -> None:
    with pytest.raises(
        InvalidInput, match=r"^name: A name has 1 to 100 characters\.; pattern: This is not a regular"
    ) as caught:
        made(kind="regex", pattern="(a", name=" ")
    assert [problem.field for problem in caught.value.problems] == ["name", "pattern"]
    assert not Rule.objects.exists()


def test_a_broken_row_is_left_out_and_the_others_go_on(caplog: Any) -> None:
    Rule.objects.create(name="broken", kind="regex", pattern="(a")
    made()
    assert [hit.rule.name for hit in rules_for(None).hits("idiot")] == ["Insult"]
    assert "is left out" in caplog.text


def test_trying_out_stores_nothing(moderator: User, admin_person: User) -> None:
    hits = rule_try_out(kind="regex", pattern="moro+n", text="m0ron", by=admin_person)
    assert hits[0].spans == ((0, 5),)
    assert rules_try_out(text="idiot", by=admin_person) == []
    assert not Rule.objects.exists()
    with pytest.raises(PermissionDenied, match=r"lacks the permission classifier\.test_rule$"):
        rules_try_out(text="idiot", by=moderator)


def test_who_sees_some_sources_makes_no_rule_for_all(admin_person: User) -> None:
    User.objects.filter(pk=admin_person.pk).update(all_sources=False)
    admin_person.refresh_from_db()
    with pytest.raises(PermissionDenied, match="does not see every source"):
        made(by=admin_person)
    assert not Rule.objects.exists()


def test_a_new_rule_leaves_out_what_suits_its_pattern_and_keeps_what_it_is_told() -> None:
    assert made().leave_out == ["addresses", "ids", "set_phrases"]
    assert made(pattern="pond.example").leave_out == ["set_phrases"]
    rule = made(leave_out=["quotes"], exceptions=[" village idiot ", "", "village idiot"])
    assert (rule.leave_out, rule.exceptions) == (["quotes"], ["village idiot"])
    rule_update(rule=rule, ignore_accents=True, by=None)
    assert (rule.ignore_accents, rule.leave_out) == (True, ["quotes"])


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"leave_out": ["swearing"]}, "leave_out"),
        ({"exceptions": "idiot"}, "exceptions"),
        ({"exceptions": ["..."]}, "exceptions"),
        ({"band": "ban"}, "band"),
        ({"kind": "glob"}, "kind"),
    ],
)
def test_a_field_that_cannot_be_is_named(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput, match=r"^(leave_out|exceptions|band|kind): ") as caught:
        made(**fields)
    assert [problem.field for problem in caught.value.problems] == [field]


def test_rules_leave_out_quotes_and_code_by_the_format_of_the_text(active_version: ModelVersion) -> None:
    made(leave_out=["quotes", "code"])
    scores = dict.fromkeys(active_version.labels, 0.0)
    texts = [
        ("> you idiot\nNo.", ""),
        ("<p>see <code>idiot</code></p>", "html"),
        ("idiot `idiot`", "markdown"),
        ("> you idiot", ""),
    ]
    judged = judge_scored(
        [Scored(None, text, scores, text_format=kind) for text, kind in texts], active_version
    )
    assert [judgement.band for _, judgement in judged] == ["approve", "approve", "review", "review"]
    assert judged[2][1].reasons[0]["spans"] == [{"begin": 0, "end": 5}]


def test_an_exception_for_all_stops_other_rules_inside_it(active_version: ModelVersion) -> None:
    made()
    made(name="The novel", pattern="the idiot", band="exception")
    assert rules_for(None).hits("Dostoevsky wrote The Idiot") == []
    assert rules_for(None).hits("you idiot")
