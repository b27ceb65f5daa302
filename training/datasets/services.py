"""Datasets from files: an upload, a folder of this machine, the shipped sample; the test set; deleting."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files import File
from django.db import transaction
from django.utils import timezone

from classifier.core.permissions import require_permission
from classifier.inference.files.layout import GUESSED, Reading
from classifier.inference.files.values import label_words as parse_words
from classifier.inference.labels import JIGSAW_LABELS
from classifier.models import User
from training.core.errors import DatasetRejected, NotAllowedNow
from training.datasets.dataset_builder import (
    NOTHING_HELD_OUT,
    HoldOut,
    check_new,
    dataset_store,
    incoming_folder,
    run_child,
)
from training.ml.mixture.licences import CLASSES
from training.models import OVER, SPLITS, Dataset, DatasetKind, Experiment, RetrainingPlan, Sweep

SUFFIXES = (".parquet", ".tsv", ".csv", ".jsonl")
SAMPLE_NAME = "Wikipedia comments (sample)"
JIGSAW_ATTRIBUTION = (
    "Jigsaw Toxic Comment Classification Challenge (Kaggle, 2018): labels CC0 1.0, comment text from "
    "Wikipedia talk pages, CC BY-SA 3.0."
)
JIGSAW_LICENCE = "CC0-1.0 (labels), CC-BY-SA-3.0 (text)"

LabelColumns = Mapping[str, str] | Sequence[str]
"""Columns that hold labels; as a mapping, column to label name."""


@dataclass(frozen=True)
class FileValues:
    """How files of rows are read: their encoding and delimiter, where graded labels are cut, and what words mean."""

    reading: Reading = GUESSED
    cut: float = 0.5
    words: Mapping[str, int] = field(default_factory=dict)


PLAIN_FILES = FileValues()


def file_values(
    *, encoding: str = "", delimiter: str = "", label_cut: float = 0.5, label_words: str = ""
) -> FileValues:
    """Return how files are read as a person says it. Raises DatasetRejected, which names the field."""
    try:
        reading = Reading.chosen(encoding=encoding, delimiter=delimiter)
    except ValueError as error:
        raise DatasetRejected(*error.args) from None
    if not 0 < label_cut <= 1:
        raise DatasetRejected("label_cut", "The cut is a number above 0 and at most 1.")
    try:
        words = parse_words(label_words)
    except ValueError as error:
        raise DatasetRejected("label_words", str(error)) from None
    return FileValues(reading, label_cut, words)


def dataset_from_upload(
    *,
    name: str,
    files: "Mapping[str, File[Any]]",
    text_column: str,
    label_columns: LabelColumns,
    by: User | None,
    description: str = "",
    attribution: str = "",
    license_name: str = "",
    licence_class: str = "",
    values: FileValues = PLAIN_FILES,
    hold_out: HoldOut = NOTHING_HELD_OUT,
    name_sources: bool = False,
    language: str = "",
) -> Dataset:
    """Build a dataset of checked files, one for each split; a missing validation or test split is cut from train.

    `values` says how the files and their labels are read, `hold_out` which sources become test rows. With
    `name_sources` a row that names no source has its file's name as one. `language` is the base language of all rows,
    where it is known. Nothing is stored unless everything holds.
    Raises DatasetRejected (file, line, column and what to do), and PermissionDenied.
    """
    name = check_new(name=name, by=by)
    if not {"train", "test"} & set(files):
        raise DatasetRejected("file", "Choose a file with training rows, or one with test rows alone.")
    for split, file in files.items():
        if split not in SPLITS:
            raise DatasetRejected("file", f"There is no split {split!r}; there are {', '.join(SPLITS)}.")
        if (file.size or 0) > settings.DATASET_MAX_BYTES:
            raise DatasetRejected(
                "file",
                f"{_shown_name(file)} has {file.size:,} bytes; at most {settings.DATASET_MAX_BYTES:,} are read. "
                "Split the file, or raise DATASET_MAX_BYTES.",
            )
    with incoming_folder("file") as folder:
        described = {}
        for split, file in files.items():
            path = folder / f"{split}.incoming"
            with path.open("wb") as copy:
                for chunk in file.chunks():
                    copy.write(chunk)
            described[split] = {"path": str(path.resolve()), "name": _shown_name(file)}
        job = {**_files_job(described, text_column, label_columns, values), "hold_out": hold_out.job()}
        if name_sources:
            job["sources"] = {split: Path(file["name"]).stem for split, file in described.items()}
        report = run_child(job, folder)
        if language:
            report["statistics"]["language"] = language
        return dataset_store(
            folder=folder,
            report=report,
            name=name,
            kind=DatasetKind.UPLOAD,
            origin=", ".join(file["name"] for file in described.values())[:500],
            description=description,
            attribution=attribution,
            license_name=license_name,
            licence_class=checked_class(licence_class),
            created_by=by,
        )


def dataset_from_folder(
    *,
    name: str,
    folder: Path,
    by: User | None,
    text_column: str = "text",
    label_columns: LabelColumns = ("toxic",),
    description: str = "",
    attribution: str = "",
    license_name: str = "",
    licence_class: str = "",
    kind: DatasetKind = DatasetKind.FOLDER,
    values: FileValues = PLAIN_FILES,
) -> Dataset:
    """Build a dataset of the train, validation and test files (.parquet, .csv, .tsv, .jsonl) of a folder here.

    For commands only: a page must never name a path. Rows without text are left out and counted. Raises
    DatasetRejected and PermissionDenied.
    """
    name = check_new(name=name, by=by)
    files = {
        split: path
        for split in SPLITS
        for suffix in reversed(SUFFIXES)
        if (path := folder / f"{split}{suffix}").is_file()
    }
    if not {"train", "test"} & set(files):
        raise DatasetRejected(
            "folder", f"{folder} has no train (or test) .parquet, .csv, .tsv or .jsonl file."
        )
    described = {split: {"path": str(path.resolve()), "name": path.name} for split, path in files.items()}
    with incoming_folder() as incoming:
        job = {**_files_job(described, text_column, label_columns, values), "skip_empty": True}
        report = run_child(job, incoming)
        return dataset_store(
            folder=incoming,
            report=report,
            name=name,
            kind=kind,
            origin=str(folder)[:500],
            description=description,
            attribution=attribution,
            license_name=license_name,
            licence_class=checked_class(licence_class),
            created_by=by,
        )


def dataset_sample_load() -> Dataset | None:
    """Load the shipped sample where it is not there yet, and make it the test set where there is none.

    Safe to repeat; None when the sample's files are not shipped or somebody has deleted the sample.
    """
    folder = Path(settings.SAMPLE_DATASET_DIR)
    known = Dataset.objects.filter(kind=DatasetKind.SAMPLE).order_by("id").last()
    if known is not None and known.deleted_at is not None:
        return None
    if known is None:
        if not (folder / "train.parquet").is_file():
            return None
        known = dataset_from_folder(
            name=SAMPLE_NAME,
            folder=folder,
            by=None,
            label_columns=JIGSAW_LABELS,
            kind=DatasetKind.SAMPLE,
            description=(
                "Real Wikipedia comments that come with toxicsite, for trying things out. Comments with rare labels "
                "are drawn more often; the row weights restore the mix of the source."
            ),
            attribution=JIGSAW_ATTRIBUTION,
            license_name=JIGSAW_LICENCE,
        )
        Dataset.objects.filter(pk=known.pk).update(origin="training/data/sample")
    if Dataset.objects.test_set() is None:
        dataset_make_test_set(dataset=known, by=None)
    return known


def dataset_make_test_set(*, dataset: Dataset, by: User | None) -> None:
    """Measure every version on this dataset's test rows from now on. Raises NotAllowedNow, PermissionDenied.

    Evaluations on the test set before stay, under its fingerprint; versions are compared only on the same one.
    """
    require_permission(by, "training.change_dataset")
    if not dataset.directory or dataset.deleted_at is not None:
        raise NotAllowedNow(f"“{dataset}” is not loaded, so nothing can be measured on it.")
    if not dataset.rows.get("test"):
        raise NotAllowedNow(f"“{dataset}” has no test rows.")
    with transaction.atomic():
        list(Dataset.objects.select_for_update().filter(is_test_set=True))
        Dataset.objects.filter(is_test_set=True).exclude(pk=dataset.pk).update(is_test_set=False)
        Dataset.objects.filter(pk=dataset.pk).update(is_test_set=True)
    dataset.is_test_set = True


def dataset_delete(*, dataset: Dataset, by: User | None) -> None:
    """Remove a dataset's files; its row stays for what was trained on it, under another name.

    Raises NotAllowedNow while it is the test set, a run or sweep on it is not over, or retraining mixes it in; and
    PermissionDenied.
    """
    require_permission(by, "training.delete_dataset")
    if dataset.deleted_at is not None:
        raise NotAllowedNow(f"“{dataset}” is deleted already.")
    with transaction.atomic():
        locked = Dataset.objects.select_for_update().get(pk=dataset.pk)
        if locked.is_test_set:
            raise NotAllowedNow(
                "Every version is measured on this dataset. Make another one the test set first."
            )
        waiting = Experiment.objects.visible().filter(dataset=locked).exclude(status__in=OVER).first()
        if waiting is not None:
            raise NotAllowedNow(
                f"The experiment “{waiting.name}” needs it and is not over. Cancel that first."
            )
        sweep = Sweep.objects.filter(dataset=locked).exclude(status__in=OVER).first()
        if sweep is not None:
            raise NotAllowedNow(f"The sweep “{sweep.name}” needs it and is not over. Cancel that first.")
        if RetrainingPlan.objects.filter(mix_with=locked).exists():
            raise NotAllowedNow("Retraining mixes decisions with it. Choose another dataset there first.")
        path = locked.path if locked.directory else None
        ending = f" (deleted, #{locked.pk})"
        Dataset.objects.filter(pk=locked.pk).update(
            deleted_at=timezone.now(), name=locked.name[: 150 - len(ending)] + ending
        )
    if path is not None:
        shutil.rmtree(path, ignore_errors=True)
    dataset.refresh_from_db()


def checked_class(licence_class: str) -> str:
    """Return the class as given; empty means that of the licence's name. Raises DatasetRejected."""
    if licence_class and licence_class not in CLASSES:
        raise DatasetRejected(
            "licence_class", f"There is no class {licence_class!r}; use one of {', '.join(CLASSES)}."
        )
    return licence_class


def label_columns_of(text: str) -> dict[str, str]:
    """Read `toxic, label=insult` as {column: label}; the services check the names."""
    columns = {}
    for part in text.split(","):
        column, _, label = (side.strip() for side in part.partition("="))
        if column:
            columns[column] = label or column
    return columns


def column_names(label_columns: LabelColumns) -> dict[str, str]:
    """Return label columns as a mapping from column to label."""
    if isinstance(label_columns, Mapping):
        return dict(label_columns)
    return {column: column for column in label_columns}


def _files_job(
    files: Mapping[str, Mapping[str, str]],
    text_column: str,
    label_columns: LabelColumns,
    values: FileValues,
) -> dict[str, object]:
    return {
        "reader": "files",
        "files": files,
        "text_column": text_column,
        "label_columns": column_names(label_columns),
        "reading": values.reading.to_dict(),
        "labels": {"cut": values.cut, "words": dict(values.words)},
    }


def _shown_name(file: "File[Any]") -> str:
    return Path(file.name or "upload").name[:200]
