"""An edited comment is scored anew: what was said before leaves no words, what was decided stands or is reopened."""

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from classifier.comments.edits import (
    comment_edit,
    comment_rescan,
    comment_version,
    comments_rescan,
    text_digest,
)
from classifier.core.errors import DecisionConflict, TextGone, VersionConflict
from classifier.core.validation import InvalidInput
from classifier.models import AuditEntry, Comment, ModelVersion, User
from classifier.policies import recommended_actions as actions
from classifier.review.claims import claim
from classifier.review.decisions import decision_record
from classifier.scoring.classify_pending import pending_classify
from classifier.tests.builders import FakeScorer, classified_comment
from classifier.tests.review.appeals.conftest import removed


def scored(comment: Comment, version: ModelVersion) -> Comment:
    pending_classify(scorer=FakeScorer(), model_version=version, limit=100)
    return Comment.objects.get(pk=comment.pk)


def test_it_is_pending_until_the_new_text_is_scored(
    comment: Comment, active_version: ModelVersion, site: User
) -> None:
    old = comment.current_prediction
    edited = comment_edit(comment=comment, text="good morning", by=site)
    assert (edited.status, edited.text) == ("pending", "good morning")
    assert edited.edited_at is not None
    after = scored(comment, active_version)
    assert (after.status, after.band) == ("classified", "approve")
    assert after.predictions.earliest("id") == old
    assert after.predictions.count() == 2
    assert after.queued_at is None


def test_of_the_earlier_text_only_length_and_digest_are_kept(comment: Comment, site: User) -> None:
    comment_edit(comment=comment, text="good morning", by=site)
    entry = AuditEntry.objects.get(verb="comment.edit")
    assert entry.data["before"] == {"characters": 10, "digest": text_digest("i hate you")}
    event = comment.history.first()
    assert event is not None
    assert event.reason == "text edited: 10 characters before, 12 now"
    assert "hate" not in str(entry.data) + event.reason


def test_the_same_text_again_changes_nothing(comment: Comment, site: User) -> None:
    after = comment_edit(comment=comment, text=comment.text, by=site)
    assert after.status == "classified"
    assert after.edited_at is None
    assert not AuditEntry.objects.filter(verb="comment.edit").exists()


def test_a_decision_stands_where_the_band_is_the_same(
    comment: Comment, active_version: ModelVersion, site: User
) -> None:
    decision = removed(comment, None)
    comment_edit(comment=comment, text="i hate all of you", by=site)
    waiting = Comment.objects.get(pk=comment.pk)
    assert actions.of_comment(waiting).action == "remove"
    after = scored(comment, active_version)
    assert (after.status, after.current_decision) == ("decided", decision)


def test_a_decision_is_reopened_where_the_band_is_another(
    comment: Comment, active_version: ModelVersion, site: User
) -> None:
    removed(comment, None)
    comment_edit(comment=comment, text="good morning", by=site)
    after = scored(comment, active_version)
    assert (after.status, after.current_decision) == ("classified", None)
    assert after.queued_at is not None
    assert [reason["kind"] for reason in after.queue_reasons] == ["edit"]


def test_an_approved_comment_is_held_like_a_new_one_until_its_new_text_is_read(
    comment: Comment, site: User
) -> None:
    decision_record(comment=comment, action="approve", by=None)
    comment.refresh_from_db()
    comment_edit(comment=comment, text="i hate all of you", by=site)
    assert actions.of_comment(Comment.objects.get(pk=comment.pk)).action == "hold"


def test_scoring_again_without_an_edit_changes_nothing_meanwhile(
    comment: Comment, active_version: ModelVersion, site: User
) -> None:
    decision = decision_record(comment=comment, action="approve", by=None)
    comment.refresh_from_db()
    again = comment_rescan(comment=comment, by=site)
    assert again.status == "pending"
    assert actions.of_comment(Comment.objects.get(pk=comment.pk)).action == "publish"
    after = scored(comment, active_version)
    assert (after.status, after.current_decision) == ("decided", decision)
    assert after.predictions.count() == 2


def test_who_reads_the_old_text_cannot_decide_about_the_new(
    comment: Comment, active_version: ModelVersion, lead: User, site: User
) -> None:
    seen = claim(comment=comment, by=lead)
    comment_edit(comment=comment, text="i hate all of you", by=site)
    assert Comment.objects.get(pk=comment.pk).review_by is None
    with pytest.raises(
        DecisionConflict, match=r"^This comment has no verdict yet\. It can be decided once it is"
    ):
        decision_record(comment=seen, action="approve", by=lead)
    scored(comment, active_version)
    with pytest.raises(DecisionConflict, match="another text or verdict"):
        decision_record(comment=seen, action="approve", by=lead)


def test_two_who_edit_do_not_overwrite_each_other(comment: Comment, site: User) -> None:
    read = comment_version(comment)
    comment_edit(comment=comment, text="good morning", if_version=read, by=site)
    with pytest.raises(
        VersionConflict, match=r"^It has changed since you read it\. Read it again, then change it\.$"
    ):
        comment_edit(comment=comment, text="good evening", if_version=read, by=site)
    assert Comment.objects.get(pk=comment.pk).text == "good morning"


def test_only_its_submitter_and_who_changes_comments_edit(
    comment: Comment, lead: User, boss: User, model_admin: User
) -> None:
    for person in (lead, model_admin):
        with pytest.raises(PermissionDenied, match=r"lacks the permission classifier\.change_comment$"):
            comment_edit(comment=comment, text="good morning", by=person)
    assert comment_edit(comment=comment, text="good morning", by=boss).text == "good morning"


@pytest.mark.parametrize("text", ["", "  ", "a\x00", "\ud800", "x" * 20_481])
def test_the_new_text_is_checked_like_any(comment: Comment, site: User, text: str) -> None:
    with pytest.raises(InvalidInput, match=r"^text: "):
        comment_edit(comment=comment, text=text, by=site)
    assert Comment.objects.get(pk=comment.pk).text == "i hate you"


def test_an_erased_text_stays_erased(comment: Comment, site: User, lead: User) -> None:
    Comment.objects.filter(pk=comment.pk).update(text="", text_purged_at=timezone.now())
    with pytest.raises(
        TextGone, match=r"^The text of this comment was erased; it cannot be judged, edited or"
    ):
        comment_edit(comment=comment, text="good morning", by=site)
    with pytest.raises(
        TextGone, match=r"^The text of this comment was erased; it cannot be judged, edited or"
    ):
        comment_rescan(comment=comment, by=lead)


def test_many_are_scored_again_by_a_lead_only(
    comment: Comment, active_version: ModelVersion, site: User, lead: User
) -> None:
    both = [comment, classified_comment(active_version, "good morning")]
    with pytest.raises(PermissionDenied, match=r"lacks the permission classifier\.add_bulkaction$"):
        comments_rescan(comments=both, by=site)
    again = comments_rescan(comments=both, by=lead)
    assert [row.status for row in again] == ["pending", "pending"]
    assert scored(comment, active_version).status == "classified"
