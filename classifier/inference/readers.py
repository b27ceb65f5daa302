"""Texts of a CSV, JSON Lines or Parquet file, read in parts so that memory stays small."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path

from classifier.inference.errors import InferenceError

MAX_LINE_BYTES = 32 << 20
PARQUET_ROWS = 256


class InputUnreadable(InferenceError):
    """A file of texts cannot be read; the message says where and what to do."""


def read_texts(path: Path, column: str) -> Iterator[str]:
    """Yield the texts of `column` in the file's order; the file's ending says what it is."""
    readers = {".csv": _csv, ".jsonl": _jsonl, ".ndjson": _jsonl, ".parquet": _parquet}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise InputUnreadable(f"{path}: the ending must be .csv, .jsonl or .parquet")
    try:
        yield from reader(path, column)
    except OSError as error:
        raise InputUnreadable(f"{path}: cannot be read ({error.strerror or error})") from None


def _csv(path: Path, column: str) -> Iterator[str]:
    csv.field_size_limit(MAX_LINE_BYTES)
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = csv.DictReader(stream, strict=True)
        try:
            _require(path, column, list(rows.fieldnames or []))
            for row in rows:
                value = row.get(column)
                if value is None:
                    raise InputUnreadable(
                        f"{path}: the row that ends in line {rows.line_num} has no {column!r}"
                    )
                yield value
        except csv.Error as error:
            raise InputUnreadable(f"{path}: line {rows.line_num} is not CSV: {error}") from None
        except UnicodeDecodeError as error:
            raise InputUnreadable(
                f"{path}: after line {rows.line_num} comes what is not UTF-8 ({error.reason}); save it as UTF-8"
            ) from None


def _jsonl(path: Path, column: str) -> Iterator[str]:
    with path.open("rb") as stream:
        number = 0
        while line := stream.readline(MAX_LINE_BYTES + 1):
            number += 1
            if len(line) > MAX_LINE_BYTES:
                raise InputUnreadable(f"{path}: line {number} is longer than {MAX_LINE_BYTES:,} bytes")
            if not line.strip():
                continue
            try:
                row = json.loads(line.decode("utf-8-sig" if number == 1 else "utf-8"))
            except UnicodeDecodeError as error:
                raise InputUnreadable(f"{path}: line {number} is not UTF-8 ({error.reason})") from None
            except (ValueError, RecursionError) as error:
                raise InputUnreadable(f"{path}: line {number} is not JSON: {error}") from None
            if not isinstance(row, dict):
                raise InputUnreadable(f"{path}: line {number} is not a JSON object")
            if column not in row:
                _require(path, column, list(row), f"line {number}")
            if not isinstance(row[column], str):
                raise InputUnreadable(f"{path}: line {number}: {column!r} is not a string")
            yield row[column]


def _parquet(path: Path, column: str) -> Iterator[str]:
    import pyarrow
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            _require(path, column, file.schema_arrow.names)
            kind = file.schema_arrow.field(column).type
            if pyarrow.types.is_dictionary(kind):
                kind = kind.value_type
            if not (pyarrow.types.is_string(kind) or pyarrow.types.is_large_string(kind)):
                raise InputUnreadable(f"{path}: column {column!r} holds {kind}, not strings")
            number = 0
            for batch in file.iter_batches(batch_size=PARQUET_ROWS, columns=[column]):
                for value in batch.column(0).to_pylist():
                    number += 1
                    if value is None:
                        raise InputUnreadable(f"{path}: row {number}: {column!r} is null")
                    yield value
    except (pyarrow.ArrowException, UnicodeDecodeError) as error:
        raise InputUnreadable(f"{path}: is not a readable Parquet file: {error}") from None


def _require(path: Path, column: str, names: list[str], part: str = "the file") -> None:
    if column not in names:
        known = ", ".join(repr(name) for name in names[:20]) or "none"
        raise InputUnreadable(
            f"{path}: {part} has no column {column!r} (it has {known}); choose one with --text-column"
        )
