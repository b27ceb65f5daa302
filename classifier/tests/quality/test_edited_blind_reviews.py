"""Blind answers are compared with what was said of the same text only: an edit in between ends the comparison."""

import pytest
from django.test import Client

from classifier.comments.edits import comment_edit
from classifier.model_versions.shadow_report import shadow_report
from classifier.models import Comment, GoldenItem, ModelVersion, SecondReview, ShadowPrediction, User
from classifier.policies.threshold_advice import decided_scores
from classifier.quality.agreement import agreement_of, disagreements, golden_items
from classifier.quality.blind_reviews import blind_review_record, decided_to_look_at, golden_to_look_at
from classifier.quality.golden import golden_add, golden_retire
from classifier.review.decisions import decision_record
from classifier.scoring.classify_pending import pending_classify
from classifier.tests.builders import FakeScorer
from classifier.tests.review.conftest import waiting


@pytest.fixture
def hers(active_version: ModelVersion, ann: User) -> Comment:
    """A comment that Ann has removed."""
    [comment] = waiting(active_version, "hate one")
    decision_record(comment=comment, action="remove", by=ann)
    return comment


def edit(comment: Comment, version: ModelVersion, text: str = "hate two") -> Comment:
    comment_edit(comment=comment, text=text, by=None)
    pending_classify(scorer=FakeScorer(), model_version=version, limit=10)
    return Comment.objects.get(pk=comment.pk)


def test_what_was_edited_after_its_decision_is_not_offered(
    hers: Comment, active_version: ModelVersion, bea: User
) -> None:
    assert list(decided_to_look_at(user=bea)) == [hers]
    edited = edit(hers, active_version)
    assert edited.current_decision_id == hers.current_decision_id  # it stands: the band is the same
    assert not decided_to_look_at(user=bea).exists()


def test_an_answer_to_the_new_text_is_not_held_against_the_decision_on_the_old_one(
    hers: Comment, active_version: ModelVersion, bea: User
) -> None:
    review = blind_review_record(comment=edit(hers, active_version), action="approve", by=bea)
    assert review.first is None
    assert agreement_of(user=None).whole.n == 0
    assert not disagreements(user=None).exists()


def test_older_answers_across_an_edit_do_not_count_either(
    hers: Comment, active_version: ModelVersion, bea: User
) -> None:
    edit(hers, active_version)
    SecondReview.objects.create(comment=hers, first=hers.current_decision, action="approve", by=bea)
    assert agreement_of(user=None).whole.n == 0
    assert not disagreements(user=None).exists()


def test_an_edit_after_both_answers_leaves_the_comparison(
    hers: Comment, active_version: ModelVersion, bea: User
) -> None:
    blind_review_record(comment=hers, action="approve", by=bea)
    edit(hers, active_version)
    assert agreement_of(user=None).whole.n == 1
    assert disagreements(user=None).count() == 1


def test_an_edited_golden_item_measures_nobody_until_it_is_added_anew(
    active_version: ModelVersion, ann: User, bea: User, lead: User
) -> None:
    [comment] = waiting(active_version, "hate three")
    decision_record(comment=comment, action="remove", by=ann)
    item = golden_add(comment=comment, expected="remove", by=lead)
    edited = edit(comment, active_version, "hate four")
    assert not golden_to_look_at(user=bea).exists()
    assert vars(golden_items(user=None).get())["edited"]
    blind_review_record(comment=edited, action="approve", by=bea)
    assert [row.golden for row in agreement_of(user=None).people] == []
    assert not disagreements(user=None).exists()
    golden_retire(item=item, by=lead)
    golden_add(comment=edited, expected="remove", by=lead)
    assert not vars(golden_items(user=None).get())["edited"]
    assert GoldenItem.objects.count() == 1


def test_an_answer_to_a_text_that_was_edited_while_it_was_shown_is_not_written_down(
    hers: Comment, active_version: ModelVersion, bea: User, client: Client
) -> None:
    client.force_login(bea)
    token = client.get("/quality/look/").context["token"]
    edit(hers, active_version)
    answer = client.post("/quality/look/", {"token": token, "action": "approve"}, follow=True)
    assert "edited meanwhile" in answer.content.decode()
    assert not SecondReview.objects.exists()


def test_the_page_says_which_golden_items_were_edited(
    hers: Comment, active_version: ModelVersion, lead: User, client: Client
) -> None:
    golden_add(comment=hers, expected="remove", by=lead)
    client.force_login(lead)
    assert "edited since</span>" not in client.get("/quality/").content.decode()
    edit(hers, active_version)
    assert "edited since</span>" in client.get("/quality/").content.decode()


def test_threshold_advice_pairs_a_decision_with_the_score_that_its_maker_saw(
    hers: Comment, active_version: ModelVersion
) -> None:
    seen = hers.current_prediction
    edited = edit(hers, active_version)
    assert seen is not None
    assert edited.current_prediction_id != seen.pk
    pairs = decided_scores(source=None, user=None, label="toxic", primary_label="toxic")
    assert pairs == [(seen.scores["toxic"], True)]


def test_a_shadow_is_not_held_against_a_decision_on_another_text(
    hers: Comment, active_version: ModelVersion, candidates: tuple[ModelVersion, ModelVersion]
) -> None:
    def disagrees(comment: Comment) -> ShadowPrediction:
        assert comment.current_prediction is not None
        return ShadowPrediction.objects.create(
            prediction=comment.current_prediction,
            model_version=candidates[1],
            scores={"toxic": 0.1},
            verdict="non-toxic",
            score=0.1,
            threshold=0.5,
            disagrees=True,
        )

    disagrees(hers)
    assert shadow_report(model_version=candidates[1]).decided == 1
    edited = edit(hers, active_version)
    disagrees(edited)
    report = shadow_report(model_version=candidates[1])
    assert (report.disagreements, report.decided) == (2, 1)
