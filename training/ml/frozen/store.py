"""The frozen files: `train`, `validation` and `test` .parquet with text, labels, weight, source, comment_id, marks.

`source`, `comment_id` and `marks` are there where any row has one. `marks` is a list of [begin, end) pairs for each
row: the words that a moderator marked, in code points of `text` in the same row, in order, overlapping nowhere.
"""

from pathlib import Path
from typing import Any

import numpy as np

from toxicsite.lib.files import replacing
from training.ml.frozen.rows import OWN_COLUMNS, Rows, RowsRejected

SPLITS = ("train", "validation", "test")
GROUP_ROWS = 16_384  # of a row group, so that one page of rows is found without reading all


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
    found = {
        split: read_split(folder / f"{split}.parquet")
        for split in SPLITS
        if (folder / f"{split}.parquet").is_file()
    }
    if not found:
        raise RowsRejected("the files of this dataset are gone.")
    return found


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
    """The label columns of a frozen file, in order."""
    return tuple(name for name in columns if name not in OWN_COLUMNS)


def pick_rows(path: Path, places: list[int]) -> list[dict[str, Any]]:
    """Return the rows at these places, in this order."""
    import pyarrow.parquet as pq

    file = pq.ParquetFile(path)
    wanted: dict[int, dict[str, Any]] = {}
    begin = 0
    for group in range(file.metadata.num_row_groups):
        count = file.metadata.row_group(group).num_rows
        here = sorted(place for place in set(places) if begin <= place < begin + count)
        if here:
            taken = file.read_row_group(group).take([place - begin for place in here])
            wanted.update(zip(here, taken.to_pylist(), strict=True))
        begin += count
    return [wanted[place] for place in places if place in wanted]
