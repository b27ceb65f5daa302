"""Without its text a comment is not judged, offered, compared, explained, exported or learned from."""

import json

import pytest
from django.test import Client
from django.utils import timezone

from classifier.core.validation import InvalidInput
from classifier.models import Comment, ModelVersion, User
from classifier.privacy.subject_export import author_export
from classifier.review.bulk import bulk_decide, bulk_undo
from classifier.review.decisions import decision_record, decision_undo
from classifier.review.filters import QueueFilters
from classifier.review.near_duplicates import group_of
from classifier.review.placement import queue_put
from classifier.scoring.backfill import comments_judge
from classifier.tests.builders import classified_comment
from classifier.tests.conftest import person

pytestmark = pytest.mark.django_db
WORDS = "i hate badgers and all of their friends"


def purge(comment: Comment) -> Comment:
    Comment.objects.filter(pk=comment.pk).update(
        text="", text_hash=None, sketch=None, queued_at=None, text_purged_at=timezone.now()
    )
    comment.refresh_from_db()
    return comment


@pytest.fixture
def gone(active_version: ModelVersion) -> Comment:
    return purge(classified_comment(active_version, WORDS))


@pytest.mark.parametrize("action", ["approve", "remove", "escalate", "skip"])
def test_it_is_not_decided_and_says_why(gone: Comment, moderator: User, action: str) -> None:
    with pytest.raises(InvalidInput, match="purged, so nobody can judge it"):
        decision_record(comment=gone, action=action, by=moderator)
    assert not gone.decisions.exists()


def test_it_is_not_put_into_the_queue_again(gone: Comment) -> None:
    queue_put(comment=gone, kind="report")
    gone.refresh_from_db()
    assert gone.queued_at is None


def test_a_bulk_decision_leaves_it_out_and_its_undo_does_not_queue_it(
    active_version: ModelVersion, gone: Comment
) -> None:
    lead = person("lead", "Lead")
    other = classified_comment(active_version, "i hate rain")
    chosen = QueueFilters(status="all", ids=(gone.pk, other.pk))
    bulk = bulk_decide(filters=chosen, action="remove", reason="spam", expected_count=1, by=lead)
    assert list(bulk.decisions.values_list("comment", flat=True)) == [other.pk]
    purge(other)
    assert bulk_undo(bulk=bulk, by=lead) == 1
    other.refresh_from_db()
    assert (other.status, other.queued_at) == ("classified", None)


def test_undoing_its_decision_does_not_queue_it(active_version: ModelVersion, moderator: User) -> None:
    comment = classified_comment(active_version, "i hate rain")
    decision = decision_record(comment=comment, action="remove", by=moderator)
    purge(comment)
    decision_undo(decision=decision, by=moderator)
    comment.refresh_from_db()
    assert (comment.status, comment.queued_at) == ("classified", None)


def test_it_is_like_no_other_comment(active_version: ModelVersion, gone: Comment) -> None:
    also_gone = purge(classified_comment(active_version, WORDS))
    assert len(group_of(comment=gone, user=None, waiting=False)) == 0
    assert len(group_of(comment=also_gone, user=None, waiting=False)) == 0


def test_judging_old_comments_again_leaves_it_alone(gone: Comment) -> None:
    Comment.objects.update(band="")
    assert comments_judge(after=0)[0] == 0


def test_its_authors_export_says_when_it_went(gone: Comment) -> None:
    Comment.objects.update(author_ref="ada")
    [shown] = json.loads("".join(author_export(author="ada", source=None, by=None)))["comments"]
    assert shown["text"] == ""
    assert shown["text_purged_at"]


def test_its_page_says_when_and_why_and_offers_no_decision(
    client: Client, gone: Comment, moderator: User
) -> None:
    type(gone.source).objects.update(retention_days=30)
    client.force_login(moderator)
    html = client.get(f"/comments/{gone.pk}/").content.decode()
    assert "The text was purged on" in html
    assert "are kept for 30 days, or it or its author was erased" in html
    assert f"/comments/{gone.pk}/decide/" not in html
    answer = client.post(f"/comments/{gone.pk}/decide/", {"action": "approve"})
    assert answer.status_code == 422
    assert not gone.decisions.exists()
    assert client.get(f"/comments/{gone.pk}/?words=1").status_code == 200
