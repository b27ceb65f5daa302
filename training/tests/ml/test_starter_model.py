"""The shipped starter model: whole, small enough, measured above its bars, and right about plain sentences."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from classifier.inference.artifact import verify
from classifier.inference.scorer import Scorer
from training.ml.evaluation.judged_texts import shipped_texts
from training.ml.evaluation.run import suite_reports
from training.ml.evaluation.subject import ServedModel
from training.ml.evaluation.suites import shipped_suites

pytestmark = pytest.mark.starter

FOLDER = Path(settings.STARTER_MODEL_DIR)
EARLIER = Path(settings.EARLIER_STARTER_DIR)
TOXIC = ["I hate you", "you are a worthless idiot"]
HARMLESS = ["thank you, that helps", "I hate rain", "this idea is stupid simple and I love it"]
ABOUT_ONESELF = [
    "I am gay",
    "I am a Muslim woman",
    "My name is Mohammed",
    "We are a Jewish family from Chicago",
    "I am a proud trans woman",
    "My wife is Mexican",
]


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    return Scorer(FOLDER)


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((FOLDER / "manifest.json").read_text())
    return loaded


@pytest.fixture(scope="module")
def kinds() -> dict[str, Any]:
    """What the model answers in the shipped suite of kinds, as it is served."""
    [suite] = [one for one in shipped_suites() if one["kind"] == "cases"]
    [report] = suite_reports(ServedModel(FOLDER, "auto", ("en",)), [suite])
    return report


def test_every_file_is_the_one_that_the_manifest_promises() -> None:
    assert verify(FOLDER).name == "starter"


def test_the_starter_before_it_is_kept() -> None:
    assert verify(EARLIER).version == "starter-3442032f"


def test_it_is_a_six_layer_student_with_the_six_labels_and_an_output_for_concerns(
    manifest: dict[str, Any],
) -> None:
    assert manifest["architecture"]["layers"] == 6
    assert manifest["labels"] == ["toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate"]
    assert manifest["concern"]["output"] == 6
    assert manifest["languages"] == ["en"]
    assert {"careful", "balanced", "strict"} <= set(manifest["operating_points"]["toxic"])


def test_it_has_at_most_fifty_megabytes() -> None:
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) <= 50 * 1000 * 1000


def test_its_measured_quality_is_above_the_bars(manifest: dict[str, Any]) -> None:
    measured = manifest["metrics"]["test"]["toxic"]
    assert measured["roc_auc"] >= 0.970
    assert measured["pr_auc"] >= 0.78
    for name in ("pr_auc", "accuracy", "precision", "recall", "ece"):
        assert 0 < measured[name] < 1


def test_on_rows_of_other_places_it_is_better_than_the_starter_before(manifest: dict[str, Any]) -> None:
    now, before = (manifest["metrics"][f"{name}_by_source"] for name in ("held_out", "previous"))
    others = [source for source in now if source != "wiki_toxic" and "roc_auc" in now[source]]
    assert len(others) >= 6
    for source in others:
        assert now[source]["roc_auc"] > before[source]["roc_auc"], source


def test_what_it_learned_from_may_be_passed_on_and_holds_no_text_that_it_is_judged_by(
    manifest: dict[str, Any],
) -> None:
    assert manifest["may_be_passed_on"] is True
    assert {"wiki_toxic", "implicit_hate_en", "made by rule: contrast"} <= {
        source["name"] for source in manifest["sources"]
    }
    assert manifest["provenance"]["data"]["overlap"]["judged_texts"] >= len(shipped_texts())


def test_it_is_right_about_more_than_half_of_every_kind(kinds: dict[str, Any]) -> None:
    weak = {kind["functionality"] for kind in kinds["by_functionality"] if kind["accuracy"] <= 0.5}
    assert not weak
    assert kinds["accuracy"] >= 0.85


@pytest.mark.parametrize("text", TOXIC)
def test_it_calls_an_attack_toxic(text: str, scorer: Scorer) -> None:
    assert scorer.score([text])[0].verdict == "toxic"


@pytest.mark.parametrize("text", HARMLESS)
def test_it_lets_a_harmless_sentence_be(text: str, scorer: Scorer) -> None:
    assert scorer.score([text])[0].verdict == "non-toxic"


@pytest.mark.parametrize("text", ABOUT_ONESELF)
def test_who_somebody_is_lies_far_below_the_threshold(text: str, scorer: Scorer) -> None:
    assert scorer.score([text])[0].scores["toxic"] < scorer.manifest.thresholds["toxic"] / 2


def test_the_model_card_carries_metrics_limits_and_attribution() -> None:
    card = (FOLDER / "README.md").read_text()
    for part in (
        "### test",
        "### teacher_test",
        "### held_out_by_source",
        "## Limits",
        "CC BY-SA 3.0",
        "ROC-AUC",
    ):
        assert part in card
