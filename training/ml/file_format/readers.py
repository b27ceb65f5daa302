"""Reading one file of training rows that anybody may have made; nothing in it is believed unchecked."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from classifier.inference.files.layout import GUESSED, Layout, Reading, folded_name, layout_of
from classifier.inference.files.lines import FileUnreadable
from classifier.inference.files.parquet import ParquetLimits, parquet_columns
from classifier.inference.files.rows import FileRow, rows_of
from training.ml.file_format.label_studio import is_task, task_row
from training.ml.file_format.rows import Limits, Rows, RowsRejected
from training.ml.file_format.values import (
    PLAIN_LABELS,
    Collector,
    LabelReading,
    check_columns,
    check_label_columns,
)

KINDS = {
    **dict.fromkeys((".csv", ".tsv", ".tab", ".txt"), "csv"),
    **dict.fromkeys((".jsonl", ".ndjson", ".json"), "jsonl"),
    **dict.fromkeys((".parquet", ".pq"), "parquet"),
}
BROKEN_SHARE = 100  # of so many rows, one may be broken; it is left out and counted
BROKEN_NAMED = 5


@dataclass(frozen=True)
class FileReport:
    """How a file was read: what was found out about it, and what was left out, by reason."""

    layout: dict[str, Any]
    left_out: dict[str, int]
    broken_lines: list[int] = field(default_factory=list)
    graded: int = 0  # labels that the cut turned into 0 or 1


def kind_of(name: str) -> str:
    """Return csv, jsonl or parquet by the file's name. Raises RowsRejected."""
    kind = KINDS.get(Path(name).suffix.lower())
    if kind is None:
        raise RowsRejected("use a .csv, .tsv, .jsonl, .json or .parquet file, not compressed.", file=name)
    return kind


def read_file(
    path: Path,
    *,
    name: str,
    text_column: str,
    label_columns: Mapping[str, str],
    limits: Limits,
    skip_empty: bool = False,
    partial: bool = False,
    reading: Reading = GUESSED,
    labels: LabelReading = PLAIN_LABELS,
) -> tuple[Rows, FileReport]:
    """Read every row of a file, called `name` in messages, or raise RowsRejected at the first value that is wrong.

    Returns the rows and how the file was read: rows without text are left out with `skip_empty`, and broken ones (a
    quote that is not doubled, bytes of another encoding) while they are at most one of BROKEN_SHARE rows. A smaller
    file is mended by hand. `partial` as in Collector; `labels` says how graded labels and words are read.

    `label_columns` maps a column of the file to the label that it holds. Columns `weight` and `source` are read where
    they are there; all others are left out.
    """
    kind = kind_of(name)
    check_label_columns(label_columns, text_column)
    size = path.stat().st_size
    if size > limits.bytes:
        raise RowsRejected(
            f"the file has {size:,} bytes; at most {limits.bytes:,} are read (DATASET_MAX_BYTES).", file=name
        )
    if size == 0:
        raise RowsRejected("the file is empty.", file=name)
    collector = Collector(
        name, text_column, label_columns, limits, skip_empty=skip_empty, partial=partial, labels=labels
    )
    columns = {text_column, *label_columns, "weight", "source"}
    try:
        layout = _layout(path, kind, reading, columns)
        broken = _collect(path, layout, collector, columns)
    except FileUnreadable as error:
        message = str(error)
        if "rows; at most" in message:
            message += " Split the file, or raise DATASET_MAX_ROWS."
        raise RowsRejected(message[:1].lower() + message[1:], file=name) from error
    if len(broken) * BROKEN_SHARE > collector.seen:
        first = broken[0]
        raise RowsRejected(
            f"line {first.line:,} is broken: {first.problem[:1].lower()}{first.problem[1:]} {len(broken):,} of "
            f"{collector.seen + len(broken):,} rows are; mend them.",
            file=name,
        )
    left_out = {"empty": collector.empty, "broken": len(broken)}
    lines = [row.line for row in broken[:BROKEN_NAMED]]
    rows = collector.rows()
    report = FileReport(
        layout.to_dict(),
        {reason: count for reason, count in left_out.items() if count},
        lines,
        collector.graded,
    )
    return rows, report


def _layout(path: Path, kind: str, reading: Reading, columns: set[str]) -> Layout:
    """Return how the file is read. Raises FileUnreadable, also where it is not what its name says."""
    reading = Reading("parquet") if kind == "parquet" else replace(reading, format=kind)
    return layout_of(path, reading, names=set(map(folded_name, columns)))


def _collect(path: Path, layout: Layout, collector: Collector, columns: set[str]) -> list[FileRow]:
    """Add every row to the collector; return the broken ones."""
    names, limits = collector.file, collector.limits
    parquet = ParquetLimits()
    if layout.format == "csv":
        check_columns(layout.header, collector.text_column, collector.required, names, limits)
    elif layout.format == "parquet":
        parquet = _parquet_limits(path, collector, columns)
    broken: list[FileRow] = []
    for row in rows_of(path, layout, limits=parquet):
        if row.values is None:
            broken.append(FileRow(row.line, None, row.problem, row.end, row.last_line))
            if len(broken) > limits.rows:
                raise RowsRejected(f"line {row.line:,} is broken: {row.problem}", file=names)
            continue
        if is_task(row.values):
            collector.line = row.line
            collector.add(task_row(row.values, collector.text_column, collector.label_columns))
            continue
        if collector.seen == 0 and layout.format in ("json", "jsonl"):
            check_columns(list(row.values), collector.text_column, collector.required, names, limits)
        collector.line = row.line
        collector.add({name: value for name, value in row.values.items() if name in columns})
    return broken


def _parquet_limits(path: Path, collector: Collector, columns: set[str]) -> ParquetLimits:
    """Check the columns that a parquet file claims, and return what may be read of it. Raises RowsRejected."""
    name, limits = collector.file, collector.limits
    types = parquet_columns(path)
    check_columns(list(types), collector.text_column, collector.required, name, limits)
    if "string" not in types[collector.text_column]:
        raise RowsRejected(
            f"the text is of type {types[collector.text_column][:60]}; store it as a string.",
            field="text_column",
            file=name,
            column=collector.text_column,
        )
    wanted = tuple(column for column in types if column in columns)
    if any(
        types[column].startswith(("list", "large_list", "struct", "map", "fixed_size_list"))
        for column in wanted
    ):
        raise RowsRejected("labels and weights are plain numbers, not lists or structures.", file=name)
    return ParquetLimits(limits.rows, limits.unpacked, limits.bytes * 2, wanted)
