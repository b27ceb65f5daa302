"""Rows of a dataset, and the files that they are frozen in: `train`, `validation` and `test` .parquet.

A file has the columns text (as written), one a label, and weight; `source`, `comment_id` and `marks` are there where
any row has one. `marks` is a list of [begin, end) pairs for each row: the words that a moderator marked, in code points
of `text` in the same row, in order, overlapping nowhere.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from classifier.inference.normalise import normalise_text
from toxicsite.lib.files import replacing
from training.ml.data.tables import Spans, TextTable, normalised_marks

if TYPE_CHECKING:
    from numpy.typing import NDArray


LABEL_NAME = re.compile(r"^[A-Za-z][A-Za-z0-9_-]{0,63}\Z")
OWN_COLUMNS = ("text", "weight", "source", "comment_id", "marks")
DIGEST_BYTES = 16
SPLITS = ("train", "validation", "test")
GROUP_ROWS = 16_384  # of a row group, so that one page of rows is found without reading all


class RowsRejected(ValueError):
    """Rows cannot be taken; the message names file, line, row and column where there is one, and says what to do.

    `field` is what the person has to change: "file", "text_column", "label_columns", "parts", …
    """

    def __init__(
        self,
        message: str,
        *,
        field: str = "file",
        file: str = "",
        line: int = 0,
        row: int | None = None,
        column: str = "",
    ) -> None:
        where = [file] if file else []
        where += [f"line {line:,}"] if line else []
        where += [f"row {row:,}"] if row is not None else []
        where += [f"column {column!r}"] if column else []
        super().__init__(f"{', '.join(where)}: {message}" if where else message)
        self.field = field


@dataclass(frozen=True)
class Limits:
    """What a file may hold at most; `unpacked` are bytes after decompression."""

    bytes: int = 100 * 1024 * 1024
    rows: int = 1_000_000
    columns: int = 64
    characters: int = 100_000

    @property
    def unpacked(self) -> int:
        return self.bytes * 4


@dataclass(frozen=True)
class Rows:
    """`texts` as written; `targets` [rows, labels] in {0, 1, -1 unknown}; `weights` [rows]; both float32.

    `sources` are empty strings where unknown, `comment_ids` 0 where a row comes from no comment. `marks` are the words
    that a moderator marked: [begin, end) in code points of the text as written, empty where nobody marked any.
    """

    texts: list[str]
    targets: "NDArray[np.float32]"
    weights: "NDArray[np.float32]"
    labels: tuple[str, ...]
    sources: list[str] = field(default_factory=list)
    comment_ids: list[int] = field(default_factory=list)
    marks: list[Spans] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not self.sources:
            object.__setattr__(self, "sources", [""] * len(self.texts))
        if not self.comment_ids:
            object.__setattr__(self, "comment_ids", [0] * len(self.texts))
        if not self.marks:
            object.__setattr__(self, "marks", [[]] * len(self.texts))

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, index: "Sequence[int] | NDArray[np.int64]") -> "Rows":
        """Return these rows, in this order."""
        where = np.asarray(index, dtype=np.int64)
        return Rows(
            [self.texts[i] for i in where],
            self.targets[where],
            self.weights[where],
            self.labels,
            [self.sources[i] for i in where],
            [self.comment_ids[i] for i in where],
            [self.marks[i] for i in where],
        )

    def with_labels(self, labels: Sequence[str]) -> "Rows":
        """Return the rows with these labels; one that they do not have is unknown."""
        targets = np.full((len(self), len(labels)), -1, dtype=np.float32)
        for position, label in enumerate(labels):
            if label in self.labels:
                targets[:, position] = self.targets[:, self.labels.index(label)]
        return Rows(
            self.texts, targets, self.weights, tuple(labels), self.sources, self.comment_ids, self.marks
        )

    def table(self) -> TextTable:
        """Return the rows as recipes and evaluation see them, texts normalised."""
        return TextTable(
            [normalise_text(text) for text in self.texts],
            self.targets,
            self.weights,
            self.labels,
            self.sources if any(self.sources) else None,
            normalised_marks(self.texts, self.marks) if any(self.marks) else None,
        )

    def digests(self) -> list[bytes]:
        """Return a digest of each row's normalised text, ignoring case: rows with the same digest say the same."""
        return [text_digest(text) for text in self.texts]


def text_digest(text: str) -> bytes:
    """Return the digest under which two texts count as the same one."""
    normalised = normalise_text(text).casefold()
    return hashlib.sha256(normalised.encode("utf-8", "surrogatepass")).digest()[:DIGEST_BYTES]


def concatenate(parts: Sequence[Rows], labels: Sequence[str]) -> Rows:
    """Return the rows of all parts in order, with `labels`."""
    aligned = [part.with_labels(labels) for part in parts]
    return Rows(
        [text for part in aligned for text in part.texts],
        np.concatenate([part.targets for part in aligned])
        if aligned
        else np.zeros((0, len(labels)), np.float32),
        np.concatenate([part.weights for part in aligned]) if aligned else np.zeros(0, np.float32),
        tuple(labels),
        [source for part in aligned for source in part.sources],
        [comment for part in aligned for comment in part.comment_ids],
        [spans for part in aligned for spans in part.marks],
    )


def united_labels(groups: Iterable[Sequence[str]]) -> tuple[str, ...]:
    """Return every label once, in the order in which they are first met."""
    return tuple(dict.fromkeys(label for labels in groups for label in labels))


def write_splits(splits: dict[str, Rows], folder: Path) -> None:
    """Write each split's file into `folder`, each aside first and then renamed."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder.mkdir(parents=True, exist_ok=True)
    for split, rows in splits.items():
        columns: dict[str, Any] = {"text": pa.array(rows.texts, pa.string())}
        for position, label in enumerate(rows.labels):
            columns[label] = pa.array(rows.targets[:, position].astype(np.int8))
        columns["weight"] = pa.array(rows.weights)
        if any(rows.sources):
            columns["source"] = pa.array(rows.sources, pa.string())
        if any(rows.comment_ids):
            columns["comment_id"] = pa.array(rows.comment_ids, pa.int64())
        if any(rows.marks):
            columns["marks"] = pa.array(rows.marks, pa.list_(pa.list_(pa.int32())))
        with replacing(folder / f"{split}.parquet") as aside:
            pq.write_table(
                pa.table(columns), aside, compression="zstd", compression_level=9, row_group_size=GROUP_ROWS
            )


def read_splits(folder: Path) -> dict[str, Rows]:
    """Read the splits that a frozen folder has. Raises RowsRejected when it is none."""
    splits = {
        split: read_split(folder / f"{split}.parquet")
        for split in SPLITS
        if (folder / f"{split}.parquet").is_file()
    }
    if not splits:
        raise RowsRejected("the files of this dataset are gone.")
    return splits


def read_split(path: Path) -> Rows:
    """Read one frozen file whole."""
    import pyarrow.parquet as pq

    table = pq.ParquetFile(path).read()
    labels = labels_of(table.column_names)
    count = table.num_rows
    targets = np.full((count, len(labels)), -1, dtype=np.float32)
    for position, label in enumerate(labels):
        targets[:, position] = table.column(label).to_numpy()
    return Rows(
        table.column("text").to_pylist(),
        targets,
        table.column("weight").to_numpy().astype(np.float32),
        labels,
        table.column("source").to_pylist() if "source" in table.column_names else [],
        table.column("comment_id").to_pylist() if "comment_id" in table.column_names else [],
        table.column("marks").to_pylist() if "marks" in table.column_names else [],
    )


def labels_of(columns: list[str]) -> tuple[str, ...]:
    """Return the label columns of a frozen file, in order."""
    return tuple(name for name in columns if name not in OWN_COLUMNS)


def pick_rows(path: Path, places: list[int]) -> list[dict[str, Any]]:
    """Return the rows at these places, in this order."""
    import pyarrow.parquet as pq

    file = pq.ParquetFile(path)
    wanted: dict[int, dict[str, Any]] = {}
    begin = 0
    for group in range(file.metadata.num_row_groups):
        count = file.metadata.row_group(group).num_rows
        here = sorted(position for position in set(places) if begin <= position < begin + count)
        if here:
            taken = file.read_row_group(group).take([position - begin for position in here])
            wanted.update(zip(here, taken.to_pylist(), strict=True))
        begin += count
    return [wanted[position] for position in places if position in wanted]
