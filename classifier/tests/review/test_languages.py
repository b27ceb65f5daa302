"""A text in a language that the model does not know waits for a person, unless the policy judges it anyway."""

from typing import Any

import pytest

from classifier.core.errors import WrongFilter
from classifier.core.validation import InvalidInput
from classifier.models import Comment, ModelVersion, Prediction
from classifier.policies.preview import Draft, policy_preview
from classifier.policies.recommended_actions import of_comment
from classifier.policies.rules import rule_create
from classifier.policies.services import policy_newest, policy_restore, policy_save
from classifier.policies.versions import policy_changes
from classifier.review.filters import QueueFilters
from classifier.review.pages.reasons import band_line, reason_lines, short_reasons
from classifier.review.selectors import queue_comments
from classifier.tests.review.test_after_scoring import classify
from classifier.tests.tiny_artifact import LABELS

GERMAN = "Der Nachbar mäht schon wieder seinen Rasen"
HATED = "Ich sage dazu nur hate und sonst gar nichts mehr"  # the fake scorer calls it toxic
BANDS: dict[str, Any] = {LABELS[0]: {"review": 0.5, "remove": 0.8}}


def prediction_of(comment: Comment) -> Prediction:
    assert comment.current_prediction is not None
    return comment.current_prediction


def test_it_waits_with_its_language_as_the_reason_whatever_its_scores(active_version: ModelVersion) -> None:
    policy_save(source=None, bands=BANDS, automatic=["approve", "remove"], by=None)
    calm, hated, english = classify(active_version, GERMAN, HATED, "thank you for the kind words")
    for comment in (calm, hated):
        assert (comment.band, comment.status, comment.risk) == ("review", "classified", 0.5)
        assert comment.queued_at is not None
        assert comment.queue_reasons == [{"kind": "language", "language": "de"}]
        assert (prediction_of(comment).language, prediction_of(comment).language_supported) == ("de", False)
        assert of_comment(comment).action == "review"
    assert (english.status, prediction_of(english).language) == ("decided", "en")
    [line] = reason_lines(calm)
    assert line.title == "German: language not supported"
    assert short_reasons(calm) == ["Language not supported: German"]
    band = band_line(calm)
    assert band is not None
    assert (band.percent, band.label) == ("", "German")


def test_rules_apply_in_any_language(active_version: ModelVersion) -> None:
    rule_create(name="lawn", kind="phrase", pattern="Rasen", band="remove", by=None)
    [comment] = classify(active_version, GERMAN)
    assert comment.band == "remove"
    assert [reason["kind"] for reason in comment.queue_reasons] == ["rule", "language"]


def test_a_policy_may_judge_the_scores_like_any_other(active_version: ModelVersion) -> None:
    policy_save(source=None, bands=BANDS, unknown_language="judge", by=None)
    calm, hated = classify(active_version, GERMAN, HATED)
    assert (calm.band, calm.queued_at, hated.band) == ("approve", None, "remove")
    assert prediction_of(calm).language_supported is False


def test_a_model_that_does_not_say_what_it_knows_judges_every_text(
    active_version: ModelVersion, settings: Any
) -> None:
    settings.MODEL_LANGUAGES = ()
    [comment] = classify(active_version, GERMAN)
    assert (comment.band, prediction_of(comment).language_supported) == ("approve", True)


def test_a_model_that_knows_the_language_judges_the_text(active_version: ModelVersion) -> None:
    active_version.manifest["languages"] = ["en", "de"]
    active_version.save(update_fields=["manifest"])
    [comment] = classify(active_version, GERMAN)
    assert (comment.band, prediction_of(comment).language) == ("approve", "de")


def test_the_queue_is_filtered_by_language(active_version: ModelVersion) -> None:
    german, spanish, _ = classify(
        active_version, GERMAN, "Mi hermana cocina muy bien los domingos", "i hate you"
    )

    def found(**filters: Any) -> set[int]:
        return set(
            queue_comments(user=None, filters=QueueFilters.from_data(filters)).values_list("pk", flat=True)
        )

    assert found(language="DE") == {german.pk}
    assert found(language_supported="no") == {german.pk, spanish.pk}
    assert found(reason="language") == {german.pk, spanish.pk}
    with pytest.raises(WrongFilter, match="language tag"):
        QueueFilters.from_data({"language": "not a tag"})


def test_the_field_of_a_policy_is_versioned_and_checked(active_version: ModelVersion) -> None:
    first = policy_newest(source=None)
    assert first is not None
    assert first.unknown_language == "review"
    second = policy_save(source=None, bands=BANDS, unknown_language="judge", by=None)
    assert ("unknown_language", "review", "judge") in [
        (change.field, change.before, change.after) for change in policy_changes(first, second)
    ]
    policy_save(source=None, bands=BANDS, by=None)
    assert policy_restore(policy=second, by=None).unknown_language == "judge"
    with pytest.raises(InvalidInput, match="unknown_language"):
        policy_save(source=None, bands=BANDS, unknown_language="hold", by=None)


def test_a_preview_follows_the_field(active_version: ModelVersion) -> None:
    classify(active_version, GERMAN, HATED, "thank you")
    preview = policy_preview(
        source=None, user=None, before=Draft(BANDS), after=Draft(BANDS, unknown_language="judge")
    )
    assert (preview.before, preview.after) == (
        {"approve": 1, "review": 2, "remove": 0},
        {"approve": 2, "review": 0, "remove": 1},
    )
