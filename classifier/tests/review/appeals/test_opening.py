"""An appeal is opened against a removal that stands, once, in time, by who may, and comes into the queue."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.utils import timezone

from classifier.comments.submission import comment_submit
from classifier.core.errors import NotPossibleNow, TextGone
from classifier.core.validation import InvalidInput
from classifier.models import Appeal, AuditEntry, Comment, Decision, ModelVersion, Policy, User
from classifier.policies.services import FIELDS, policy_newest, policy_save
from classifier.review.appeals import appeal_open, appealable_by
from classifier.review.claims import claim_next
from classifier.review.decisions import decision_record, decision_undo
from classifier.review.filters import QueueFilters
from classifier.scoring.classify_pending import pending_classify
from classifier.tests.builders import FakeScorer, classified_comment
from classifier.tests.review.appeals.conftest import removed


def age(decision: Decision, days: float) -> None:
    """Let a decision be older; the database only allows it where it is told of an erasure."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL toxicsite.allow_erasure = 'on'")
        cursor.execute(
            "UPDATE classifier_decision SET created_at = created_at - make_interval(hours => %s) WHERE id = %s",
            [round(days * 24), decision.pk],
        )
        cursor.execute("SET LOCAL toxicsite.allow_erasure = 'off'")


def test_it_brings_a_removed_comment_before_a_lead(comment: Comment, lead: User, site: User) -> None:
    decision = removed(comment, None)
    appeal = appeal_open(comment=comment, message="I quoted somebody.", by=site)
    comment.refresh_from_db()
    assert (appeal.decision, appeal.status, appeal.message) == (decision, "open", "I quoted somebody.")
    assert comment.has_open_appeal
    assert comment.status == "decided"
    assert {"kind": "appeal", "appeal": appeal.pk} in comment.queue_reasons
    assert claim_next(filters=QueueFilters(), order="age", by=lead) == comment
    entry = AuditEntry.objects.get(verb="appeal.open")
    assert (entry.actor, entry.source) == (site, comment.source)
    assert "quoted" not in str(entry.data)


def test_a_removal_by_policy_can_be_appealed_too(active_version: ModelVersion, site: User) -> None:
    newest = policy_newest(source=None)
    assert newest is not None
    fields = {name: getattr(newest, name) for name in FIELDS}
    bands = {"toxic": {"review": 0.4, "remove": 0.8}}
    policy_save(source=None, **{**fields, "bands": bands, "automatic": ["remove"]}, by=None)
    comment = comment_submit(text="i hate you", source="test", by=site)
    pending_classify(scorer=FakeScorer(), model_version=active_version, limit=10)
    comment.refresh_from_db()
    assert comment.current_decision is not None
    assert comment.current_decision.automatic
    assert appeal_open(comment=comment, by=site).decision == comment.current_decision


@pytest.mark.parametrize("state", ["classified", "approve", "undone"])
def test_nothing_but_a_standing_removal_can_be_appealed(comment: Comment, site: User, state: str) -> None:
    if state == "approve":
        decision_record(comment=comment, action="approve", by=None)
    if state == "undone":
        decision_undo(decision=removed(comment, None), by=None)
    assert not appealable_by(Comment.objects.get(pk=comment.pk), site)
    with pytest.raises(NotPossibleNow, match="not removed"):
        appeal_open(comment=comment, by=site)


def test_a_decision_is_appealed_once(comment: Comment, site: User) -> None:
    removed(comment, None)
    appeal_open(comment=comment, by=site)
    with pytest.raises(NotPossibleNow, match="appealed already"):
        appeal_open(comment=comment, by=site)
    assert Appeal.objects.count() == 1


def test_the_window_is_that_of_the_policy_of_the_decision(comment: Comment, site: User) -> None:
    decision = removed(comment, None)
    age(decision, 13.9)
    assert appealable_by(Comment.objects.get(pk=comment.pk), site)
    age(decision, 0.2)
    assert not appealable_by(Comment.objects.get(pk=comment.pk), site)
    with pytest.raises(NotPossibleNow, match="that is over"):
        appeal_open(comment=comment, by=site)


def test_a_policy_may_take_no_appeals(comment: Comment, site: User) -> None:
    newest = policy_newest(source=None)
    assert newest is not None
    policy_save(source=None, **{**{n: getattr(newest, n) for n in FIELDS}, "appeal_days": 0}, by=None)
    removed(comment, None)
    with pytest.raises(NotPossibleNow, match="does not take appeals"):
        appeal_open(comment=comment, by=site)
    assert Policy.objects.count() == 2


def test_who_did_not_submit_it_needs_the_permission(
    comment: Comment, lead: User, boss: User, site: User
) -> None:
    removed(comment, None)
    with pytest.raises(PermissionDenied, match=r"lacks the permission classifier\.add_appeal$"):
        appeal_open(comment=comment, by=lead)
    assert not Appeal.objects.exists()
    assert appeal_open(comment=comment, by=boss).status == "open"


def test_only_the_author_may_be_named(active_version: ModelVersion, site: User) -> None:
    comment = classified_comment(active_version, by=site)
    Comment.objects.filter(pk=comment.pk).update(author_ref="user-7")
    comment.refresh_from_db()
    removed(comment, None)
    with pytest.raises(
        InvalidInput, match=r"^author_ref: This is not the author of the comment\.$"
    ) as refused:
        appeal_open(comment=comment, author_ref="user-8", by=site)
    assert [problem.code for problem in refused.value.problems] == ["not_the_author"]
    assert appeal_open(comment=comment, author_ref="user-7", by=site)


@pytest.mark.parametrize("message", ["x" * 2_001, "a\x00", "\ud800", 5])
def test_a_message_is_text_of_some_length(comment: Comment, site: User, message: Any) -> None:
    removed(comment, None)
    with pytest.raises(InvalidInput, match=r"^message: ") as refused:
        appeal_open(comment=comment, message=message, by=site)
    assert refused.value.problems[0].field == "message"


def test_without_its_text_nobody_can_judge_it_again(comment: Comment, site: User) -> None:
    removed(comment, None)
    Comment.objects.filter(pk=comment.pk).update(text="", text_purged_at=timezone.now())
    with pytest.raises(
        TextGone, match=r"^The text of this comment was erased; it cannot be judged, edited or"
    ):
        appeal_open(comment=comment, by=site)
