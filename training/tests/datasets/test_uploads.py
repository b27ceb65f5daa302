"""Uploads: what is well is frozen with its fingerprints, what is not leaves nothing behind."""

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from django.core.exceptions import PermissionDenied

from classifier.models import User
from training.core.errors import DatasetRejected
from training.datasets import dataset_builder
from training.datasets.services import dataset_from_upload
from training.ml.data.tables import load_table
from training.models import Dataset
from training.tests.datasets.conftest import (
    MakeDataset,
    as_csv,
    as_jsonl,
    as_parquet,
    rows_of,
    uploaded,
)


@pytest.mark.parametrize(
    ("name", "write"), [("a.csv", as_csv), ("a.jsonl", as_jsonl), ("a.parquet", as_parquet)]
)
def test_each_kind_of_file_gives_the_same_frozen_rows(name: str, write: Any, model_admin: User) -> None:
    dataset = dataset_from_upload(
        name="Forum 2026",
        files={"train": uploaded(name, write(rows_of(60)))},
        text_column="text",
        label_columns=["toxic"],
        by=model_admin,
    )
    assert (dataset.kind, dataset.origin, dataset.created_by) == ("upload", name, model_admin)
    assert dataset.labels == ["toxic"]
    assert sum(dataset.rows.values()) == 60
    assert set(dataset.rows) == {"train", "validation", "test"}
    assert dataset.statistics["cut"] == ["validation", "test"]
    assert pq.read_schema(dataset.file("train")).names == ["text", "toxic", "weight"]


def test_the_fingerprint_is_the_one_that_a_run_computes(upload: MakeDataset) -> None:
    dataset = upload()
    for split, fingerprint in dataset.fingerprints.items():
        table = load_table(str(dataset.file(split)), split, text_column="text", labels=dataset.labels)
        assert table.fingerprint() == fingerprint


def test_the_same_rows_are_cut_the_same_way(upload: MakeDataset) -> None:
    assert upload("one").fingerprints == upload("two").fingerprints


def test_splits_that_were_brought_stay_as_they_are(upload: MakeDataset) -> None:
    dataset = upload(train=rows_of(60), validation=rows_of(20, begin=100), test=rows_of(5, begin=200))
    assert dataset.rows == {"train": 60, "validation": 20, "test": 5}
    assert dataset.statistics["cut"] == []


def test_test_rows_alone_are_a_data_set_to_measure_with(upload: MakeDataset) -> None:
    assert upload(test=rows_of(12)).rows == {"test": 12}


def test_columns_get_the_labels_that_they_are_given(model_admin: User) -> None:
    rows = [{"comment": row["text"], "label": bool(row["toxic"]), "id": 5} for row in rows_of(40)]
    dataset = dataset_from_upload(
        name="Renamed",
        files={"train": uploaded("train.jsonl", as_jsonl(rows))},
        text_column="comment",
        label_columns={"label": "toxic"},
        by=model_admin,
    )
    assert dataset.labels == ["toxic"]


def test_a_refused_file_leaves_no_row_and_no_file(model_admin: User, datasets_dir: Path) -> None:
    rows = [*rows_of(30), {"text": "broken", "toxic": 7}]
    with pytest.raises(
        DatasetRejected, match=r"^forum\.csv, line 32, row 31, column 'toxic': a label is 0, 1, true,"
    ) as refused:
        dataset_from_upload(
            name="Broken",
            files={"train": uploaded("forum.csv", as_csv(rows))},
            text_column="text",
            label_columns=["toxic"],
            by=model_admin,
        )
    assert refused.value.message == (
        "forum.csv, line 32, row 31, column 'toxic': a label is 0, 1, true, false, yes or no, a share from 0 to 1, or "
        "a word that is mapped to 0 or 1, and -1 or nothing where it is unknown; here is '7'."
    )
    assert not Dataset.objects.exists()
    assert list(datasets_dir.iterdir()) == []


def test_a_file_over_the_limit_is_refused_before_it_is_read(model_admin: User, settings: Any) -> None:
    settings.DATASET_MAX_BYTES = 100
    with pytest.raises(DatasetRejected, match="at most 100 are read"):
        dataset_from_upload(
            name="Large",
            files={"train": uploaded("train.csv", as_csv(rows_of(30)))},
            text_column="text",
            label_columns=["toxic"],
            by=model_admin,
        )


def test_a_name_is_needed_and_is_taken_once(upload: MakeDataset, datasets_dir: Path) -> None:
    upload("Taken")
    with pytest.raises(DatasetRejected, match="already") as refused:
        upload(" Taken ")
    assert refused.value.field == "name"
    with pytest.raises(DatasetRejected, match="Give the dataset a name"):
        upload("  ")
    assert len(list(datasets_dir.iterdir())) == 1


def test_only_who_may_add_data_sets_can_upload(moderator: User, stranger: User, datasets_dir: Path) -> None:
    for person in (moderator, stranger):
        with pytest.raises(PermissionDenied, match=r"lacks the permission training\.add_dataset$"):
            dataset_from_upload(
                name="No",
                files={"train": uploaded("train.csv", as_csv(rows_of(30)))},
                text_column="text",
                label_columns=["toxic"],
                by=person,
            )
    assert not datasets_dir.exists()


def test_only_so_many_files_are_read_at_once_and_the_next_one_is_told(
    model_admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dataset_builder, "READING_WAIT_SECONDS", 0.05)
    upload: Any = {
        "files": {"train": uploaded("a.csv", as_csv(rows_of(60)))},
        "text_column": "text",
        "label_columns": ["toxic"],
        "by": model_admin,
    }
    for _ in range(dataset_builder.READING_AT_ONCE):
        assert dataset_builder._reading.acquire(blocking=False)
    try:
        with pytest.raises(DatasetRejected, match="2 other files are being read at this moment"):
            dataset_from_upload(name="Third", **upload)
        assert not Dataset.objects.exists()
    finally:
        for _ in range(dataset_builder.READING_AT_ONCE):
            dataset_builder._reading.release()
    with pytest.raises(DatasetRejected, match="no column 'words'"):
        dataset_from_upload(name="Wrong", **{**upload, "text_column": "words"})
    assert dataset_from_upload(name="Next", **upload).rows  # a refusal gives its place back
