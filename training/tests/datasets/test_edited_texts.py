"""A decision about a text that was edited since teaches nothing: nobody has judged the text as it is now."""

import pytest
from django.test import Client
from django.utils import timezone

from classifier.comments.edits import comment_edit
from classifier.models import Comment, ModelVersion, User
from classifier.review.decisions import decision_record
from classifier.scoring.classify_pending import pending_classify
from classifier.tests.builders import FakeScorer
from classifier.tests.conftest import active_version, artifacts, candidates, models_dir
from training.datasets.decision_summary import decisions_summary
from training.datasets.from_decisions import dataset_from_all_decisions, dataset_from_decisions
from training.tests.datasets.test_decisions import comments, decide, frozen_rows

__all__ = ["active_version", "artifacts", "candidates", "models_dir"]


def edit(comment: Comment, text: str, version: ModelVersion) -> Comment:
    """Replace the text by another one in the same band, scored, so that the decision stands."""
    comment = comment_edit(comment=comment, text=text, by=None)
    pending_classify(scorer=FakeScorer(), model_version=version, limit=100)
    comment.refresh_from_db()
    assert comment.current_decision_id is not None
    return comment


@pytest.fixture
def decided(active_version: ModelVersion, moderator: User) -> list[Comment]:
    """Create 24 decided comments, of which the first was edited afterwards."""
    found = comments(active_version, [f"words {i}" for i in range(24)])
    decide(found, moderator)
    edit(found[0], "other words", active_version)
    return found


def test_it_is_left_out_and_counted_before_and_after(decided: list[Comment], model_admin: User) -> None:
    before = decisions_summary()
    assert (before.total, before.new, before.edited) == (23, 23, 1)
    assert sum(row.approved + row.removed for row in before.sources) == 23
    made = dataset_from_all_decisions(by=model_admin)
    frozen = frozen_rows(made)
    assert len(frozen) == before.total
    assert not {"words 0", "other words"} & set(frozen)
    assert made.statistics["left_out"] == {"edited": 1}


def test_a_decision_about_the_new_text_goes_in(
    decided: list[Comment], active_version: ModelVersion, moderator: User
) -> None:
    comment = Comment.objects.get(pk=decided[0].pk)
    decision_record(
        comment=comment, action="approve", by=moderator, seen_decision_id=comment.current_decision_id
    )
    assert decisions_summary().edited == 0
    assert frozen_rows(dataset_from_decisions(name="All", by=None))["other words"]["toxic"] == 0


def test_an_edit_before_the_decision_changes_nothing(active_version: ModelVersion, moderator: User) -> None:
    found = comments(active_version, [f"words {i}" for i in range(24)])
    comment_edit(comment=found[0], text="first words", by=None)
    pending_classify(scorer=FakeScorer(), model_version=active_version, limit=100)
    found[0].refresh_from_db()
    decide(found, moderator)
    assert decisions_summary().edited == 0
    assert "first words" in frozen_rows(dataset_from_decisions(name="All", by=None))


def test_each_decision_is_left_out_for_one_reason_only(
    decided: list[Comment], active_version: ModelVersion
) -> None:
    edit(decided[1], "and others", active_version)
    Comment.objects.filter(pk=decided[1].pk).update(
        text="", text_hash=None, sketch=None, text_purged_at=timezone.now()
    )
    summary = decisions_summary()
    assert (summary.total, summary.edited, summary.purged) == (22, 1, 1)


def test_both_pages_tell_of_it(decided: list[Comment], model_admin: User, client: Client) -> None:
    client.force_login(model_admin)
    assert (
        "1 whose text was edited after the decision"
        in client.get("/training/datasets/freeze/").content.decode()
    )
    made = dataset_from_all_decisions(by=model_admin)
    assert "1 edited after they were decided" in client.get(f"/training/datasets/{made.pk}/").content.decode()
