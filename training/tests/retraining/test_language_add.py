"""`manage.py language add`: a language is trained into a version with several, and every language is measured."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.core.management import CommandError

from classifier.comments.submission import comments_submit
from classifier.inference.labels import JIGSAW_LABELS
from classifier.model_versions.language_slots import slots_fill
from classifier.model_versions.promotion_gate import language_gate_register
from classifier.model_versions.services import model_version_activate, model_version_register
from classifier.models import Comment, Decision, LanguageSlot, ModelVersion, Prediction
from training.experiments.services import experiment_cancel, experiment_resume
from training.ml.artifact.export import export_artifact, write_languages
from training.ml.config import DataConfig, LoopConfig
from training.ml.encoders.loading import holds_eight_bits
from training.ml.recipes.teacher import TeacherConfig, train_teacher
from training.models import Dataset, Experiment
from training.promotion.language_gate import language_gate
from training.tests.cli.conftest import run, run_json
from training.tests.ml.tiny import BAD, WORDS, write_base

GERMAN = "dumme idioten raus hier ihr seid alle danke sehr das ist ein guter tag heute".split()
GERMAN_BAD = {"dumme", "idioten", "raus"}
QUICK = (
    "--set", "loop.epochs=8", "--set", "data.max_length=32", "--set", "loop.token_budget=512",
    "--set", "loop.learning_rate=0.003", "--set", "loop.head_learning_rate=0.003",
    "--set", "loop.precision=fp32", "--set", "loop.threads=1",
)  # fmt: skip


def sentences(words: list[str], bad: set[str], count: int, seed: int) -> list[tuple[str, int]]:
    """Return random word sequences, toxic where one holds a bad word."""
    rng = np.random.default_rng(seed)
    texts = [" ".join(str(word) for word in rng.choice(words, rng.integers(3, 9))) for _ in range(count)]
    return [(text, int(bool(bad & set(text.split())))) for text in dict.fromkeys(texts)]


def write_frozen(folder: Path, rows: dict[str, list[tuple[str, int]]]) -> None:
    folder.mkdir(parents=True)
    for split, listed in rows.items():
        texts, labels = zip(*listed, strict=True)
        table = {
            "text": texts,
            "toxic": labels,
            "weight": [1.0] * len(texts),
            "source": ["forum"] * len(texts),
        }
        pq.write_table(
            pa.table({name: list(values) for name, values in table.items()}), folder / f"{split}.parquet"
        )


def write_german(path: Path, count: int, seed: int, source: str = "") -> Path:
    lines = sentences(GERMAN, GERMAN_BAD, count, seed)
    extra = {"source": source} if source else {}
    path.write_text(
        "".join(json.dumps({"text": text, "toxic": toxic, **extra}) + "\n" for text, toxic in lines)
    )
    return path


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model in 8-bit rows with pieces of two languages, which has learned one of them."""
    folder = tmp_path_factory.mktemp("many")
    base = write_base(folder / "base", layers=2, words=[*WORDS, *GERMAN])
    rows = folder / "rows.jsonl"
    listed = sentences(WORDS, BAD, 400, 1)
    rows.write_text(
        "".join(
            json.dumps({"comment_text": text, **dict.fromkeys(JIGSAW_LABELS, toxic)}) + "\n"
            for text, toxic in listed
        )
    )
    config = TeacherConfig(
        base=str(base),
        data=DataConfig(train=str(rows), validation=str(rows), max_length=32),
        loop=LoopConfig(
            epochs=12,
            token_budget=512,
            learning_rate=3e-3,
            head_learning_rate=3e-3,
            precision="fp32",
            threads=1,
        ),
    )
    train_teacher(config, folder / "run")
    export_artifact(folder / "run", folder / "many", name="many", eight_bits=True)
    manifest = json.loads((folder / "many" / "manifest.json").read_text())
    write_languages(
        folder / "many",
        {},
        languages=["en"],
        experimental=["de", "fr"],
        threshold=manifest["thresholds"]["toxic"],
        points=manifest["operating_points"],
        rows=manifest["operating_points_rows"],
    )
    return folder / "many"


@pytest.fixture
def site(many: Path, tmp_path: Path, settings: Any, transactional_db: None) -> ModelVersion:
    """The model in production by default and for German, with a test set in English that is trained on too."""
    for name in ("RUNS_DIR", "DATASETS_DIR", "MODELS_DIR"):
        setattr(settings, name, tmp_path / name.lower())
    settings.TRAIN_NICE = 0
    settings.GATE_MAX_ROC_AUC_LOSS = 0.05
    language_gate_register(language_gate)
    version = model_version_register(directory=many)
    model_version_activate(model_version=version, by=None, override_reason="the first")
    slots_fill(languages=["de"], model_version=version, by=None, override_reason="nobody else reads it")
    rows = {split: sentences(WORDS, BAD, count, seed) for seed, (split, count) in enumerate(SIZES.items(), 5)}
    write_frozen(tmp_path / "datasets_dir" / "english", rows)
    Dataset.objects.create(
        name="english",
        kind="upload",
        directory="english",
        labels=["toxic"],
        rows={split: len(listed) for split, listed in rows.items()},
        fingerprints={split: f"english {split}" for split in rows},
        statistics={"language": "en"},
        is_test_set=True,
    )
    return version


SIZES = {"train": 300, "validation": 100, "test": 120}


def test_a_file_adds_a_language_and_the_others_are_measured_beside_it(
    site: ModelVersion, tmp_path: Path
) -> None:
    data = write_german(tmp_path / "forum_de.jsonl", 400, 11)
    elsewhere = write_german(tmp_path / "elsewhere_de.jsonl", 150, 12)
    answer = run_json(
        "language", "add", "de-DE", "--data", data, "--held-out", elsewhere, "--here", *QUICK
    )  # fmt: skip
    made = Experiment.objects.get(pk=answer["id"])
    assert (made.status, made.language, made.base_version) == ("succeeded", "de", site), made.log
    change = answer["languages"]
    assert change["languages"]["de"]["after"] >= 0.9 > change["languages"]["de"]["before"]
    assert change["languages"]["en"]["after"] >= change["languages"]["en"]["before"] - 0.05
    assert change["languages"]["en"]["rows"] >= 100
    assert change["not_measured"] == ["fr"]
    assert change["unknown_pieces"] == 0.0

    version = made.model_version
    assert version is not None
    assert version.status == "candidate"
    assert (version.manifest["languages"], version.experimental_languages) == (["de", "en"], ["fr"])
    assert version.manifest["measured_languages"]["de"]["sets"]["elsewhere_de"]["trained_on"] is False
    assert version.manifest["language_change"]["start"] == site.version
    assert version.labels == list(JIGSAW_LABELS)
    assert holds_eight_bits(version.path)
    assert "de was trained into it" in (version.path / "README.md").read_text()
    assert made.result["blend"]["shares"]
    assert [part["name"] for part in made.dataset.parts][1:] == ["english"]
    assert LanguageSlot.objects.get(language="de").model_version == site  # nothing is promoted by itself
    assert ModelVersion.objects.active() == site
    shown = run("language", "show", made.pk)
    assert f"{version}, a candidate, started from {site}" in shown
    assert "too few rows to measure: fr" in shown


def test_rows_of_one_source_leave_the_language_experimental(site: ModelVersion, tmp_path: Path) -> None:
    data = write_german(tmp_path / "forum_de.jsonl", 900, 11)
    answer = run_json("language", "add", "de", "--data", data, "--here", *QUICK)
    version = Experiment.objects.get(pk=answer["id"]).model_version
    assert version is not None
    assert answer["languages"]["languages"]["de"]["after"] >= 0.9
    assert version.manifest["languages"] == ["en"]
    assert version.experimental_languages == ["de", "fr"]
    assert version.manifest["measured_languages"]["de"]["sets"]["forum_de"]["trained_on"] is True


def test_the_smallest_of_several_sources_is_held_out(site: ModelVersion, tmp_path: Path) -> None:
    data, small = tmp_path / "both.jsonl", tmp_path / "small.jsonl"
    write_german(data, 300, 11, "forum")
    write_german(small, 120, 12, "blog")
    data.write_text(data.read_text() + small.read_text())
    run("language", "add", "de", "--data", data)
    rows = Dataset.objects.get(name__startswith="de ")
    assert rows.statistics["held_out"] == ["blog"]
    assert set(pq.read_table(rows.file("test"))["source"].to_pylist()) == {"blog"}
    assert set(pq.read_table(rows.file("train"))["source"].to_pylist()) == {"forum"}
    made = Experiment.objects.get()
    assert (made.status, made.config["blend"]["with_start"]) == ("queued", True)
    experiment_cancel(experiment=made, by=None)
    experiment_resume(experiment=made, by=None)
    assert Experiment.objects.get().status == "queued"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("xx-", "--data", "{data}"), "This must be a language tag"),
        (("de",), "Give the rows: --data FILE, or --decisions."),
        (("uk", "--data", "{data}"), "No version in production reads uk. Name the version to start from"),
        (("de", "--data", "{data}", "--labels", "toxic=rude"), "does not know rude"),
        (("de", "--data", "{data}", "--hold-out", "blog"), "no row comes from blog; there are: forum_de."),
        (("de", "--decisions"), "There are no decisions"),
        (("de", "--data", "{data}", "--start", "nobody"), "There is no model version nobody."),
    ],
)
def test_a_mistake_is_one_sentence(
    words: tuple[str, ...], sentence: str, site: ModelVersion, tmp_path: Path
) -> None:
    data = write_german(tmp_path / "forum_de.jsonl", 60, 11)
    with pytest.raises(CommandError, match=sentence.replace("(", "\\(")) as caught:
        run("language", "add", *(word.format(data=data) for word in words))
    assert "\n" not in str(caught.value)
    assert not Experiment.objects.exists()
    assert Dataset.objects.exclude(name="english").count() == (
        "rude" in sentence
    )  # nothing is left behind else


def test_a_start_that_cannot_read_the_language_is_refused_before_training(
    site: ModelVersion, tmp_path: Path
) -> None:
    data = tmp_path / "uk.jsonl"
    words = "дурний бовдур дякую гарний день сьогодні добре".split()
    rows = sentences(words, {"дурний", "бовдур"}, 200, 3)
    data.write_text("".join(json.dumps({"text": text, "toxic": toxic}) + "\n" for text, toxic in rows))
    with pytest.raises(CommandError, match="reads 100% of the wordpieces of these rows as unknown"):
        run("language", "add", "uk", "--data", data, "--start", site.version, "--here", *QUICK)
    assert not (Experiment.objects.get().path / "run.json").exists()


def decide(version: ModelVersion, rows: list[tuple[str, int]], language: str, source: str) -> None:
    """Let comments be judged as written in a language, and decided by people."""
    comments_submit(items=[{"text": text} for text, _ in rows], source=source)
    toxic = dict(rows)
    for comment in Comment.objects.filter(source__slug=source, current_decision__isnull=True):
        prediction = Prediction.objects.create(
            comment=comment,
            model_version=version,
            scores={"toxic": 0.1},
            verdict="non-toxic",
            score=0.1,
            threshold=0.5,
            language=language,
        )
        action = "remove" if toxic[comment.text] else "approve"
        decision = Decision.objects.create(comment=comment, action=action, labels={}, prediction=prediction)
        Comment.objects.filter(pk=comment.pk).update(
            current_decision=decision,
            current_prediction=prediction,
            classified_at=prediction.created_at,
            status="decided",
        )


def test_decisions_about_texts_in_it_teach_it_and_those_in_others_keep_these(site: ModelVersion) -> None:
    decide(site, sentences(GERMAN, GERMAN_BAD, 90, 21), "de-AT", "forum")
    decide(site, sentences(GERMAN, GERMAN_BAD, 60, 22), "de", "blog")
    decide(site, sentences(WORDS, BAD, 60, 23), "en", "club")
    decide(site, [("ok ok", 0)], "und", "short")
    answer = run_json("language", "add", "de", "--decisions", "--hold-out", "blog")
    made = Experiment.objects.get(pk=answer["id"])
    parts = Dataset.objects.in_bulk([part["dataset"] for part in made.dataset.parts])
    names = {dataset.name.split(" 2")[0]: dataset for dataset in parts.values()}
    assert set(names) == {"de", "Other than de", "english"}
    rows = {
        name: {split: pq.read_table(dataset.file(split)) for split in dataset.rows}
        for name, dataset in names.items()
    }
    assert set(rows["de"]["test"]["source"].to_pylist()) == {"blog"}
    assert set(rows["de"]["train"]["source"].to_pylist()) == {"forum"}
    kept = [source for table in rows["Other than de"].values() for source in table["source"].to_pylist()]
    assert set(kept) == {"club"}  # and not the text whose language is not clear
    assert names["de"].statistics["language"] == "de"
    assert "“english”" in made.notes
    assert made.config["data"]["keep_labels"]  # nobody has decided about the other five labels
