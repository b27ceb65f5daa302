"""Commands as an operator types them, and rows made directly."""

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from classifier.tests.conftest import artifacts, candidates, models_dir
from training.models import Dataset
from training.tests.experiments.pages.builders import make_dataset
from training.tests.experiments.runs.conftest import base
from training.tests.experiments.runs.conftest import make_dataset as write_dataset

__all__ = ["artifacts", "base", "candidates", "models_dir", "write_dataset"]

Run = Callable[..., str]


def run(*words: Any) -> str:
    """What the command wrote to standard output. Raises CommandError."""
    out = StringIO()
    call_command(*(str(word) for word in words), stdout=out, stderr=StringIO())
    return out.getvalue()


def run_json(*words: Any) -> Any:
    return json.loads(run(*words, "--json"))


@pytest.fixture
def places(tmp_path: Path, settings: Any) -> Path:
    settings.RUNS_DIR, settings.DATASETS_DIR = tmp_path / "runs", tmp_path / "datasets"
    settings.MODELS_DIR = tmp_path / "models"
    settings.TRAIN_NICE = 0
    return tmp_path


@pytest.fixture
def dataset(db: None, places: Path) -> Dataset:
    """Return a dataset that exists in the database only, without files."""
    return make_dataset()
