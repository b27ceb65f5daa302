"""People, a place for frozen files, and files as people bring them."""

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from classifier.accounts.roles import MODEL_ADMIN, MODERATOR
from classifier.models import User
from classifier.tests.conftest import person
from training.datasets.services import dataset_from_upload
from training.ml.file_format.rows import Rows as FrozenRows
from training.ml.file_format.rows import write_splits
from training.models import SPLITS, Dataset

Rows = Sequence[Mapping[str, Any]]
WORDS = (
    "river stone light paper cloud green story table seven music garden window bridge letter winter".split()
)


def rows_of(count: int, *, begin: int = 0) -> list[dict[str, Any]]:
    """Return different harmless and harmful sentences with a toxic label."""
    return [
        {
            "text": f"{'you are a fool' if i % 3 == 0 else 'thank you for this'} {WORDS[i % 15]} {i}",
            "toxic": int(i % 3 == 0),
        }
        for i in range(begin, begin + count)
    ]


def as_csv(rows: Rows) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def as_jsonl(rows: Rows) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def as_parquet(rows: Rows) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([dict(row) for row in rows]), out)
    return out.getvalue()


def uploaded(name: str, content: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


@pytest.fixture(autouse=True)
def datasets_dir(tmp_path: Path, settings: Any) -> Path:
    settings.DATASETS_DIR = tmp_path / "datasets"
    return tmp_path / "datasets"


@pytest.fixture
def model_admin(db: None) -> User:
    return person("model-admin", MODEL_ADMIN)


@pytest.fixture
def moderator(db: None) -> User:
    return person("moderator", MODERATOR)


@pytest.fixture
def stranger(db: None) -> User:
    return User.objects.create_user(username="stranger", password="a-long-enough-pass")


MakeDataset = Callable[..., Dataset]


@pytest.fixture
def upload(db: None) -> MakeDataset:
    """Upload rows as JSONL, split by split."""

    def make(name: str = "Some rows", labels: Sequence[str] = ("toxic",), **splits: Rows) -> Dataset:
        files = {split: uploaded(f"{split}.jsonl", as_jsonl(rows)) for split, rows in splits.items()}
        return dataset_from_upload(
            name=name,
            files=files or {"train": uploaded("train.jsonl", as_jsonl(rows_of(60)))},
            text_column="text",
            label_columns=labels,
            by=None,
        )

    return make


@pytest.fixture
def write(db: None, datasets_dir: Path) -> MakeDataset:
    """Write frozen files as they are, a third of the rows to each split, without the process that checks them."""

    def make(name: str = "Some rows", rows: Rows = ()) -> Dataset:
        rows = rows or rows_of(60)
        parts = {split: rows[place::3] for place, split in enumerate(SPLITS)}
        splits = {
            split: FrozenRows(
                [row["text"] for row in part],
                np.array([[row["toxic"]] for row in part], np.float32),
                np.ones(len(part), np.float32),
                ("toxic",),
            )
            for split, part in parts.items()
        }
        write_splits(splits, datasets_dir / name)
        return Dataset.objects.create(
            name=name,
            kind="upload",
            directory=name,
            labels=["toxic"],
            rows={split: len(part) for split, part in parts.items()},
            fingerprints={split: part.table().fingerprint() for split, part in splits.items()},
        )

    return make
