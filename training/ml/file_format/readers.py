"""Reading one CSV, JSONL or parquet file that anybody may have made; nothing in it is believed unchecked."""

import csv
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from training.ml.file_format.rows import Limits, Rows, RowsRejected
from training.ml.file_format.values import Collector, check_columns, check_label_columns

KINDS = {
    ".csv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
}
MAGIC = {b"PAR1": "a parquet file", b"\x1f\x8b": "compressed (gzip)", b"PK\x03\x04": "compressed (zip)"}
BATCH_ROWS = 512
LONGEST_FOOTER_STRING, MOST_FOOTER_ITEMS = 8 * 1024 * 1024, 1_000_000


def kind_of(name: str) -> str:
    """Return csv, jsonl or parquet by the file's name. Raises RowsRejected."""
    kind = KINDS.get(Path(name).suffix.lower())
    if kind is None:
        raise RowsRejected("use a .csv, .jsonl or .parquet file, not compressed.", file=name)
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
) -> tuple[Rows, int]:
    """Read every row of a file, called `name` in messages, or raise RowsRejected at the first thing wrong.

    Returns the rows and how many without text were left out (with `skip_empty`); `partial` as in Collector.

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
    _check_magic(path, kind, name)
    collector = Collector(name, text_column, label_columns, limits, skip_empty=skip_empty, partial=partial)
    columns = {text_column, *label_columns, "weight", "source"}
    if kind == "csv":
        _read_csv(path, collector, columns)
    elif kind == "jsonl":
        _read_jsonl(path, collector, columns)
    else:
        _read_parquet(path, collector, columns)
    return collector.rows(), collector.empty


def _check_magic(path: Path, kind: str, name: str) -> None:
    with path.open("rb") as file:
        start = file.read(4)
    for magic, what in MAGIC.items():
        if start.startswith(magic) and not (kind == "parquet" and magic == b"PAR1"):
            raise RowsRejected(
                f"this is {what}, whatever its name says; bring plain CSV, JSONL or parquet.", file=name
            )
    if kind != "parquet" and start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise RowsRejected("this is UTF-16; save the file as UTF-8.", file=name)


def _read_csv(path: Path, collector: Collector, columns: set[str]) -> None:
    file_name = collector.file
    csv.field_size_limit(collector.limits.characters + 1)
    with path.open("rb") as raw:
        reader = csv.reader(_lines(raw, file_name), strict=True)
        try:
            header = [name.strip() for name in next(reader, [])]
            if len(header) == 1 and any(mark in header[0] for mark in ";\t"):
                raise RowsRejected("separate the columns by commas.", file=file_name)
            check_columns(header, collector.text_column, collector.required, file_name, collector.limits)
            wanted = [(index, name) for index, name in enumerate(header) if name in columns]
            for values in reader:
                if not values:  # a blank line
                    continue
                if len(values) != len(header):
                    raise RowsRejected(
                        f"there are {len(values)} values where the header names {len(header)} columns; put texts with "
                        f"commas, quotes or line breaks in double quotes (near line {reader.line_num:,}).",
                        file=file_name,
                        row=collector.seen + 1,
                    )
                collector.add({name: values[index] for index, name in wanted})
        except csv.Error as error:
            raise RowsRejected(
                f"the CSV is broken near line {reader.line_num:,}: {error}.",
                file=file_name,
                row=collector.seen + 1,
            ) from error


def _lines(raw: BinaryIO, file_name: str) -> Iterator[str]:
    """Yield the lines as UTF-8, each with its own end, so that a wrong byte is reported with its line."""
    for number, line in enumerate(raw, start=1):
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise RowsRejected(
                f"line {number:,} is not UTF-8 (byte {error.start + 1}); save the file as UTF-8.",
                file=file_name,
            ) from error
        if "\x00" in text:
            raise RowsRejected(f"line {number:,} holds a NUL character; remove it.", file=file_name)
        yield text


def _read_jsonl(path: Path, collector: Collector, columns: set[str]) -> None:
    longest = collector.limits.characters * 12 + 100_000  # every character escaped, twice for rare ones
    with path.open("rb") as raw:
        for number, line in enumerate(_lines(raw, collector.file), start=1):
            if not line.strip():
                continue
            if len(line) > longest:
                raise RowsRejected(
                    f"line {number:,} is too long; write one object a line.", file=collector.file
                )
            row = _object(line, number, collector.file)
            if collector.seen == 0:
                check_columns(
                    list(row),
                    collector.text_column,
                    collector.required,
                    collector.file,
                    collector.limits,
                )
            collector.add({name: value for name, value in row.items() if name in columns})


def _object(line: str, number: int, file_name: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        if number == 1 and line.lstrip().startswith("["):
            raise RowsRejected(
                "write one JSON object a line, without a list around.", file=file_name
            ) from error
        raise RowsRejected(
            f"line {number:,} is not JSON ({str(error)[:100]}); write one object a line.", file=file_name
        ) from error
    if not isinstance(row, dict):
        raise RowsRejected(f"line {number:,} is no JSON object; write one object a line.", file=file_name)
    return row


def _read_parquet(path: Path, collector: Collector, columns: set[str]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    name, limits = collector.file, collector.limits
    try:
        file = pq.ParquetFile(
            path,
            pre_buffer=False,
            thrift_string_size_limit=LONGEST_FOOTER_STRING,
            thrift_container_size_limit=MOST_FOOTER_ITEMS,
        )
        schema = file.schema_arrow
        check_columns(schema.names, collector.text_column, collector.required, name, limits)
        if not _is_text(schema.field(collector.text_column).type):
            raise RowsRejected(
                f"the text is of type {str(schema.field(collector.text_column).type)[:60]}; store it as a string.",
                field="text_column",
                file=name,
                column=collector.text_column,
            )
        wanted = [column for column in schema.names if column in columns]
        if any(pa.types.is_nested(schema.field(column).type) for column in wanted):
            raise RowsRejected("labels and weights are plain numbers, not lists or structures.", file=name)
        _check_claims(file.metadata, wanted, name, limits)
        for batch in file.iter_batches(batch_size=BATCH_ROWS, columns=wanted, use_threads=False):
            if batch.nbytes > limits.bytes * 2:
                raise MemoryError
            for row in batch.to_pylist():
                collector.add(row)
    except MemoryError as error:
        raise RowsRejected(
            "unpacking it takes more memory than is allowed; bring a smaller file.", file=name
        ) from error
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise RowsRejected(
            f"this is no readable parquet file ({str(error).splitlines()[0][:120]}).", file=name
        ) from error


def _check_claims(metadata: Any, wanted: list[str], name: str, limits: Limits) -> None:
    """Check what the footer claims before a single page is unpacked; the reading checks it again."""
    if metadata.num_rows > limits.rows:
        raise RowsRejected(
            f"there are {metadata.num_rows:,} rows; at most {limits.rows:,} are read. Split the file, or raise "
            "DATASET_MAX_ROWS.",
            file=name,
        )
    unpacked = sum(
        metadata.row_group(group).column(column).total_uncompressed_size
        for group in range(metadata.num_row_groups)
        for column in range(metadata.num_columns)
        if metadata.row_group(group).column(column).path_in_schema in wanted
    )
    if unpacked > limits.unpacked:
        raise RowsRejected(
            f"unpacked it has {unpacked:,} bytes; at most {limits.unpacked:,} are read.", file=name
        )


def _is_text(kind: Any) -> bool:
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))
