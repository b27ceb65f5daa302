"""People who tell of their own hurt: a person looks first, nothing is removed by itself, the site's text is at hand."""

from typing import Any

import pytest
from django.test import Client

from classifier.core.validation import InvalidInput
from classifier.inference.bands import Judge
from classifier.models import Comment, ModelVersion, Prediction, User
from classifier.policies.preview import Draft, policy_preview
from classifier.policies.recommended_actions import of_comment
from classifier.policies.rules import rule_create
from classifier.policies.services import policy_newest, policy_restore, policy_save
from classifier.policies.versions import policy_changes
from classifier.review.filters import QueueFilters
from classifier.review.pages.reasons import band_line, reason_lines
from classifier.review.selectors import queue_comments
from classifier.tests.review.test_after_scoring import classify
from classifier.tests.tiny_artifact import LABELS
from classifier.transfers.exports import export_lines

HURT = "i want to hurt myself tonight"  # the fake scorer calls it a concern
HATED = "i hate you and i am hurt"  # and toxic as well
BANDS: dict[str, Any] = {LABELS[0]: {"review": 0.5, "remove": None}}
REMOVING: dict[str, Any] = {LABELS[0]: {"review": 0.5, "remove": 0.8}}
TEXT = "You are not alone. Talk to somebody whom you trust."


def prediction_of(comment: Comment) -> Prediction:
    assert comment.current_prediction is not None
    return comment.current_prediction


def test_it_waits_for_a_person_with_the_concern_as_the_reason(active_version: ModelVersion) -> None:
    policy_save(source=None, bands=BANDS, automatic=["approve", "remove"], by=None)
    calm, hurt = classify(active_version, "thank you for the kind words", HURT)
    assert (calm.is_concern, calm.status) == (False, "decided")
    assert (hurt.is_concern, hurt.band, hurt.status, hurt.risk) == (True, "review", "classified", 1.0)
    assert hurt.queue_reasons == [{"kind": "concern"}]
    assert (prediction_of(hurt).is_concern, prediction_of(hurt).concern_score) == (True, 0.95)
    assert prediction_of(calm).concern_score == 0.05
    assert of_comment(hurt).action == "review"
    [line] = reason_lines(hurt)
    assert (line.title, line.tone) == ("Somebody may need help", "concern")
    band = band_line(hurt)
    assert band is not None
    assert (band.word, band.tone) == ("Concern", "concern")


def test_no_rule_removes_it_and_nobody_is_asked_to_think_again(active_version: ModelVersion) -> None:
    policy_save(source=None, bands=BANDS, automatic=["remove"], nudge_threshold=0.05, by=None)
    rule_create(name="hurt", kind="phrase", pattern="hurt", band="remove", by=None)
    [hurt] = classify(active_version, HURT)
    assert (hurt.band, hurt.status) == ("review", "classified")
    assert [reason["kind"] for reason in hurt.queue_reasons] == ["concern", "rule"]
    assert of_comment(hurt).nudge is False


def test_scores_below_removal_do_not_count_against_it_and_others_do(active_version: ModelVersion) -> None:
    policy_save(source=None, bands=BANDS, automatic=["remove"], by=None)
    [toxic_too] = classify(active_version, HATED)
    assert (toxic_too.is_concern, toxic_too.band) == (True, "review")
    assert [reason["kind"] for reason in toxic_too.queue_reasons] == ["concern", "band"]
    policy_save(source=None, bands=REMOVING, automatic=["remove"], by=None)
    [removed] = classify(active_version, HATED)
    assert (removed.is_concern, removed.band, removed.status) == (False, "remove", "decided")


def test_a_policy_may_do_nothing_about_it_and_it_is_marked_all_the_same(active_version: ModelVersion) -> None:
    policy_save(source=None, bands=BANDS, concern="nothing", automatic=["approve"], by=None)
    [hurt] = classify(active_version, HURT)
    assert (hurt.is_concern, hurt.band, hurt.status, hurt.queue_reasons) == (True, "approve", "decided", [])


def test_scores_in_a_language_that_the_model_does_not_know_tell_of_no_concern() -> None:
    judged = Judge(BANDS, {LABELS[0]: 0.5}, LABELS[0]).judge({LABELS[0]: 0.1}, (), "de", "review")
    assert (judged.concern, judged.band, [reason["kind"] for reason in judged.reasons]) == (
        False,
        "review",
        ["language"],
    )


def test_concerns_come_first_in_the_queue_and_are_filtered(active_version: ModelVersion) -> None:
    hated, hurt, calm = classify(active_version, "i hate you", HURT, "thank you")

    def found(**filters: Any) -> list[int]:
        comments = queue_comments(user=None, filters=QueueFilters.from_data(filters))
        return list(comments.order_by("-risk").values_list("pk", flat=True))

    assert found(status="all") == [hurt.pk, hated.pk, calm.pk]
    assert found(concern="yes") == found(reason="concern") == [hurt.pk]
    assert found(concern="no") == [hated.pk]
    [line] = export_lines([hurt], "jsonl", header=True)
    assert '"concern": true' in line


def test_the_fields_of_a_policy_are_versioned_and_checked(active_version: ModelVersion) -> None:
    first = policy_newest(source=None)
    assert first is not None
    assert (first.concern, first.concern_text) == ("review", "")
    second = policy_save(source=None, bands=BANDS, concern="nothing", concern_text=f" {TEXT}\n", by=None)
    assert {("concern", "review", "nothing"), ("concern_text", "", TEXT)} <= {
        (change.field, change.before, change.after) for change in policy_changes(first, second)
    }
    policy_save(source=None, bands=BANDS, by=None)
    assert policy_restore(policy=second, by=None).concern_text == TEXT
    with pytest.raises(InvalidInput, match="concern: This must be review or nothing"):
        policy_save(source=None, bands=BANDS, concern="hide", by=None)
    with pytest.raises(InvalidInput, match="concern_text: At most 2,000 characters"):
        policy_save(source=None, bands=BANDS, concern_text="x" * 2_001, by=None)


def test_a_preview_follows_the_field(active_version: ModelVersion) -> None:
    classify(active_version, HURT, "thank you")
    preview = policy_preview(
        source=None, user=None, before=Draft(BANDS), after=Draft(BANDS, concern="nothing")
    )
    assert (preview.before["review"], preview.after["review"], preview.after["approve"]) == (1, 0, 2)


def test_pages_show_what_it_means_and_the_text_for_the_author(
    active_version: ModelVersion, moderator: User, client: Client, redis_clean: None
) -> None:
    policy_save(source=None, bands=BANDS, concern_text=TEXT, by=None)
    [hurt] = classify(active_version, HURT)
    client.force_login(moderator)
    for address in (f"/queue/?comment={hurt.pk}", f"/comments/{hurt.pk}/"):
        page = client.get(address, follow=True).content.decode()
        assert "The author seems to tell of their own hurt" in page
        assert TEXT in page
        assert 'data-copy="author-text"' in page
