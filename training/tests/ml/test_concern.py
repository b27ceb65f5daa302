"""An output for concerns: fitted on a finished model, whose labels stay as they are, left out when training goes on."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file

from classifier.inference.artifact import load_manifest
from classifier.inference.scorer import Scorer
from training.ml.artifact.export import export_artifact
from training.ml.config import ValidationConfig
from training.ml.data.tables import DataError
from training.ml.encoders.loading import BaseModelError, load_base, read_run, read_start
from training.ml.evaluation.judged_texts import shipped_texts
from training.ml.mixture.concern import CONCERN_PATTERNS, ConcernRow, concern_rows
from training.ml.mixture.overlap import find_overlaps
from training.ml.mixture.templates import contrast_sentences
from training.ml.recipes.blend import BlendConfig, blend
from training.ml.recipes.concern import add_concern, threshold_for
from training.ml.recipes.teacher import TeacherConfig, train_teacher
from training.tests.ml.recipes_kit import LOOP, rows
from training.tests.ml.tiny import write_base

LABELS = ("toxic", "insult")
TOLD, OTHER = ["rain", "weather", "day", "good"], ["article", "page", "edit", "source", "idiot", "thank"]
EVERYDAY = [
    f"the {a} is a {b} for {c}"
    for a in OTHER[:4]
    for b in OTHER
    for c in (*OTHER, "you", "this", "that", "it")
]


def told_and_other() -> list[ConcernRow]:
    rng = np.random.default_rng(4)
    return [
        ConcernRow(f"my {' '.join(rng.choice(words, 5))}", is_concern, f"{is_concern} {number // 4}")
        for words, is_concern in ((TOLD, True), (OTHER, False))
        for number in range(160)
    ]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with two labels."""
    folder = tmp_path_factory.mktemp("concern")
    base = write_base(folder / "base", layers=2, hidden=32)
    data = rows(folder, LABELS, 200)
    train_teacher(TeacherConfig(str(base), data, replace(LOOP, epochs=2)), folder / "run")
    return folder / "run"


@pytest.fixture(scope="module")
def with_concern(run: Path) -> Path:
    """The run with an output for concerns."""
    folder = run.with_name("with-concern")
    report = add_concern(run, folder, rows=told_and_other(), everyday=EVERYDAY, max_length=32)
    assert report.recall > 0.9
    assert report.alarms <= 0.002
    assert report.rows + report.held_out == 320 + len(EVERYDAY)
    return folder


def test_the_labels_stay_as_they_are_and_one_output_follows_them(run: Path, with_concern: Path) -> None:
    before, after = (load_file(str(folder / "model.safetensors")) for folder in (run, with_concern))
    assert set(before) == set(after)
    for name, value in before.items():
        np.testing.assert_array_equal(value, after[name][: len(value)], err_msg=name)
    assert after["classifier.weight"].shape == (3, 32)
    card = read_run(with_concern)
    assert card["concern"]["output"] == 2
    assert card["parameters"] == read_run(run)["parameters"] + 33


def test_the_exported_model_recognises_concerns_and_judges_as_before(
    run: Path, with_concern: Path, tmp_path: Path
) -> None:
    export_artifact(run, tmp_path / "plain", name="m")
    plain = Scorer(tmp_path / "plain", "fp32")
    manifest = export_artifact(with_concern, tmp_path / "model", name="m")
    scorer = Scorer(tmp_path / "model", "fp32")
    texts = [
        "my rain weather day day rain",
        "the article is a page for you",
        "my source edit thank idiot page",
    ]
    before, results = plain.score(texts), scorer.score(texts)
    assert [result.is_concern for result in results] == [True, False, False]
    for old, new in zip(before, results, strict=True):
        assert (new.verdict, list(new.scores)) == (old.verdict, list(old.scores))
        np.testing.assert_allclose(list(new.scores.values()), list(old.scores.values()), atol=1e-6)
        assert (old.concern, old.is_concern) == (None, False)
    assert manifest["concern"]["threshold"] == load_manifest(tmp_path / "model").concern.threshold  # type: ignore[union-attr]
    card = (tmp_path / "model" / "README.md").read_text()
    assert "## People who tell of their own hurt" in card
    assert f"{manifest['concern']['recall']:.1%} of the concerns" in card


def test_a_model_folder_becomes_another_version(run: Path, tmp_path: Path) -> None:
    before = export_artifact(run, tmp_path / "model", name="m")
    for _ in range(2):  # made anew the second time, in its own place
        add_concern(tmp_path / "model", tmp_path / "model", rows=told_and_other(), everyday=EVERYDAY)
        manifest = load_manifest(tmp_path / "model")
        assert manifest.version != before["version"]
        assert (manifest.labels, manifest.outputs) == (LABELS, 3)
        assert Scorer(tmp_path / "model", "fp32").score(["my rain weather day"])[0].is_concern
    assert not list(tmp_path.glob("*.writing"))


def test_training_goes_on_from_the_labels_alone(run: Path, with_concern: Path, tmp_path: Path) -> None:
    loaded = {"softmax": False, "attention": "auto", "dropout": None}
    plain, other = (load_base(str(folder), labels=LABELS, **loaded) for folder in (run, with_concern))  # type: ignore[arg-type]
    assert other.config.id2label == {0: "toxic", 1: "insult"}
    assert other.classifier.weight.equal(plain.classifier.weight)
    assert read_start(with_concern).labels == LABELS
    data = ValidationConfig(str(run.parent / "validation.jsonl"), labels=LABELS, max_length=32)
    blend(BlendConfig(str(with_concern), (str(run),), shares="0.5,0.5", data=data), tmp_path / "blend")
    assert "concern" not in read_run(tmp_path / "blend")
    assert load_file(str(tmp_path / "blend" / "model.safetensors"))["classifier.weight"].shape == (2, 32)


def test_an_output_that_was_learned_as_a_label_becomes_the_output_for_concerns(
    run: Path, tmp_path: Path
) -> None:
    learned = tmp_path / "learned"
    shutil.copytree(run, learned)
    for name in ("run.json", "config.json"):
        (learned / name).write_text((learned / name).read_text().replace('"insult"', '"concern"'))
    report = add_concern(learned, tmp_path / "with", rows=told_and_other(), everyday=EVERYDAY, max_length=32)
    assert report.regularisation is None
    card = read_run(tmp_path / "with")
    assert (card["labels"], card["thresholds"].keys(), card["concern"]["output"]) == (["toxic"], {"toxic"}, 1)
    before, after = (load_file(str(folder / "model.safetensors")) for folder in (run, tmp_path / "with"))
    assert before["classifier.weight"].equal(after["classifier.weight"])


def test_what_cannot_be_fitted_is_refused(run: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="10 everyday rows are too few"):
        add_concern(run, tmp_path / "x", rows=told_and_other(), everyday=EVERYDAY[:10])
    with pytest.raises(DataError, match="groups of concerns"):
        add_concern(run, tmp_path / "x", rows=told_and_other()[-100:], everyday=EVERYDAY)
    card = json.loads((run / "run.json").read_text())
    softmax = tmp_path / "softmax"
    softmax.mkdir()
    (softmax / "run.json").write_text(json.dumps(card | {"activation": "softmax"}))
    with pytest.raises(BaseModelError, match="two-way softmax"):
        add_concern(softmax, tmp_path / "x", rows=told_and_other(), everyday=EVERYDAY)
    assert not (tmp_path / "x").exists()


def test_the_threshold_lets_through_the_share_of_alarms_that_is_allowed() -> None:
    scores = np.linspace(0.4, 0.9, 1_000)
    threshold = threshold_for(scores, 0.002)
    assert (scores >= threshold).sum() <= 2
    assert threshold_for(np.zeros(1_000), 0.002) == 0.5


def test_composed_rows_have_both_kinds_and_resemble_no_judged_text() -> None:
    made = concern_rows(5, 0.1)
    assert concern_rows(5, 0.1) == made
    texts = [row.text for row in made]
    assert len({text.casefold() for text in texts}) == len(texts)
    assert not [text for text in texts if "{" in text]
    assert 0.1 < np.mean([row.is_concern for row in made]) < 0.5
    own = [sentence.text for sentence in contrast_sentences(patterns=CONCERN_PATTERNS)]
    assert find_overlaps(own, shipped_texts()) == []
