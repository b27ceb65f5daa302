"""The multilingual starter from end to end, with a tiny encoder, until the artifact and its numbers by language."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from classifier.inference.artifact import verify
from classifier.inference.labels import JIGSAW_LABELS
from classifier.inference.scorer import Scorer
from training.ml.artifact.export import export_artifact
from training.ml.config import DataConfig, LoopConfig
from training.ml.encoders.loading import holds_eight_bits, load_base
from training.ml.encoders.vocabulary import VocabularyConfig
from training.ml.evaluation import languages
from training.ml.mixture.languages import LanguagesConfig
from training.ml.progress import SilentListener
from training.ml.recipes import multilingual
from training.ml.recipes.multilingual import MultilingualChoices, MultilingualPlan, make_multilingual
from training.ml.recipes.teacher import TeacherConfig, train_teacher
from training.tests.ml.test_starter_recipe import sentences, write_table
from training.tests.ml.tiny import BAD, write_base

SETS = [
    ("beep_ko", "ko", "sharealike", 300),
    ("curse_ko", "ko", "permissive", 200),
    ("cold_zh", "zh", "permissive", 300),
    ("convabuse_en", "en", "permissive", 300),
    ("benign_news_sentences_multi", "ru", "caution", 150),
]


@pytest.fixture(scope="module", autouse=True)
def higher_bar() -> Iterator[None]:
    """A tiny model is less sure of harmless sentences than one that ships."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(languages, "HIGHEST_THRESHOLD", 0.95)
        yield


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> MultilingualPlan:
    folder = tmp_path_factory.mktemp("multilingual")
    data = folder / "data"
    for seed, split in enumerate(("train", "validation")):
        wiki = sentences(300, seed)
        write_table(data / "wiki_toxic" / f"{split}.parquet", wiki, comment_text=wiki)
    texts: list[str] = []
    columns: dict[str, list[str]] = {name: [] for name in ("source", "lang", "licence_class")}
    for seed, (source, language, licence, count) in enumerate(SETS):
        own = sentences(count, 20 + seed)
        if language == "ru":
            own = [" ".join(word for word in text.split() if word not in BAD) or "good day" for text in own]
        texts += own
        for name, value in (("source", source), ("lang", language), ("licence_class", licence)):
            columns[name] += [value] * count
    write_table(data / "mix" / "mix.parquet", texts, text=texts, **columns)

    rows = str(data / "wiki_toxic")
    base = write_base(folder / "small", layers=2)
    untrained = TeacherConfig(
        base=str(base), data=DataConfig(train=rows, validation=rows), loop=LoopConfig(epochs=0)
    )
    train_teacher(untrained, folder / "untrained")
    export_artifact(folder / "untrained", folder / "previous", name="previous")
    return MultilingualPlan(
        data=data,
        base=str(write_base(folder / "base", layers=4)),
        previous=folder / "previous",
        english=folder / "previous",
        work=folder / "work",
        output=folder / "model",
        choices=MultilingualChoices(
            LanguagesConfig(rows=500, contrast_share=0.0), VocabularyConfig(pieces=64, prior_pieces=0)
        ),
        loop=LoopConfig(
            epochs=10, token_budget=512, learning_rate=3e-3, head_learning_rate=3e-3, precision="fp32"
        ),
        max_length=32,
    )


@pytest.fixture(scope="module")
def manifest(plan: MultilingualPlan) -> dict[str, Any]:
    return make_multilingual(plan, SilentListener())


def test_the_student_has_half_the_layers_six_labels_and_8_bit_rows(
    plan: MultilingualPlan, manifest: dict[str, Any]
) -> None:
    assert verify(plan.output).labels == JIGSAW_LABELS
    assert manifest["architecture"]["layers"] == 2
    assert manifest["architecture"]["teacher_layers_taken"] == [2, 4]
    assert manifest["stored_as"] == "8-bit rows"
    assert holds_eight_bits(plan.output)


def test_the_manifest_says_what_each_language_is_worth(
    plan: MultilingualPlan, manifest: dict[str, Any]
) -> None:
    measured = manifest["measured_languages"]
    assert set(measured) == {"en", "ko", "ru", "zh"}
    assert measured["ko"]["sets"]["curse_ko"]["trained_on"] is False
    assert measured["ko"]["sets"]["beep_ko"]["trained_on"] is True
    assert measured["zh"]["roc_auc"] is None
    assert measured["ru"]["false_positives"]["balanced"] <= 0.005
    named = manifest["languages"] + manifest["experimental_languages"]
    assert sorted(named) == sorted(measured)
    assert manifest["languages"] == ["ko"]
    assert {"english_by_source", "english_starter_by_source"} <= set(manifest["metrics"])


def test_the_threshold_is_that_of_the_operating_points(
    plan: MultilingualPlan, manifest: dict[str, Any]
) -> None:
    assert manifest["thresholds"]["toxic"] == manifest["operating_points"]["toxic"]["balanced"]["threshold"]
    harmless = [text for text in sentences(150, 24) if not BAD & set(text.split())]
    flagged = [result.verdict for result in Scorer(plan.output).score(harmless)]
    assert flagged.count("toxic") <= 1


def test_the_card_names_languages_sets_and_the_cut_vocabulary(
    plan: MultilingualPlan, manifest: dict[str, Any]
) -> None:
    card = (plan.output / "README.md").read_text()
    assert "Shipped: ko. Experimental: en, ru, zh." in card
    assert "| ko | shipped | curse_ko, never trained on |" in card
    assert "stored as 8-bit rows" in card
    assert "pieces are those of" in card
    assert manifest["may_be_passed_on"] is True
    assert {source["name"] for source in manifest["sources"]} == {
        "beep_ko",
        "cold_zh",
        "convabuse_en",
        "wiki_toxic",
    }


def test_what_is_done_is_not_done_again(
    plan: MultilingualPlan, manifest: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: Any, **options: Any) -> None:
        raise AssertionError("done already")

    for name in ("make_mixture", "make_vocabulary", "train_teacher", "distill"):
        monkeypatch.setattr(multilingual, name, refuse)
    again = make_multilingual(plan, SilentListener())
    assert again["version"] == manifest["version"]
    assert again["thresholds"] == manifest["thresholds"]


def test_training_goes_on_from_an_artifact_of_8_bit_rows(
    plan: MultilingualPlan, manifest: dict[str, Any]
) -> None:
    whole = load_base(
        str(plan.work / "student"), labels=JIGSAW_LABELS, softmax=False, attention="eager", dropout=0.0
    )
    back = load_base(str(plan.output), labels=JIGSAW_LABELS, softmax=False, attention="eager", dropout=0.0)
    for (name, before), (_, after) in zip(whole.named_parameters(), back.named_parameters(), strict=True):
        largest = float(before.detach().abs().max())
        assert np.allclose(before.detach(), after.detach(), atol=largest / 100 + 1e-4), name
    facts = json.loads((plan.mixture / "facts.json").read_text())
    assert facts["never_trained"] == ["ko: curse_ko", "ru: benign_news_sentences_multi"]


def test_the_preset_of_rows_and_vocabulary_is_complete(tmp_path: Path) -> None:
    plan = MultilingualPlan(Path("data"), "base", Path("previous"), tmp_path, tmp_path / "model")
    assert plan.choices.mixture.rows == 100_000
    assert plan.choices.vocabulary.pieces == 89_000
