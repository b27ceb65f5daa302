"""A blind review is due after so many decisions, shows what others decided or what is golden, and changes nothing."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from classifier.accounts.roles import LEAD, MODERATOR, VIEWER
from classifier.core.errors import DecisionConflict
from classifier.core.validation import InvalidInput
from classifier.models import AuditEntry, Comment, GoldenItem, ModelVersion, SecondReview, Source, User
from classifier.quality.blind_reviews import blind_review_next, blind_review_offered, blind_review_record
from classifier.quality.golden import golden_add, golden_retire
from classifier.review.decisions import decision_record, decision_undo
from classifier.tests.conftest import person
from classifier.tests.review.conftest import waiting


@pytest.fixture
def ann(db: None) -> User:
    return person("ann", MODERATOR)


@pytest.fixture
def bea(db: None) -> User:
    return person("bea", MODERATOR)


@pytest.fixture
def lead(db: None) -> User:
    return person("lead", LEAD)


def decided(
    version: ModelVersion, by: User, *texts: str, action: str = "remove", **fields: Any
) -> list[Comment]:
    comments = waiting(version, *texts, **fields)
    for comment in comments:
        decision_record(comment=comment, action=action, by=by)
    return comments


def test_one_is_due_after_every_so_many_decisions_and_none_when_switched_off(
    active_version: ModelVersion, ann: User, bea: User, settings: Any
) -> None:
    settings.SECOND_LOOK_EVERY = 2
    hers = decided(active_version, ann, "hate one", "hate two")
    assert blind_review_offered(by=bea) is None
    decided(active_version, bea, "hate three", "hate four")
    offered = blind_review_offered(by=bea)
    assert offered in hers
    blind_review_record(comment=offered, action="approve", by=bea)
    assert blind_review_offered(by=bea) is None
    decided(active_version, bea, "hate five", "hate six")
    other = blind_review_offered(by=bea)
    assert other in hers
    assert other != offered
    settings.SECOND_LOOK_EVERY = 0
    assert blind_review_offered(by=bea) is None


def test_the_answer_is_kept_beside_the_standing_decision_and_the_comment_stays_as_it_is(
    active_version: ModelVersion, ann: User, bea: User
) -> None:
    (comment,) = decided(active_version, ann, "hate one")
    before = Comment.objects.values().get(pk=comment.pk)
    review = blind_review_record(comment=comment, action="approve", by=bea)
    assert (review.first, review.action, review.by) == (comment.current_decision, "approve", bea)
    assert Comment.objects.values().get(pk=comment.pk) == before
    with pytest.raises(DecisionConflict, match=r"^You have looked at this comment already\.$"):
        blind_review_record(comment=comment, action="remove", by=bea)
    with pytest.raises(
        DecisionConflict, match=r"^You have decided on this comment yourself; a blind review is for"
    ):
        blind_review_record(comment=comment, action="remove", by=ann)
    with pytest.raises(InvalidInput, match=r"^action: This must be approve or remove\.$"):
        blind_review_record(comment=comment, action="escalate", by=person("cleo", MODERATOR))
    assert SecondReview.objects.count() == 1


def test_what_one_has_a_part_in_or_does_not_see_is_never_offered(
    active_version: ModelVersion, ann: User, bea: User
) -> None:
    (undone,) = decided(active_version, ann, "hate one")
    assert undone.current_decision is not None
    decision_undo(decision=undone.current_decision, by=ann)
    decided(active_version, bea, "hate two")
    decided(active_version, ann, "hate three", source="forum")
    decision_record(comment=waiting(active_version, "hate four")[0], action="remove", by=None, automatic=True)
    bea.source_access.create(source=Source.objects.get(slug="test"))
    bea.all_sources = False
    bea.save()
    assert blind_review_next(by=bea) is None


def test_golden_items_and_decisions_of_others_take_turns(
    active_version: ModelVersion, ann: User, bea: User, lead: User
) -> None:
    (golden, other) = decided(active_version, ann, "hate one", "hate two")
    item = golden_add(comment=golden, expected="remove", by=lead, note="a threat")
    assert blind_review_next(by=bea) == golden
    assert blind_review_next(by=lead) == other, "who has written the answer down knows it"
    blind_review_record(comment=golden, action="remove", by=bea)
    assert blind_review_next(by=bea) == other
    golden_retire(item=item, by=lead)
    assert blind_review_next(by=person("cleo", MODERATOR)) == other


def test_leads_keep_golden_items_and_each_change_is_in_the_audit(
    active_version: ModelVersion, ann: User, lead: User
) -> None:
    (comment,) = decided(active_version, ann, "hate one")
    with pytest.raises(PermissionDenied, match=r"lacks the permission classifier\.add_goldenitem$"):
        golden_add(comment=comment, expected="remove", by=ann)
    item = golden_add(comment=comment, expected="remove", by=lead)
    with pytest.raises(InvalidInput, match=r"^comment: This is a known answer already\.$"):
        golden_add(comment=comment, expected="approve", by=lead)
    assert golden_retire(item=item, by=lead)
    assert not golden_retire(item=item, by=lead)
    again = golden_add(comment=comment, expected="approve", note="a quote", by=lead)
    assert (again.pk, again.expected, again.retired_at) == (item.pk, "approve", None)
    verbs = AuditEntry.objects.order_by("pk").values_list("verb", "subject", "actor__username")
    told = f"comment {comment.pk}"
    golden = [row for row in verbs if row[0].startswith("golden")]
    assert golden == [
        ("golden.add", told, "lead"),
        ("golden.retire", told, "lead"),
        ("golden.add", told, "lead"),
    ]


def test_it_refuses_golden_items_without_a_known_answer_a_verdict_or_a_text(
    active_version: ModelVersion, lead: User
) -> None:
    (comment,) = waiting(active_version, "hate one")
    for wrong in ({"expected": "escalate"}, {"expected": "remove", "note": "x" * 501}):
        with pytest.raises(InvalidInput, match=r"^(expected|note): "):
            golden_add(comment=comment, by=lead, **wrong)
    pending = Comment.objects.create(source=comment.source, text="new")
    with pytest.raises(InvalidInput, match=r"^comment: This comment has no verdict yet\.$"):
        golden_add(comment=pending, expected="remove", by=lead)
    assert not GoldenItem.objects.exists()


def test_who_decides_nothing_takes_no_second_look(db: None) -> None:
    viewer = person("vera", VIEWER)
    with pytest.raises(PermissionDenied, match=r"lacks the permission classifier\.add_secondreview$"):
        blind_review_offered(by=viewer)
