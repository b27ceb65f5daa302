"""Decisions: each changes the comment's life once, and undoing is a row of its own."""

import threading
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection

from classifier.core.errors import DecisionConflict
from classifier.core.validation import InvalidInput
from classifier.models import Comment, Decision, ModelVersion, User
from classifier.review.decisions import decision_record, decision_undo
from classifier.tests.builders import classified_comment


@pytest.fixture
def comment(active_version: ModelVersion) -> Comment:
    return classified_comment(active_version)


def test_a_decision_stands_with_its_corrections_note_and_history(comment: Comment, moderator: User) -> None:
    label = comment.current_prediction.model_version.labels[-1]  # type: ignore[union-attr]
    decision = decision_record(
        comment=comment, action="remove", labels={label: True}, note=" against the rules ", by=moderator
    )
    comment.refresh_from_db()
    assert (comment.status, comment.current_decision) == ("decided", decision)
    assert (decision.labels, decision.note, decision.by) == ({label: 1}, "against the rules", moderator)
    assert decision.prediction == comment.current_prediction
    event = comment.history.first()
    assert event is not None
    assert (event.old, event.new, event.actor, event.reason) == (
        "classified",
        "decided",
        moderator,
        "removed",
    )


def test_undoing_keeps_the_decision_and_opens_the_comment_again(comment: Comment, moderator: User) -> None:
    first = decision_record(comment=comment, action="approve", by=moderator)
    undo = decision_undo(decision=first, by=moderator)
    comment.refresh_from_db()
    assert (comment.status, comment.current_decision) == ("classified", None)
    assert undo.undoes == first
    second = decision_record(comment=comment, action="remove", by=moderator)
    assert list(comment.decisions.all()) == [second, undo, first]


def test_a_second_decision_is_refused_with_a_sentence(comment: Comment, moderator: User) -> None:
    stale = Comment.objects.get(pk=comment.pk)
    decision_record(comment=comment, action="approve", by=moderator)
    for late in (comment, stale):
        with pytest.raises(DecisionConflict, match="decided on this comment in the meantime"):
            decision_record(comment=late, action="remove", by=moderator)
    assert Decision.objects.count() == 1


def test_only_the_decision_that_counts_can_be_undone(comment: Comment, moderator: User) -> None:
    first = decision_record(comment=comment, action="approve", by=moderator)
    undo = decision_undo(decision=first, by=moderator)
    comment.refresh_from_db()
    decision_record(comment=comment, action="remove", by=moderator)
    for gone in (first, undo):
        with pytest.raises(DecisionConflict, match="does not stand any more"):
            decision_undo(decision=gone, by=moderator)
    comment.refresh_from_db()
    assert comment.status == "decided"


def test_a_comment_without_a_verdict_cannot_be_decided(comment: Comment, moderator: User) -> None:
    Comment.objects.filter(pk=comment.pk).update(status="failed", failure_reason="x")
    with pytest.raises(DecisionConflict, match="no verdict yet"):
        decision_record(comment=Comment.objects.get(pk=comment.pk), action="approve", by=moderator)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"action": "ban"}, "action"),
        ({"action": "approve", "labels": {"spam": True}}, "labels"),
        ({"action": "approve", "note": "x" * 2001}, "note"),
        ({"action": "approve", "note": "a\x00b"}, "note"),
    ],
)
def test_wrong_input_names_its_field_and_changes_nothing(
    wrong: dict[str, Any], field: str, comment: Comment, moderator: User
) -> None:
    with pytest.raises(InvalidInput, match=r"^(action|labels|note): ") as refused:
        decision_record(comment=comment, by=moderator, **wrong)
    assert [problem.field for problem in refused.value.problems] == [field]
    assert not Decision.objects.exists()


def test_moderators_and_admins_decide_model_admins_and_strangers_do_not(
    active_version: ModelVersion, moderator: User, admin_person: User, model_admin: User
) -> None:
    stranger = User.objects.create_user("stranger")
    for person in (moderator, admin_person):
        decision = decision_record(comment=classified_comment(active_version), action="approve", by=person)
        decision_undo(decision=decision, by=person)
    comment = classified_comment(active_version)
    decision = decision_record(comment=comment, action="approve", by=None)
    for person in (model_admin, stranger):
        with pytest.raises(PermissionDenied, match=r"lacks the permission classifier\.add_decision$"):
            decision_record(comment=classified_comment(active_version), action="approve", by=person)
        with pytest.raises(PermissionDenied, match=r"lacks the permission classifier\.add_decision$"):
            decision_undo(decision=decision, by=person)


@pytest.mark.django_db(transaction=True)
def test_of_two_moderators_at_once_one_decides(comment: Comment, moderator: User) -> None:
    together = threading.Barrier(2)
    outcomes: list[str] = []

    def decide(action: str) -> None:
        mine = Comment.objects.select_related("current_prediction__model_version").get(pk=comment.pk)
        together.wait(10)
        try:
            decision_record(comment=mine, action=action, by=moderator)
            outcomes.append("decided")
        except DecisionConflict:
            outcomes.append("conflict")
        finally:
            connection.close()

    threads = [threading.Thread(target=decide, args=(action,)) for action in ("approve", "remove")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(outcomes) == ["conflict", "decided"]
    assert Decision.objects.count() == 1
