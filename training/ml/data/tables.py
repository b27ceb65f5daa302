"""Rows of text with labels, from a hub name or a parquet / CSV / JSONL file."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from classifier.inference.normalise import normalise, normalise_text

if TYPE_CHECKING:
    from numpy.typing import NDArray

Spans = Sequence[Sequence[int]]
"""[begin, end) pairs in code points of a text."""
FILE_KINDS = {".parquet": "parquet", ".csv": "csv", ".jsonl": "json", ".json": "json"}


class DataError(ValueError):
    """A data source cannot be read, or lacks a column; the message says which and what is there."""


@dataclass(frozen=True)
class TextTable:
    """Normalised texts; `targets` [rows, labels] float32 in {0, 1, -1 unknown}; `weights` [rows] float32.

    `sources` says where each row comes from, `marks` which words of the normalised text a moderator marked; None when
    the data do not tell. Neither is part of the fingerprint.
    """

    texts: list[str]
    targets: "NDArray[np.float32]"
    weights: "NDArray[np.float32]"
    labels: tuple[str, ...]
    sources: list[str] | None = None
    marks: list[Spans] | None = None

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, rows: "Sequence[int] | NDArray[np.int64]") -> "TextTable":
        """Return the table of these rows, in this order."""
        index = np.asarray(rows, dtype=np.int64)
        return TextTable(
            [self.texts[i] for i in index],
            self.targets[index],
            self.weights[index],
            self.labels,
            None if self.sources is None else [self.sources[i] for i in index],
            None if self.marks is None else [self.marks[i] for i in index],
        )

    def loss_weights(self) -> "NDArray[np.float32] | None":
        """Return the row weights scaled to a mean of 1, for the loss; None where all rows weigh the same."""
        if len(self) == 0 or (self.weights == self.weights[0]).all():
            return None
        scaled: NDArray[np.float32] = (self.weights / self.weights.mean(dtype=np.float64)).astype(np.float32)
        return scaled

    def fingerprint(self) -> str:
        """Return the sha256 over texts, targets and weights: two tables with the same one hold the same rows."""
        digest = hashlib.sha256("\x1f".join(self.labels).encode())
        for text in self.texts:
            digest.update(text.encode("utf-8", "surrogatepass") + b"\x1e")
        digest.update(self.targets.tobytes())
        digest.update(self.weights.tobytes())
        return digest.hexdigest()


def load_rows(source: str, split: str) -> Any:
    """Return a `datasets.Dataset` for a file, a folder of SPLIT.* files, a hub name, or `hub-name:split`."""
    import datasets

    datasets.disable_progress_bars()

    path = Path(source)
    if path.is_dir():
        files = [path / f"{split}{suffix}" for suffix in FILE_KINDS if (path / f"{split}{suffix}").is_file()]
        if not files:
            raise DataError(f"folder {source} has no {split}.parquet, .csv or .jsonl")
        path = files[0]
    if path.is_file():
        kind = FILE_KINDS.get(path.suffix)
        if kind is None:
            raise DataError(f"{source}: use a .parquet, .csv or .jsonl file")
        return datasets.load_dataset(kind, data_files=str(path), split="train")
    if path.suffix in FILE_KINDS:
        raise DataError(f"there is no file {source}")
    name, _, own_split = source.partition(":")
    try:
        return datasets.load_dataset(name, split=own_split or split)
    except Exception as error:
        raise DataError(f"neither a file nor a reachable hub dataset: {source} ({error})") from error


def load_table(
    source: str, split: str, *, text_column: str, labels: Sequence[str], drop_leaked: bool = True
) -> TextTable:
    """Read a source into a TextTable.

    A missing label column counts as unknown (-1), except that the first label may stand in a column named `label`.
    `weight`, `source` and `marks` are read when there. Rows flagged `in_train_text` are left out (leakage). Raises
    DataError.
    """
    rows = load_rows(source, split)
    columns = list(rows.column_names)
    if text_column not in columns:
        raise DataError(f"{source} has no column {text_column!r}; it has: {', '.join(columns)}")
    if drop_leaked and "in_train_text" in columns:
        rows = rows.filter(lambda flags: [not f for f in flags], input_columns="in_train_text", batched=True)
    where = {label: label if label in columns else None for label in labels}
    if where[labels[0]] is None and "label" in columns:
        where[labels[0]] = "label"
    if not any(where.values()):
        raise DataError(
            f"{source} has none of the label columns {', '.join(labels)}; it has: {', '.join(columns)}"
        )
    targets = np.full((len(rows), len(labels)), -1, dtype=np.float32)
    for position, label in enumerate(labels):
        if (column := where[label]) is not None:
            values = np.asarray(rows[column], dtype=np.float32)
            if not np.isin(values, (-1, 0, 1)).all():
                raise DataError(f"{source}: column {column!r} must hold 0, 1 or -1 (unknown)")
            targets[:, position] = values
    weights = (
        np.asarray(rows["weight"], dtype=np.float32)
        if "weight" in columns
        else np.ones(len(rows), np.float32)
    )
    texts = [normalise_text(text or "") for text in rows[text_column]]
    sources = [str(source or "") for source in rows["source"]] if "source" in columns else None
    return TextTable(texts, targets, weights, tuple(labels), sources, _marks_of(rows, text_column))


def _marks_of(rows: Any, text_column: str) -> list[Spans] | None:
    """Return the marked words; None where another's file means something else by a column of that name."""
    if "marks" not in rows.column_names or not all(isinstance(spans, list) for spans in rows["marks"]):
        return None
    return normalised_marks([text or "" for text in rows[text_column]], list(rows["marks"]))


def normalised_marks(texts: Sequence[str], marks: Sequence[Spans]) -> list[Spans]:
    """Return the spans of the texts as written in code points of the normalised texts.

    A character stands for a mark when any of what it was made of was marked; of what normalising removes nothing
    stays.
    """
    return [_normalised(text, spans) if spans else [] for text, spans in zip(texts, marks, strict=True)]


def _normalised(text: str, spans: Spans) -> Spans:
    cleaned = normalise(text)
    places = [cleaned.original_span(position, position + 1) for position in range(len(cleaned.text))]
    normalised: list[list[int]] = []
    for begin, end in spans:
        inside = [position for position, (first, last) in enumerate(places) if first < end and begin < last]
        if inside:
            normalised.append([inside[0], inside[-1] + 1])
    return normalised
