"""The starter's recipe from end to end, with tiny encoders: mixture, teachers, student, blend, artifact and card."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest

from classifier.inference.artifact import verify
from classifier.inference.labels import JIGSAW_LABELS
from training.ml.artifact.export import export_artifact
from training.ml.config import DataConfig, LoopConfig
from training.ml.progress import SilentListener
from training.ml.recipes import starter
from training.ml.recipes.starter import StarterPlan, make_starter, swear_words
from training.ml.recipes.teacher import TeacherConfig, train_teacher
from training.tests.ml.tiny import BAD, WORDS, write_base


def write_table(path: Path, texts: Sequence[str], **columns: Any) -> None:
    """Write texts as Parquet; one with a bad word is toxic and insulting, and nothing else is known to be."""
    toxic = [int(bool(BAD & set(text.split()))) for text in texts]
    labels = {label: toxic if label in ("toxic", "insult") else [0] * len(texts) for label in JIGSAW_LABELS}
    path.parent.mkdir(parents=True, exist_ok=True)
    pyarrow.parquet.write_table(pyarrow.table({**columns, "label": toxic, **labels}), path)


def sentences(count: int, seed: int) -> list[str]:
    rng = np.random.default_rng(seed)
    return [" ".join(rng.choice(WORDS, rng.integers(4, 12))) for _ in range(count)]


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> StarterPlan:
    folder = tmp_path_factory.mktemp("starter")
    for seed, split in enumerate(("train", "validation", "test")):
        texts = sentences(600 if split == "validation" else 300, seed)
        write_table(folder / "data" / "wiki_toxic" / f"{split}.parquet", texts, comment_text=texts)
    texts = sentences(200, 9)
    public = {"lang": ["en"] * 200, "licence_class": ["permissive"] * 200, "source": ["gab_hate_en"] * 200}
    write_table(folder / "data" / "mix" / "mix.parquet", texts, text=texts, **public)
    base = write_base(folder / "base", positions=300)
    rows = str(folder / "data" / "wiki_toxic")
    untrained = TeacherConfig(
        base=str(write_base(folder / "small", layers=2, positions=300)),
        data=DataConfig(train=rows, validation=rows),
        loop=LoopConfig(epochs=0),
    )
    train_teacher(untrained, folder / "untrained")
    export_artifact(folder / "untrained", folder / "previous", name="previous")
    return StarterPlan(
        data=folder / "data",
        bases=(str(base), str(base)),
        previous=folder / "previous",
        work=folder / "work",
        output=folder / "model",
        contrast_share=0.005,
    )


@pytest.fixture(scope="module")
def manifest(plan: StarterPlan) -> dict[str, Any]:
    return make_starter(plan, SilentListener())


def test_the_starter_has_the_shape_of_the_previous_one(plan: StarterPlan, manifest: dict[str, Any]) -> None:
    assert verify(plan.output).name == "starter"
    assert manifest["labels"] == list(JIGSAW_LABELS)
    assert manifest["architecture"]["layers"] == 2
    assert manifest["languages"] == ["en"]


def test_the_starter_has_an_output_for_concerns_that_the_student_learned_as_a_label(
    plan: StarterPlan, manifest: dict[str, Any]
) -> None:
    assert manifest["concern"]["output"] == len(JIGSAW_LABELS)
    learned = json.loads((plan.work / "student" / "run.json").read_text())["labels"]
    assert learned == [*JIGSAW_LABELS, "concern"]


def test_the_card_names_sources_licences_and_measures(plan: StarterPlan, manifest: dict[str, Any]) -> None:
    named = {source["name"]: source for source in manifest["sources"]}
    assert {"wiki_toxic", "gab_hate_en", "made by rule: contrast"} <= set(named)
    assert manifest["may_be_passed_on"] is True
    assert {"validation", "test", "teacher_test", "teacher_2_test"} <= set(manifest["metrics"])
    card = (plan.output / "README.md").read_text()
    assert "texts of the test suites" in card
    assert "It learned from the mean logits of 2 teachers" in card
    assert manifest["provenance"]["data"]["train_rows"] > 0
    assert set(manifest["metrics"]["held_out_by_source"]) == {"wiki_toxic", "gab_hate_en"}
    assert "| gab_hate_en |" in card
    assert "CC-BY-4.0" in card


def test_two_teachers_of_one_base_differ_and_are_kept(plan: StarterPlan, manifest: dict[str, Any]) -> None:
    folders = sorted(folder.name for folder in (plan.work / "teachers").iterdir())
    assert folders == ["1-base", "2-base"]
    seeds = {
        json.loads((plan.work / "teachers" / name / "run.json").read_text())["provenance"]["config"]["loop"][
            "seed"
        ]
        for name in folders
    }
    assert len(seeds) == 2


def test_what_is_done_is_not_done_again(
    plan: StarterPlan, manifest: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: Any, **options: Any) -> None:
        raise AssertionError("done already")

    for name in ("make_mixture", "train_teacher", "distill", "blend"):
        monkeypatch.setattr(starter, name, refuse)
    assert make_starter(plan, SilentListener())["version"] == manifest["version"]


def test_swear_words_are_those_of_mostly_toxic_rows() -> None:
    words = swear_words()
    assert {"idiot", "bitch"} <= words
    assert not {"the", "muslim", "gay", "london", "thanks"} & words


def test_a_finished_model_teaches_where_one_is_named(plan: StarterPlan, manifest: dict[str, Any]) -> None:
    again = replace(
        plan,
        teachers=(plan.output,),
        start=plan.output,
        work=plan.work.with_name("again"),
        output=plan.output.with_name("again-model"),
    )
    made = make_starter(again, SilentListener())
    assert not (again.work / "teachers").exists()
    assert not (again.work / "teacher-models").exists()
    assert made["metrics"]["teacher_test"] == manifest["metrics"]["test"]
    assert made["version"] != manifest["version"]
