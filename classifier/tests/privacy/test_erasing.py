"""Retention and erasure take words and names, never numbers or decisions."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.utils import timezone

from classifier.comments.submission import comment_retry, comment_submit
from classifier.core.audit import author_pseudonym
from classifier.inference.conditions import Facts
from classifier.models import (
    Appeal,
    AuditEntry,
    Comment,
    Decision,
    GoldenItem,
    ModelVersion,
    Report,
    Rule,
    Source,
    SourceAccess,
    User,
)
from classifier.policies.active_policies import rules_for
from classifier.policies.rules import rule_create, rule_update
from classifier.privacy.selectors import author_count, retention_count
from classifier.privacy.services import author_erase, retention_run, retention_turn
from classifier.privacy.subject_export import author_export
from classifier.scoring.score_texts import TextProblem, comment_explain
from classifier.tests.builders import classified_comment
from toxicsite.lib.lifecycle import IllegalTransition

pytestmark = pytest.mark.django_db
WORDS = "i hate badgers"


def old(version: ModelVersion, text: str = WORDS, days: int = 40) -> Comment:
    comment = classified_comment(version, text)
    Comment.objects.filter(pk=comment.pk).update(
        created_at=timezone.now() - timedelta(days=days), text_hash=7, sketch=[1, 2], queued_at=timezone.now()
    )
    comment.refresh_from_db()
    type(comment.source).objects.filter(pk=comment.source_id).update(retention_days=30)
    comment.source.refresh_from_db()
    return comment


def decided(comment: Comment, by: User | None = None) -> Decision:
    return Decision.objects.create(comment=comment, action="remove", by=by, note="clear")


def test_retention_takes_the_text_and_keeps_verdict_and_decision(active_version: ModelVersion) -> None:
    comment = old(active_version)
    decided(comment)
    assert retention_count(source=comment.source).due == 1
    assert retention_run(source=comment.source, by=None) == 1
    comment.refresh_from_db()
    assert (comment.text, comment.text_hash, comment.sketch, comment.queued_at) == ("", None, None, None)
    assert comment.text_purged_at is not None
    assert comment.status == "classified"
    assert comment.current_prediction is not None
    assert comment.decisions.count() == 1
    entry = AuditEntry.objects.get(verb="privacy.retention")
    assert (entry.count, entry.source, entry.actor) == (1, comment.source, None)
    assert retention_run(source=comment.source, by=None) == 0


def test_retention_spares_what_is_young_appealed_golden_or_unscored(active_version: ModelVersion) -> None:
    appealed = old(active_version, "hate one")
    Comment.objects.filter(pk=appealed.pk).update(has_open_appeal=True)
    golden = old(active_version, "hate two")
    GoldenItem.objects.create(comment=golden, expected="remove")
    young = classified_comment(active_version, "hate three")
    pending = comment_submit(text="hate four", source="test")
    Comment.objects.filter(pk=pending.pk).update(created_at=timezone.now() - timedelta(days=90))
    count = retention_count(source=appealed.source)
    assert (count.due, count.spared) == (0, 3)
    assert retention_turn(seconds=5) is False
    assert set(Comment.objects.exclude(text="")) == {appealed, golden, young, pending}


def test_a_purged_text_is_neither_explained_nor_scored_again(active_version: ModelVersion) -> None:
    comment = old(active_version)
    retention_run(source=comment.source, by=None)
    comment.refresh_from_db()
    said = comment_explain(comment=comment, deadline=1)
    assert isinstance(said, TextProblem)
    assert "purged" in said.message
    with pytest.raises(IllegalTransition, match=r"^the text of comment \d+ was purged$"):
        comment_retry(comment=comment, by=None)


def test_an_erased_author_leaves_decisions_without_words_and_name(active_version: ModelVersion) -> None:
    comment = classified_comment(active_version)
    Comment.objects.filter(pk=comment.pk).update(author_ref="ada@example.org", external_id="post-1")
    decision = decided(comment)
    appeal = Appeal.objects.create(comment=comment, decision=decision, message="I, Ada, object")
    Comment.objects.filter(pk=comment.pk).update(has_open_appeal=True)
    other = classified_comment(active_version, "somebody else")
    waiting = comment_submit(text="not scored", source="test", author_ref="ada@example.org")
    report = Report.objects.create(comment=other, reporter_ref="ada@example.org", reason="Ada says: bad")
    held = author_erase(author="ada@example.org", source=None, by=None)
    assert (held.comments, held.pending, held.open_appeals, held.reports) == (2, 1, 1, 1)
    for row in (comment, waiting, appeal, report, other):
        row.refresh_from_db()
    assert (comment.text, comment.author_ref, comment.external_id) == ("", "", None)
    assert (appeal.message, appeal.status, comment.has_open_appeal) == ("", "upheld", False)
    assert (waiting.status, waiting.text) == ("failed", "")
    assert (report.reporter_ref, report.reason) == ("", "")
    assert other.text == "somebody else"
    assert comment.decisions.get() == decision
    entry = AuditEntry.objects.get(verb="author.erase")
    assert "ada@" not in f"{entry.subject}{entry.data}".lower()
    assert author_count(user=None, author="ada@example.org", source=None).comments == 0


def test_an_erased_author_is_no_longer_named_by_rules_nor_by_their_history(
    active_version: ModelVersion,
) -> None:
    forum = Source.objects.create(slug="forum", name="Forum")

    def rule(name: str, source: Source | None, *authors: str) -> Rule:
        return rule_create(
            name=name, kind="any", pattern="", source=source, conditions={"authors": authors}, by=None
        )

    everywhere = rule("everywhere", None, "ada@example.org", "ben")
    of_forum = rule("of the forum", forum, "ada@example.org")
    rule_update(rule=of_forum, conditions={"authors": ["ada@example.org"], "links_from": 1}, by=None)
    comment = classified_comment(active_version)
    Comment.objects.filter(pk=comment.pk).update(author_ref="ada@example.org")
    assert comment.source != forum
    assert author_count(user=None, author="ada@example.org", source=forum).rules == 1
    exported = json.loads("".join(author_export(author="ada@example.org", source=None, by=None)))
    assert [row["name"] for row in exported["rules_about_them"]] == ["everywhere", "of the forum"]

    author_erase(author="ada@example.org", source=forum, by=None)
    for row in (everywhere, of_forum):
        row.refresh_from_db()
    pseudonym = author_pseudonym("ada@example.org")
    assert of_forum.conditions == {"authors": [pseudonym], "links_from": 1}
    assert everywhere.conditions["authors"] == ["ada@example.org", "ben"]  # a comment elsewhere is by them

    author_erase(author="ada@example.org", source=None, by=None)
    everywhere.refresh_from_db()
    assert everywhere.conditions["authors"] == [pseudonym, "ben"]
    assert rules_for(forum.pk).hits("https://a.example", facts=Facts(author="ada@example.org")) == []
    assert [hit.rule.name for hit in rules_for(forum.pk).hits("x", facts=Facts(author="ben"))] == [
        "everywhere"
    ]
    assert not any("ada@" in str(entry.data) for entry in AuditEntry.objects.all())


def test_after_an_erasure_reports_are_append_only_again(active_version: ModelVersion) -> None:
    other = classified_comment(active_version, "somebody else")
    Report.objects.create(comment=other, reporter_ref="ada", reason="bad")
    author_erase(author="ada", source=None, by=None)
    with connection.cursor() as cursor, pytest.raises(Exception, match="append-only"):
        cursor.execute("UPDATE classifier_report SET reason = 'x'")


def test_an_authors_export_holds_everything_and_no_moderators_name(
    active_version: ModelVersion, moderator: User
) -> None:
    comment = classified_comment(active_version)
    Comment.objects.filter(pk=comment.pk).update(author_ref="ada", text_format="html")
    decided(comment, by=moderator)
    text = "".join(author_export(author="ada", source=None, by=None))
    found: dict[str, Any] = json.loads(text)
    [shown] = found["comments"]
    assert (shown["text"], shown["decisions"][0]["action"]) == ("i hate you", "remove")
    assert shown["text_format"] == "html"
    assert shown["predictions"][0]["model_version"] == active_version.version
    assert "moderator" not in text
    assert AuditEntry.objects.get(verb="author.export").count == 1


def test_only_admins_erase_and_only_in_their_sources(
    active_version: ModelVersion, moderator: User, admin_person: User
) -> None:
    comment = classified_comment(active_version)
    Comment.objects.filter(pk=comment.pk).update(author_ref="ada")
    with pytest.raises(PermissionDenied, match=r"lacks the permission classifier\.erase_author$"):
        author_erase(author="ada", source=None, by=moderator)
    User.objects.filter(pk=admin_person.pk).update(all_sources=False)
    admin_person.refresh_from_db()
    for source, why in (
        (None, "^Only users who see every source"),
        (comment.source, "does not see the source test$"),
    ):
        with pytest.raises(PermissionDenied, match=why):
            author_erase(author="ada", source=source, by=admin_person)
    SourceAccess.objects.create(user=admin_person, source=comment.source)
    assert author_erase(author="ada", source=comment.source, by=admin_person).comments == 1
