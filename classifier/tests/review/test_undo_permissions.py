"""What took a lead to decide is changed by a lead only, and an undone decision leaves an escalation as it was."""

from collections.abc import Callable

import pytest
from django.core.exceptions import PermissionDenied

from classifier.accounts.roles import LEAD, MODERATOR
from classifier.models import Comment, ModelVersion, User
from classifier.review.appeals import appeal_open, appeal_resolve
from classifier.review.bulk import bulk_decide, bulk_undo
from classifier.review.claims import claim_next
from classifier.review.decisions import decision_record, decision_undo
from classifier.review.filters import QueueFilters
from classifier.tests.review.conftest import waiting

MORE = "only a lead changes"


@pytest.fixture
def lead(people: Callable[..., list[User]]) -> User:
    return people(LEAD, 1)[0]


@pytest.fixture
def comment(active_version: ModelVersion) -> Comment:
    return waiting(active_version, "hate one")[0]


def test_an_undone_decision_on_an_escalated_comment_leaves_it_to_leads(
    comment: Comment, moderator: User, lead: User
) -> None:
    decision_record(comment=comment, action="escalate", by=moderator)
    for _ in range(2):  # also when decided and undone again
        decision_undo(decision=decision_record(comment=comment, action="remove", by=lead), by=lead)
        comment.refresh_from_db()
        assert comment.is_escalated
    assert claim_next(filters=QueueFilters(), order="risk", by=moderator) is None
    assert claim_next(filters=QueueFilters(), order="risk", by=lead) == comment


def test_a_moderator_changes_no_decision_of_a_lead_on_an_escalated_comment(
    comment: Comment, moderator: User, lead: User
) -> None:
    decision_record(comment=comment, action="escalate", by=moderator)
    decision = decision_record(comment=comment, action="remove", by=lead)
    with pytest.raises(PermissionDenied, match=MORE):
        decision_undo(decision=decision, by=moderator)
    with pytest.raises(PermissionDenied, match=MORE):
        decision_record(comment=comment, action="approve", seen_decision_id=decision.pk, by=moderator)
    comment.refresh_from_db()
    assert comment.current_decision == decision


def test_an_escalation_that_was_answered_long_ago_binds_nobody(
    comment: Comment, moderator: User, lead: User
) -> None:
    decision_record(comment=comment, action="escalate", by=moderator)
    decision_record(comment=comment, action="remove", by=lead)
    comment.refresh_from_db()
    first = comment.current_decision_id
    decision_record(comment=comment, action="approve", seen_decision_id=first, by=lead)
    comment.refresh_from_db()
    assert comment.current_decision is not None
    decision_undo(decision=comment.current_decision, by=moderator)
    comment.refresh_from_db()
    assert not comment.is_escalated


def test_a_moderator_changes_no_answer_to_an_appeal(comment: Comment, moderator: User, lead: User) -> None:
    decision_record(comment=comment, action="remove", by=moderator)
    comment.refresh_from_db()
    answer = appeal_resolve(appeal=appeal_open(comment=comment, by=None), uphold=True, by=lead)
    comment.refresh_from_db()
    with pytest.raises(PermissionDenied, match="answered an appeal"):
        decision_undo(decision=answer, by=moderator)
    with pytest.raises(PermissionDenied, match="answered an appeal"):
        decision_record(comment=comment, action="approve", seen_decision_id=answer.pk, by=moderator)
    assert decision_undo(decision=answer, by=lead).undoes == answer


def test_an_undone_bulk_action_leaves_escalations_to_leads(
    active_version: ModelVersion, comment: Comment, moderator: User, lead: User
) -> None:
    (other,) = waiting(active_version, "hate two")
    decision_record(comment=comment, action="escalate", by=moderator)
    bulk = bulk_decide(filters=QueueFilters(), action="remove", reason="a raid", expected_count=2, by=lead)
    assert bulk_undo(bulk=bulk, by=lead) == 2
    comment.refresh_from_db()
    other.refresh_from_db()
    assert (comment.is_escalated, other.is_escalated) == (True, False)


def test_a_decision_of_another_moderator_is_undone_as_before(
    comment: Comment, moderator: User, people: Callable[..., list[User]]
) -> None:
    (other,) = people(MODERATOR, 1)
    decision = decision_record(comment=comment, action="remove", by=other)
    assert decision_undo(decision=decision, by=moderator).undoes == decision
