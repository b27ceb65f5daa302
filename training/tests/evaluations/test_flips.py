"""Verdicts that differ between two versions, by language: counted, in a report, on pages and by command."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.core.management import CommandError
from django.test import Client

from classifier.model_versions.services import model_version_activate, model_version_register
from classifier.models import ModelVersion, User
from classifier.tests.tiny_artifact import tiny_artifact
from training.evaluations.services import evaluation_run, evaluation_start
from training.ml.evaluation.flips import verdict_flips
from training.models import Dataset, Evaluation
from training.tests.cli.conftest import run, run_json

ENGLISH = "This is a plain English sentence about the weather of today, number {}."
GERMAN = "Das ist ein gewöhnlicher deutscher Satz über das Wetter von heute, Nummer {}."


def test_flips_are_counted_by_language_with_who_is_right() -> None:
    texts = [ENGLISH.format(n) for n in range(3)] + [GERMAN.format(n) for n in range(2)] + ["?!"]
    ours = np.array([True, True, False, False, False, False])
    theirs = np.array([True, False, True, False, True, False])
    targets = np.array([1, 1, 1, 0, -1, 0], dtype=np.float32)
    assert verdict_flips(texts, ours, theirs, targets) == [
        {"language": "en", "rows": 3, "to_toxic": 1, "to_calm": 1, "right": 1, "wrong": 1},
        {"language": "de", "rows": 2, "to_toxic": 0, "to_calm": 1, "right": 0, "wrong": 0},
        {"language": "und", "rows": 1, "to_toxic": 0, "to_calm": 0, "right": 0, "wrong": 0},
    ]


@pytest.fixture
def two(tmp_path: Path, settings: Any, transactional_db: None) -> tuple[ModelVersion, ModelVersion]:
    """A version in production that calls nothing toxic, a candidate that calls everything toxic, and a test set."""
    for name in ("RUNS_DIR", "DATASETS_DIR", "MODELS_DIR"):
        setattr(settings, name, tmp_path / name.lower())
    texts = [ENGLISH.format(n) for n in range(30)] + [GERMAN.format(n) for n in range(25)]
    toxic = [n % 2 for n in range(len(texts))]
    folder = tmp_path / "datasets_dir" / "frozen"
    folder.mkdir(parents=True)
    pq.write_table(
        pa.table({"text": texts, "toxic": toxic, "weight": [1.0] * len(texts)}), folder / "test.parquet"
    )
    Dataset.objects.create(
        name="frozen", kind="upload", directory="frozen", labels=["toxic"], rows={"test": len(texts)},
        fingerprints={"test": "frozen test"}, is_test_set=True,
    )  # fmt: skip
    calm = model_version_register(
        directory=tiny_artifact(tmp_path / "calm", seed=1, name="calm", threshold=1.0)
    )
    loud = model_version_register(
        directory=tiny_artifact(tmp_path / "loud", seed=2, name="loud", threshold=0.0)
    )
    model_version_activate(model_version=calm, by=None)
    return calm, loud


def test_an_evaluation_keeps_them_and_page_and_command_show_them(
    two: tuple[ModelVersion, ModelVersion], client: Client, model_admin: User
) -> None:
    calm, loud = two
    with pytest.raises(CommandError, match="has no stored scores on frozen"):
        run("model", "compare", loud, calm)
    evaluation_start(model_version=loud, by=None)
    evaluation_run(model_version_id=loud.pk)
    report = Evaluation.objects.get(model_version=loud).report
    assert report["flips"]["against"] == calm.version
    assert [(one["language"], one["to_toxic"], one["to_calm"]) for one in report["flips"]["languages"]] == [
        ("en", 30, 0),
        ("de", 25, 0),
    ]
    assert report["flips"]["languages"][0]["right"] == 15
    client.force_login(model_admin)
    page = client.get(f"/training/versions/{loud.pk}/").content.decode()
    assert "Verdicts that differ from those of" in page
    other_way = run_json("model", "compare", calm, loud)
    assert [(one["language"], one["to_toxic"], one["to_calm"]) for one in other_way["languages"]] == [
        ("en", 0, 30),
        ("de", 0, 25),
    ]
    assert "de             25" in run("model", "compare", loud, calm)
