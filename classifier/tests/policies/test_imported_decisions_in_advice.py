"""A threshold is suggested from decisions that an import brought too: by the score that their text got here."""

import pytest

from classifier.comments.edits import comment_edit
from classifier.models import Comment, ModelVersion
from classifier.policies.threshold_advice import decided_scores
from classifier.review.decisions import decision_record
from classifier.tests.builders import classified_comment

pytestmark = pytest.mark.django_db


def brought(version: ModelVersion, text: str, action: str) -> Comment:
    comment = classified_comment(version, text)
    Comment.objects.filter(pk=comment.pk).update(
        current_decision=comment.decisions.create(action=action), status="decided"
    )
    return comment


def pairs() -> list[tuple[float, bool]]:
    return decided_scores(source=None, user=None, label="toxic", primary_label="toxic")


def test_a_decision_without_a_prediction_counts_by_the_score_of_its_text(
    active_version: ModelVersion,
) -> None:
    brought(active_version, "i hate rain", "remove")
    brought(active_version, "lovely day", "approve")
    assert pairs() == [(0.1, False), (0.9, True)]


def test_a_decision_about_an_earlier_text_does_not(active_version: ModelVersion) -> None:
    comment = brought(active_version, "i hate rain", "remove")
    Comment.objects.filter(pk=comment.pk).update(edited_at=comment.created_at)
    assert pairs() == []


def test_what_a_moderator_saw_goes_before_a_later_score(active_version: ModelVersion) -> None:
    comment = classified_comment(active_version, "i hate rain")
    decision = decision_record(comment=comment, action="remove", by=None)
    comment.refresh_from_db()
    comment_edit(comment=comment, text="lovely day", by=None)
    assert decision.prediction is not None
    assert pairs() == [(0.9, True)]
