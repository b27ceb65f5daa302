"""What a decision of the queue says and does: reasons, marks, escalating, skipping, conflicts with names, appeals."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from classifier.accounts.roles import LEAD, MODERATOR
from classifier.core.errors import DecisionConflict
from classifier.core.validation import InvalidInput
from classifier.models import Appeal, Comment, ModelVersion, User
from classifier.policies.services import policy_save
from classifier.review.claims import claim_next
from classifier.review.decisions import decision_record, decision_undo
from classifier.review.filters import QueueFilters
from classifier.review.placement import queue_put
from classifier.tests.review.conftest import waiting


@pytest.fixture
def comment(active_version: ModelVersion) -> Comment:
    return waiting(active_version, "i hate you")[0]


@pytest.fixture
def lead(people: Callable[..., list[User]]) -> User:
    return people(LEAD, 1)[0]


def test_deciding_leaves_the_queue_and_undoing_comes_back(comment: Comment, moderator: User) -> None:
    decision = decision_record(comment=comment, action="approve", by=moderator)
    assert comment.queued_at is None
    decision_undo(decision=decision, by=moderator)
    comment.refresh_from_db()
    assert comment.queued_at is not None
    assert comment.queue_reasons[-1] == {"kind": "undo", "decision": decision.pk}
    assert claim_next(filters=QueueFilters(), order="risk", by=moderator) == comment


def test_a_reason_is_a_code_of_the_policy_and_may_be_required_for_removing(
    comment: Comment, moderator: User
) -> None:
    policy = policy_save(
        source=comment.source,
        bands={"*": {"review": 0.5, "remove": None}},
        reasons=[{"code": "insult", "title": "Insult"}],
        reason_required=True,
        by=None,
    )
    for wrong, code in (("", "required"), ("spam", "invalid_choice")):
        with pytest.raises(InvalidInput, match=r"^reason: The policy") as refused:
            decision_record(comment=comment, action="remove", reason=wrong, by=moderator)
        assert [(p.field, p.code) for p in refused.value.problems] == [("reason", code)]
    decision = decision_record(comment=comment, action="remove", reason="insult", by=moderator)
    assert (decision.reason, decision.policy) == ("insult", policy)
    assert comment.history.all()[0].reason == "removed for insult"


def test_marks_are_ordered_and_merged_and_lie_inside_the_text(comment: Comment, moderator: User) -> None:
    wrong: list[Any] = [
        [{"begin": 0, "end": 99}],
        [{"begin": 3, "end": 3}],
        [{"begin": "1", "end": 2}],
        [{}],
    ]
    for each in wrong:
        with pytest.raises(InvalidInput, match=r"^marks: "):
            decision_record(comment=comment, action="remove", marks=each, by=moderator)
    marks = [{"begin": 7, "end": 10}, {"begin": 2, "end": 4}, {"begin": 4, "end": 6}]
    decision = decision_record(comment=comment, action="remove", marks=marks, by=moderator)
    assert decision.marks == [{"begin": 2, "end": 6}, {"begin": 7, "end": 10}]


def test_the_time_from_claim_to_decision_is_measured(comment: Comment, moderator: User) -> None:
    claim_next(filters=QueueFilters(), order="risk", by=moderator)
    decision = decision_record(comment=comment, action="approve", by=moderator)
    assert decision.seconds is not None
    assert 0 <= decision.seconds < 60


def test_an_escalated_comment_waits_for_a_lead_until_it_is_taken_back(
    comment: Comment, moderator: User, lead: User
) -> None:
    escalation = decision_record(comment=comment, action="escalate", note="unsure", by=moderator)
    assert (comment.status, comment.is_escalated, comment.current_decision) == ("classified", True, None)
    assert claim_next(filters=QueueFilters(), order="risk", by=moderator) is None
    with pytest.raises(PermissionDenied, match="a lead decides"):
        decision_record(comment=comment, action="approve", by=moderator)
    decision_undo(decision=escalation, by=moderator)
    comment.refresh_from_db()
    assert not comment.is_escalated
    decision_record(comment=comment, action="escalate", by=moderator)
    assert claim_next(filters=QueueFilters(escalated=True), order="risk", by=lead) == comment
    decision_record(comment=comment, action="remove", by=lead)
    assert (comment.is_escalated, comment.queued_at) == (False, None)


def test_who_comes_too_late_is_told_who_decided_what(
    comment: Comment, moderator: User, people: Callable[..., list[User]]
) -> None:
    (other,) = people(MODERATOR, 1)
    decision = decision_record(comment=comment, action="remove", by=other)
    for action in ("approve", "escalate", "skip"):
        with pytest.raises(DecisionConflict, match=r"moderator-0 has decided .* removed") as conflict:
            decision_record(comment=comment, action=action, by=moderator)
        assert conflict.value.decision == decision
    decision_undo(decision=decision, by=other)
    with pytest.raises(DecisionConflict, match="moderator-0 has undone the decision"):
        decision_record(comment=comment, action="approve", seen_decision_id=decision.pk, by=moderator)


def test_who_has_seen_a_decision_may_decide_anew(comment: Comment, moderator: User) -> None:
    first = decision_record(comment=comment, action="remove", by=None, automatic=True)
    queue_put(comment=comment, kind="report")
    again = decision_record(comment=comment, action="approve", seen_decision_id=first.pk, by=moderator)
    assert (comment.status, comment.current_decision, comment.queued_at) == ("decided", again, None)
    assert [event.reason for event in comment.history.all()[:2]] == ["approved", "removed"]


@pytest.mark.parametrize(("action", "outcome"), [("approve", "overturned"), ("remove", "upheld")])
def test_a_leads_decision_answers_an_open_appeal(
    action: str, outcome: str, comment: Comment, moderator: User, lead: User
) -> None:
    removal = decision_record(comment=comment, action="remove", by=moderator)
    appeal = Appeal.objects.create(comment=comment, decision=removal, message="I meant myself")
    Comment.objects.filter(pk=comment.pk).update(has_open_appeal=True)
    queue_put(comment=comment, kind="appeal")
    assert claim_next(filters=QueueFilters(), order="risk", by=moderator) is None
    found = claim_next(filters=QueueFilters(appeal=True), order="risk", by=lead)
    assert found == comment
    decision_record(comment=comment, action=action, note="looked again", seen_decision_id=removal.pk, by=lead)
    appeal.refresh_from_db()
    assert (appeal.status, appeal.resolved_by, appeal.answer) == (outcome, lead, "looked again")
    assert (comment.has_open_appeal, comment.queued_at) == (False, None)
