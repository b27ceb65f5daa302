"""A frozen dataset and a tiny encoder made on the spot, people, and real training workers."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from classifier.accounts.roles import MODEL_ADMIN, MODERATOR
from classifier.models import User
from classifier.tests.conftest import person
from training.experiments.services import experiment_create
from training.models import Dataset, Experiment
from training.tests.experiments.runs.worker import TrainingWorker
from training.tests.ml.tiny import BAD, WORDS, write_base

LABELS = ["toxic", "insult"]
QUICK: dict[str, Any] = {
    "data": {"max_length": 32},
    "loop": {
        "epochs": 1,
        "token_budget": 256,
        "learning_rate": 3e-3,
        "head_learning_rate": 3e-3,
        "precision": "fp32",
        "threads": 1,
    },
}


def write_split(path: Path, count: int, seed: int) -> None:
    """Write random word sequences; a row is toxic when it holds one of four bad words."""
    rng = np.random.default_rng(seed)
    texts = [" ".join(str(w) for w in rng.choice(WORDS, rng.integers(3, 12))) for _ in range(count)]
    bad = [int(bool(BAD & set(text.split()))) for text in texts]
    table = {"text": texts, "toxic": bad, "insult": bad, "weight": [1.0] * count}
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(table), path)


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random four-layer BERT, as a hub download would look."""
    return write_base(tmp_path_factory.mktemp("base") / "tiny-bert")


@pytest.fixture(autouse=True)
def places(tmp_path: Path, settings: Any) -> Path:
    settings.RUNS_DIR = tmp_path / "runs"
    settings.DATASETS_DIR = tmp_path / "datasets"
    settings.MODELS_DIR = tmp_path / "models"
    settings.TRAIN_NICE = 0
    return tmp_path


@pytest.fixture
def make_dataset(places: Path) -> Callable[..., Dataset]:
    def make(name: str = "words", *, train: int = 400, test_set: bool = True) -> Dataset:
        rows = {"train": train, "validation": 120} | ({"test": 80} if test_set else {})
        for seed, (split, count) in enumerate(rows.items()):
            write_split(places / "datasets" / name / f"{split}.parquet", count, seed)
        return Dataset.objects.create(
            name=name,
            kind="upload",
            directory=name,
            labels=LABELS,
            rows=rows,
            fingerprints={split: f"{name} {split}" for split in rows},
            is_test_set=test_set,
        )

    return make


@pytest.fixture
def queue_run(base: Path) -> Callable[..., Experiment]:
    """Queue a small teacher, or what the keywords say."""

    def queue(dataset: Dataset, name: str = "Tiny", **asked: Any) -> Experiment:
        recipe = asked.pop("recipe", "teacher")
        config: dict[str, Any] = {"data": QUICK["data"], "loop": {**QUICK["loop"], **asked.pop("loop", {})}}
        if recipe == "teacher" and "base_version" not in asked:
            config["base"] = str(base)
        config |= asked.pop("config", {})
        return experiment_create(
            name=name, recipe=recipe, config=config, dataset=dataset, by=asked.pop("by", None), **asked
        )

    return queue


@pytest.fixture
def start_worker(transactional_db: None, redis_clean: None, places: Path) -> Iterator[Callable[..., Any]]:
    """Start real training workers on the test's database; they are killed when the test ends."""
    started: list[TrainingWorker] = []

    def start(name: str = "t0") -> TrainingWorker:
        started.append(TrainingWorker(places, name))
        return started[-1]

    yield start
    for worker in started:
        worker.kill()


@pytest.fixture
def model_admin(db: None) -> User:
    return person("model-admin", MODEL_ADMIN)


@pytest.fixture
def moderator(db: None) -> User:
    return person("moderator", MODERATOR)


@pytest.fixture
def stranger(db: None) -> User:
    return User.objects.create_user(username="stranger", password="a-long-enough-pass")
