"""An appeal is answered by deciding: upheld or overturned, once, by somebody else than who decided first."""

import pytest
from django.core.exceptions import PermissionDenied
from pytest_django import Settings

from classifier.core.errors import NotPossibleNow
from classifier.models import AuditEntry, Comment, User
from classifier.review.appeals import appeal_open, appeal_resolve, appealable_by
from classifier.review.bulk import bulk_preview
from classifier.review.claims import claim_next
from classifier.review.decisions import decision_record, decision_undo
from classifier.review.filters import QueueFilters
from classifier.tests.review.appeals.conftest import removed


@pytest.mark.parametrize(
    ("uphold", "status", "action"), [(True, "upheld", "remove"), (False, "overturned", "approve")]
)
def test_the_answer_is_a_decision(
    comment: Comment, lead: User, site: User, uphold: bool, status: str, action: str
) -> None:
    first = removed(comment, None)
    appeal = appeal_open(comment=comment, by=site)
    decision = appeal_resolve(appeal=appeal, uphold=uphold, answer="We looked again.", by=lead)
    appeal.refresh_from_db()
    comment.refresh_from_db()
    assert (appeal.status, appeal.answer, appeal.resolved_by) == (status, "We looked again.", lead)
    assert (decision.action, decision.note, decision.by) == (action, "We looked again.", lead)
    assert decision.reason == (first.reason if uphold else "")
    assert comment.current_decision == decision
    assert not comment.has_open_appeal
    assert comment.queued_at is None
    entry = AuditEntry.objects.get(verb=f"appeal.{status}")
    assert entry.data["appeal"] == appeal.pk
    assert entry.data["own_decision"] is False


def test_deciding_in_the_queue_answers_it_too_and_writes_one_row(
    comment: Comment, lead: User, site: User
) -> None:
    first = removed(comment, None)
    appeal = appeal_open(comment=comment, by=site)
    comment.refresh_from_db()
    decision_record(comment=comment, action="approve", seen_decision_id=first.pk, by=lead)
    appeal.refresh_from_db()
    assert appeal.status == "overturned"
    assert AuditEntry.objects.filter(verb__startswith="appeal.").exclude(verb="appeal.open").count() == 1


def test_it_is_answered_once(comment: Comment, lead: User, site: User) -> None:
    removed(comment, None)
    appeal = appeal_open(comment=comment, by=site)
    appeal_resolve(appeal=appeal, uphold=True, by=lead)
    with pytest.raises(NotPossibleNow, match="answered already"):
        appeal_resolve(appeal=appeal, uphold=False, by=lead)


def test_an_upheld_removal_can_be_appealed_no_further(comment: Comment, lead: User, site: User) -> None:
    removed(comment, None)
    appeal_resolve(appeal=appeal_open(comment=comment, by=site), uphold=True, by=lead)
    comment.refresh_from_db()
    assert not appealable_by(comment, site)
    with pytest.raises(NotPossibleNow, match="no further one"):
        appeal_open(comment=comment, by=site)


def test_a_removal_after_an_overturned_one_can_be_appealed_again(
    comment: Comment, lead: User, site: User
) -> None:
    removed(comment, None)
    approved = appeal_resolve(appeal=appeal_open(comment=comment, by=site), uphold=False, by=lead)
    decision_undo(decision=approved, by=None)
    comment.refresh_from_db()
    again = removed(comment, None)
    assert appeal_open(comment=comment, by=site).decision == again


def test_a_moderator_does_not_answer(comment: Comment, site: User) -> None:
    removed(comment, None)
    appeal = appeal_open(comment=comment, by=site)
    with pytest.raises(PermissionDenied, match=r"lacks the permission classifier\.change_appeal$"):
        appeal_resolve(appeal=appeal, uphold=True, by=site)


def test_who_decided_first_does_not_answer_and_is_not_offered_it(
    comment: Comment, lead: User, other_lead: User, site: User
) -> None:
    removed(comment, lead)
    appeal = appeal_open(comment=comment, by=site)
    assert claim_next(filters=QueueFilters(), order="age", by=lead) is None
    with pytest.raises(PermissionDenied, match="your own decision"):
        appeal_resolve(appeal=appeal, uphold=True, by=lead)
    assert claim_next(filters=QueueFilters(), order="age", by=other_lead) == comment
    assert appeal_resolve(appeal=appeal, uphold=False, by=other_lead).action == "approve"


def test_an_admin_may_answer_about_their_own_and_the_audit_says_so(
    comment: Comment, boss: User, site: User
) -> None:
    removed(comment, boss)
    appeal = appeal_open(comment=comment, by=site)
    assert claim_next(filters=QueueFilters(), order="age", by=boss) == comment
    appeal_resolve(appeal=appeal, uphold=True, by=boss)
    assert AuditEntry.objects.get(verb="appeal.upheld").data["own_decision"] is True


def test_a_site_may_let_people_answer_about_their_own(
    comment: Comment, lead: User, site: User, settings: Settings
) -> None:
    settings.APPEAL_BY_OTHERS = False
    removed(comment, lead)
    appeal = appeal_open(comment=comment, by=site)
    assert claim_next(filters=QueueFilters(), order="age", by=lead) == comment
    assert appeal_resolve(appeal=appeal, uphold=True, by=lead).action == "remove"


def test_appeals_are_never_decided_in_bulk(comment: Comment, boss: User, site: User) -> None:
    removed(comment, None)
    appeal_open(comment=comment, by=site)
    assert bulk_preview(filters=QueueFilters(), by=boss).count == 0
