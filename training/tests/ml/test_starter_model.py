"""The shipped starter model: whole, small enough, measured above its bars, and right about plain sentences."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from classifier.inference.artifact import verify
from classifier.inference.scorer import Scorer

pytestmark = pytest.mark.starter

FOLDER = Path(settings.STARTER_MODEL_DIR)
TFIDF_F1 = 0.684  # TF-IDF + logistic regression on the same test rows
TOXIC = ["I hate you", "you are a worthless idiot"]
HARMLESS = [
    "thank you, that helps",
    "I hate rain",
    "this idea is stupid simple and I love it",
    "I am gay",
    "I am a Muslim woman",
]


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    return Scorer(FOLDER)


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((FOLDER / "manifest.json").read_text())
    return loaded


def test_every_file_is_the_one_that_the_manifest_promises() -> None:
    assert verify(FOLDER).name == "starter"


def test_it_is_a_six_layer_student_of_the_teachers_even_layers(manifest: dict[str, Any]) -> None:
    assert manifest["architecture"]["layers"] == 6
    assert manifest["architecture"]["teacher_layers_taken"] == [2, 4, 6, 8, 10, 12]
    assert manifest["labels"] == ["toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate"]
    assert manifest["provenance"]["teacher"]["data"]["train_rows"] > 0


def test_it_has_at_most_fifty_megabytes() -> None:
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) <= 50 * 1000 * 1000


def test_its_measured_quality_is_above_the_bars(manifest: dict[str, Any]) -> None:
    student, teacher = manifest["metrics"]["test"]["toxic"], manifest["metrics"]["teacher_test"]["toxic"]
    assert student["roc_auc"] >= 0.970
    assert student["roc_auc"] >= teacher["roc_auc"] - 0.005
    assert student["f1"] > TFIDF_F1
    for name in ("pr_auc", "accuracy", "precision", "recall", "ece"):
        assert 0 < student[name] < 1


@pytest.mark.parametrize("text", TOXIC)
def test_it_calls_an_attack_toxic(text: str, scorer: Scorer) -> None:
    assert scorer.score([text])[0].verdict == "toxic"


@pytest.mark.parametrize("text", HARMLESS)
def test_it_lets_a_harmless_sentence_be(text: str, scorer: Scorer) -> None:
    assert scorer.score([text])[0].verdict == "non-toxic"


def test_the_model_card_carries_metrics_limits_and_attribution() -> None:
    card = (FOLDER / "README.md").read_text()
    for part in ("### test", "### teacher_test", "## Limits", "CC BY-SA 3.0", "ROC-AUC"):
        assert part in card
