"""Bulk decisions: counted first, never more than counted, taken back by one undo; copies are decided together."""

from collections.abc import Callable

import pytest
from django.core.exceptions import PermissionDenied

from classifier.accounts.roles import LEAD
from classifier.comments.edits import comment_edit
from classifier.core.errors import DecisionConflict
from classifier.core.source_access import source_access_set
from classifier.core.validation import InvalidInput
from classifier.models import AuditEntry, BulkAction, Comment, Decision, ModelVersion, Source, User
from classifier.policies.services import policy_save
from classifier.review.bulk import (
    bulk_actions_seen_by,
    bulk_decide,
    bulk_preview,
    bulk_undo,
    group_decide,
    reasons_offered,
)
from classifier.review.decisions import decision_record
from classifier.review.filters import QueueFilters
from classifier.review.near_duplicates import group_of
from classifier.scoring.classify_pending import pending_classify
from classifier.tests.builders import FakeScorer
from classifier.tests.review.conftest import waiting

RANT = "Everyone who writes here is an idiot and should go back to where they came from, I hate you all"


@pytest.fixture
def lead(people: Callable[..., list[User]]) -> User:
    return people(LEAD, 1)[0]


def test_what_was_counted_is_decided_and_taken_back_as_one(active_version: ModelVersion, lead: User) -> None:
    chosen = waiting(active_version, "hate one", "hate two", "hate three", source="raid")
    (other,) = waiting(active_version, "hate four")
    preview = bulk_preview(filters=QueueFilters(source=("raid",)), by=lead)
    assert (preview.count, len(preview.sample)) == (3, 3)
    bulk = bulk_decide(
        filters=preview.filters, action="remove", reason="a raid", expected_count=preview.count, by=lead
    )
    assert bulk.count == 3
    decisions = Decision.objects.filter(bulk=bulk)
    assert {(one.action, one.note, one.by, one.prediction_id is not None) for one in decisions} == {
        ("remove", "a raid", lead, True)
    }
    other.refresh_from_db()
    assert other.status == "classified"
    assert Comment.objects.filter(status="decided", queued_at=None, source__slug="raid").count() == 3
    assert bulk_undo(bulk=bulk, by=lead) == 3
    assert Comment.objects.filter(status="classified", queued_at__isnull=False).count() == 4
    assert set(chosen) == {one.comment for one in decisions}
    with pytest.raises(DecisionConflict, match="undone already"):
        bulk_undo(bulk=bulk, by=lead)
    entries = AuditEntry.objects.filter(verb__startswith="queue.").order_by("id")
    assert list(entries.values_list("verb", "count")) == [("queue.bulk", 3), ("queue.bulk_undo", 3)]


def test_others_decisions_are_left_alone_both_ways(
    active_version: ModelVersion, lead: User, moderator: User
) -> None:
    first, second, third = waiting(active_version, "hate one", "hate two", "hate three")
    preview = bulk_preview(filters=QueueFilters(), by=lead)
    theirs = decision_record(comment=first, action="approve", by=moderator)
    waiting(active_version, "hate that came later")
    bulk = bulk_decide(filters=preview.filters, action="remove", reason="raid", expected_count=3, by=lead)
    assert bulk.count == 2
    first.refresh_from_db()
    second.refresh_from_db()
    assert first.current_decision == theirs
    decision_record(
        comment=second, action="approve", seen_decision_id=second.current_decision_id, by=moderator
    )
    assert bulk_undo(bulk=bulk, by=lead) == 1
    second.refresh_from_db()
    third.refresh_from_db()
    assert (second.status, third.status) == ("decided", "classified")


def test_more_than_was_counted_is_refused(active_version: ModelVersion, lead: User) -> None:
    waiting(active_version, "hate one", "hate two")
    with pytest.raises(DecisionConflict, match="2 comments now, 1 were counted"):
        bulk_decide(filters=QueueFilters(), action="remove", reason="raid", expected_count=1, by=lead)
    assert not Decision.objects.exists()


def test_a_reason_is_needed_and_a_lead(active_version: ModelVersion, lead: User, moderator: User) -> None:
    waiting(active_version, "hate one")
    with pytest.raises(
        InvalidInput, match=r"^reason: Give a reason: it explains the decision to people who check it"
    ):
        bulk_decide(filters=QueueFilters(), action="remove", reason=" ", expected_count=1, by=lead)
    with pytest.raises(PermissionDenied, match=r"lacks the permission classifier\.add_bulkaction$"):
        bulk_decide(filters=QueueFilters(), action="remove", reason="raid", expected_count=1, by=moderator)
    with pytest.raises(PermissionDenied, match=r"lacks the permission classifier\.add_bulkaction$"):
        bulk_preview(filters=QueueFilters(), by=moderator)
    assert not Decision.objects.exists()


def test_copies_in_other_dress_are_one_group_that_a_moderator_decides(
    active_version: ModelVersion, moderator: User
) -> None:
    one, shouted, changed, other = waiting(
        active_version,
        RANT,
        RANT.upper() + "!!!",
        RANT.replace("idiot", "moron"),
        "I hate the new layout of this page, it takes three clicks to reach the comments",
    )
    group = group_of(comment=one, user=moderator)
    assert [near.comment for near in group.comments] == [shouted, changed]
    assert [near.exact for near in group.comments] == [True, False]
    bulk = group_decide(comment=one, action="remove", note="copied rant", by=moderator)
    assert bulk.count == 3
    other.refresh_from_db()
    assert other.status == "classified"
    assert len(group_of(comment=one, user=moderator)) == 0
    assert len(group_of(comment=one, user=moderator, waiting=False)) == 2
    assert bulk_undo(bulk=bulk, by=moderator) == 3


def test_a_bulk_action_in_other_sources_is_neither_seen_nor_undone(
    active_version: ModelVersion, people: Callable[..., list[User]]
) -> None:
    everywhere, here = people(LEAD, 2)
    waiting(active_version, "hate one", source="near")
    waiting(active_version, "hate two", source="far")
    near = Source.objects.get(slug="near")
    source_access_set(user=here, all_sources=False, sources=[near], by=None)

    def decided(*sources: str) -> BulkAction:
        filters = QueueFilters(source=sources)
        return bulk_decide(filters=filters, action="remove", reason="raid", expected_count=2, by=everywhere)

    both = decided("near", "far")
    assert list(bulk_actions_seen_by(user=here)) == []
    with pytest.raises(PermissionDenied, match="sources that you do not see"):
        bulk_undo(bulk=both, by=here)
    assert bulk_undo(bulk=both, by=everywhere) == 2
    own = decided("near")
    assert list(bulk_actions_seen_by(user=here)) == [own]
    assert bulk_undo(bulk=own, by=here) == 1


def test_reason_and_note_of_a_group_are_fields_of_each_decision(
    active_version: ModelVersion, moderator: User
) -> None:
    """A source whose policy does not know the code keeps both in words, for nothing may be lost."""
    reasons = [{"code": "spam", "title": "Spam wave"}]
    policy_save(source=None, bands={"toxic": {"review": 0.5}}, reasons=reasons, by=None)
    one, copy = waiting(active_version, RANT, RANT.upper())
    (elsewhere,) = waiting(active_version, RANT, source="other")
    policy_save(source=elsewhere.source, bands={"toxic": {"review": 0.5}}, reasons=[], by=None)
    bulk = group_decide(comment=one, action="remove", reason="spam", note=" seen before ", by=moderator)
    made = {row.comment_id: (row.reason, row.note) for row in Decision.objects.all()}
    assert made[one.pk] == made[copy.pk] == ("spam", "seen before")
    assert made[elsewhere.pk] == ("", "Spam wave: seen before")
    assert bulk.reason == "Spam wave: seen before"
    assert Decision.objects.filter(reason="spam").count() == 2


def test_a_bulk_decision_takes_a_code_with_a_note_or_a_sentence(
    active_version: ModelVersion, people: Callable[..., list[User]]
) -> None:
    (lead,) = people(LEAD, 1)
    reasons = [{"code": "spam", "title": "Spam wave"}]
    policy_save(source=None, bands={"toxic": {"review": 0.5}}, reasons=reasons, by=None)

    def decided(text: str, **why: str) -> Decision:
        (comment,) = waiting(active_version, text)
        filters = QueueFilters(ids=(comment.pk,))
        bulk_decide(filters=filters, action="remove", expected_count=1, by=lead, **{"reason": "", **why})
        return Decision.objects.get(comment=comment)

    for text, why, kept in (
        ("one", {"reason": "spam"}, ("spam", "")),
        ("two", {"reason": "spam", "note": "a raid"}, ("spam", "a raid")),
        ("three", {"reason": "a raid"}, ("", "a raid")),
        ("four", {"note": "a raid"}, ("", "a raid")),
    ):
        made = decided(text, **why)
        assert (made.reason, made.note) == kept
    assert reasons_offered(by=lead) == {"spam": "Spam wave"}


def test_a_text_that_was_edited_after_it_was_counted_is_left_alone(
    active_version: ModelVersion, lead: User
) -> None:
    kept, edited = waiting(active_version, "hate one", "hate two")
    preview = bulk_preview(filters=QueueFilters(ids=(kept.pk, edited.pk)), by=lead)
    comment_edit(comment=edited, text="hate something else", by=None)
    pending_classify(scorer=FakeScorer(), model_version=active_version, limit=10)
    bulk = bulk_decide(
        filters=preview.filters, action="approve", reason="fine", expected_count=preview.count, by=lead
    )
    assert list(bulk.decisions.values_list("comment", flat=True)) == [kept.pk]
    again = bulk_preview(filters=QueueFilters(ids=(kept.pk, edited.pk)), by=lead)
    assert [one.pk for one in again.sample] == [edited.pk]
