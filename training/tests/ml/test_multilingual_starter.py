"""The shipped multilingual model: whole, small enough, honest about its languages, and right about plain sentences."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from classifier.inference.artifact import verify
from classifier.inference.scorer import Scorer
from training.ml.evaluation.judged_texts import shipped_texts
from training.ml.evaluation.languages import FALSE_POSITIVES, FEWEST_HARMLESS, SHIPPED_ROC_AUC

pytestmark = pytest.mark.starter

FOLDER = Path(settings.MULTILINGUAL_STARTER_DIR)


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((FOLDER / "manifest.json").read_text())
    return loaded


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    return Scorer(FOLDER)


def test_every_file_is_the_one_that_the_manifest_promises_in_at_most_fifty_megabytes() -> None:
    assert verify(FOLDER).name == "multilingual"
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) <= 50 * 1000 * 1000


def test_it_is_a_six_layer_student_with_the_six_labels(manifest: dict[str, Any]) -> None:
    assert manifest["architecture"]["layers"] == 6
    assert manifest["labels"] == ["toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate"]


def test_a_language_ships_only_where_rows_that_nobody_trained_on_were_told_apart(
    manifest: dict[str, Any],
) -> None:
    measured = manifest["measured_languages"]
    shipped = {language for language, one in measured.items() if one["status"] == "shipped"}
    assert shipped == set(manifest["languages"])
    for language in shipped:
        unseen = [one for one in measured[language]["sets"].values() if not one["trained_on"]]
        areas = [one["roc_auc"] for one in unseen if one["roc_auc"] is not None]
        assert areas, language
        assert sum(areas) / len(areas) >= SHIPPED_ROC_AUC, language
    experimental = {language for language, one in measured.items() if one["status"] == "experimental"}
    assert experimental == set(manifest["experimental_languages"])


def test_harmless_sentences_are_left_alone_in_every_language_that_it_judges(manifest: dict[str, Any]) -> None:
    for language, one in manifest["measured_languages"].items():
        if one["status"] != "refused" and one["harmless"] >= FEWEST_HARMLESS:
            assert one["false_positives"]["balanced"] <= FALSE_POSITIVES, language


def test_what_it_learned_from_may_be_passed_on_and_holds_no_text_that_it_is_judged_by(
    manifest: dict[str, Any],
) -> None:
    assert manifest["may_be_passed_on"] is True
    assert manifest["provenance"]["data"]["overlap"]["judged_texts"] >= len(shipped_texts())
