"""A model with one more output, for concerns: labels and verdict do not change, and the highest probability counts."""

import json
from pathlib import Path
from typing import Any

import numpy
import pytest

from classifier.inference.artifact import load_manifest
from classifier.inference.errors import ArtifactInvalid
from classifier.inference.explain import explain
from classifier.inference.scorer import Scorer
from classifier.tests.tiny_artifact import LABELS, tiny_artifact

TEXTS = ["i hate the rain", "you are very good", "i d i o t you are not good"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_artifact(tmp_path_factory.mktemp("concern") / "model", seed=5, concern=0.5)


@pytest.mark.parametrize("backend", ["fp32", "bf16", "int8", "generic"])
def test_every_backend_gives_labels_and_concern(folder: Path, backend: str) -> None:
    scorer = Scorer(folder, backend)
    logits = scorer.run(scorer.prepare(TEXTS))
    assert logits.shape[1] == 7
    exact = Scorer(folder, "fp32").score(TEXTS)
    for result, right in zip(scorer.score(TEXTS), exact, strict=True):
        assert list(result.scores) == LABELS
        assert result.concern == pytest.approx(right.concern, abs=0.03)
        assert result.is_concern is (result.concern is not None and result.concern >= 0.5)


def test_the_highest_of_windows_and_readings_counts(folder: Path) -> None:
    scorer = Scorer(folder, "fp32")
    text = "i hate the rain " * 300 + "you are very good"
    prepared = scorer.prepare([text])
    column = scorer.run(prepared)[:, 6].astype(numpy.float64)
    [long] = scorer.score([text])
    assert long.windows > 2
    assert long.concern == pytest.approx(1 / (1 + numpy.exp(-column.max())))
    assert max(span.concern or 0 for span in long.spans) == long.concern
    prepared = scorer.prepare(["i d i o t you are not good"])
    assert prepared.readings
    column = scorer.run(prepared)[:, 6].astype(numpy.float64)
    [read] = scorer.score(["i d i o t you are not good"])
    assert read.concern == pytest.approx(1 / (1 + numpy.exp(-column.max())))


def test_words_are_explained_by_labels(folder: Path) -> None:
    scorer = Scorer(folder, "fp32")
    assert explain(scorer, TEXTS[0]).score == pytest.approx(scorer.score(TEXTS[:1])[0].scores["toxic"])


def test_a_model_without_the_output_knows_no_concern(model: Path) -> None:
    [result] = Scorer(model, "fp32").score(TEXTS[:1])
    assert (result.concern, result.is_concern) == (None, False)


@pytest.mark.parametrize(
    ("concern", "message"),
    [
        ({"output": 5, "threshold": 0.5}, "concern.output must be 6"),
        ({"output": 6}, "concern.threshold must be a number from 0 to 1"),
        ({"output": 6, "threshold": 1.5}, "concern.threshold must be a number from 0 to 1"),
        ([6, 0.5], "concern must be an object"),
    ],
)
def test_the_field_is_checked(tmp_path: Path, concern: Any, message: str) -> None:
    folder = tiny_artifact(tmp_path / "model", concern=0.5)
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | {"concern": concern}))
    with pytest.raises(ArtifactInvalid, match=message):
        load_manifest(folder)


def test_weights_must_have_the_output_that_the_manifest_names(tmp_path: Path) -> None:
    folder = tiny_artifact(tmp_path / "model")
    manifest = json.loads((folder / "manifest.json").read_text())
    more = manifest | {"concern": {"output": 6, "threshold": 0.5}}
    (folder / "manifest.json").write_text(json.dumps(more))
    with pytest.raises(ArtifactInvalid, match="6 outputs, the manifest's labels need 7"):
        Scorer(folder, "fp32")


def test_a_softmax_model_has_no_such_output(tmp_path: Path) -> None:
    folder = tiny_artifact(tmp_path / "model", concern=0.5)
    manifest = json.loads((folder / "manifest.json").read_text())
    changed = {"labels": ["toxic"], "thresholds": {"toxic": 0.5}, "activation": "softmax"}
    (folder / "manifest.json").write_text(json.dumps(manifest | changed))
    with pytest.raises(ArtifactInvalid, match="not possible in a softmax model"):
        load_manifest(folder)
