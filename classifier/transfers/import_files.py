"""Files of comments, read a row at a time: CSV and JSON Lines in UTF-8, in bounded memory, from any row's end on.

An error in one row is a problem of that row. What makes the rest of the file unreadable (another encoding, a quote that
is never closed, an archive) is an UnreadableFile, which names the line.
"""

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import IO, Any

from classifier.core.validation import InvalidInput, ValidationProblem

LINE_BYTES = 4 * 1024 * 1024
FIELD_CHARACTERS = LINE_BYTES  # a field that is too long for a comment is a problem of its row alone
COLUMNS_MAX = 200
NAME_CHARACTERS = 100
DELIMITERS = (",", ";", "\t", "|")
FORMATS = ("csv", "jsonl")
RAW_CHARACTERS = 2_000
PREVIEW_ROWS = 10
PREVIEW_READ = 200  # rows that are checked, beyond those that are shown
_BOM = b"\xef\xbb\xbf"
_FOREIGN = (
    (b"PK\x03\x04", "a zip archive (or an Excel workbook); unpack it, or save the sheet as CSV"),
    (b"\x1f\x8b", "compressed with gzip; unpack it first"),
    (b"\xff\xfe", "UTF-16; save it as UTF-8"),
    (b"\xfe\xff", "UTF-16; save it as UTF-8"),
    (b"PAR1", "a parquet file; export it as CSV or JSONL"),
    (b"%PDF", "a PDF"),
)


class UnreadableFile(ValueError):
    """The file cannot be read (further); the message says where and why."""


@dataclass(frozen=True)
class Layout:
    """How to read a file: its format and, for CSV, the delimiter and the names in the header."""

    format: str
    delimiter: str = ","
    header: tuple[str, ...] = ()
    begin: int = 0  # bytes before the first row
    line: int = 0  # lines before it


@dataclass(frozen=True)
class FileRow:
    """A row and where it ends: `values` by column, or None with the `problem`; `raw` is the row as in the file."""

    line: int
    values: dict[str, Any] | None
    problem: str
    end: int
    last_line: int
    raw: Any = field(repr=False, default=None)


def layout_of(path: Path, file_format: str = "") -> Layout:
    """Find out how to read a file; `file_format` is csv or jsonl, or empty to decide by the first character.

    Raises UnreadableFile.
    """
    with path.open("rb") as stream:
        start = stream.read(1024)
        for magic, what in _FOREIGN:
            if start.startswith(magic):
                raise UnreadableFile(f"This file is {what}.")
        begin = len(_BOM) if start.startswith(_BOM) else 0
        body = start[begin:].lstrip()
        if not body:
            raise UnreadableFile("This file is empty.")
        if not file_format:
            file_format = "jsonl" if body[:1] in (b"{", b"[") else "csv"
        if file_format == "jsonl":
            if body[:1] == b"[":
                raise UnreadableFile("This is one JSON list. Write one object a line instead (JSON Lines).")
            return Layout("jsonl", begin=begin)
        stream.seek(begin)
        return _csv_layout(stream, begin)


def rows_of(path: Path, layout: Layout, *, begin: int | None = None, line: int = 0) -> Iterator[FileRow]:
    """Yield the rows of a file, or those after byte `begin`, where a row ended after `line` lines.

    Raises UnreadableFile.
    """
    with path.open("rb") as stream:
        lines = _Lines(stream, layout.begin, layout.line) if begin is None else _Lines(stream, begin, line)
        stream.seek(lines.offset)
        yield from _csv_rows(lines, layout) if layout.format == "csv" else _json_rows(lines)


@dataclass(frozen=True)
class FilePreview:
    """What the first rows of a file look like: its columns, some rows, and the problems of the rows checked."""

    layout: Layout
    names: list[str]
    rows: list[FileRow]
    errors: list[tuple[FileRow, Sequence[ValidationProblem]]]
    looked_at: int


def first_rows(path: Path, file_format: str = "") -> tuple[Layout, list[str], list[FileRow]]:
    """Return the layout, the column names and the first rows. Raises InvalidInput (`file`) for an unreadable file."""
    try:
        layout = layout_of(path, file_format)
        rows = list(islice(rows_of(path, layout), PREVIEW_READ))
    except UnreadableFile as error:
        raise InvalidInput([ValidationProblem("file", str(error), "unreadable")]) from None
    names = list(layout.header) or list(dict.fromkeys(name for row in rows for name in row.values or ()))
    return layout, names, rows


def wrong_rows(
    rows: Iterable[FileRow], check: Callable[[FileRow], Sequence[ValidationProblem]]
) -> list[tuple[FileRow, Sequence[ValidationProblem]]]:
    """Return the rows in which `check` finds problems, with those problems."""
    return [(row, problems) for row in rows if (problems := check(row))]


def raw_text(raw: Any) -> str:
    """Return the row as it is in the file, shortened, for previews and the file of errors."""
    text = raw if isinstance(raw, str) else json.dumps(raw, ensure_ascii=False)
    text = text.encode("utf-8", "backslashreplace").decode().replace("\x00", "\\x00")
    return text if len(text) <= RAW_CHARACTERS else f"{text[:RAW_CHARACTERS]}…"


class _Lines:
    """Lines as text, with the offset behind them. Raises UnreadableFile for a line that is too long."""

    def __init__(self, stream: IO[bytes], offset: int, number: int) -> None:
        self.stream = stream
        self.offset = offset
        self.number = number

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        raw = self.stream.readline(LINE_BYTES + 1)
        if not raw:
            raise StopIteration
        self.number += 1
        if len(raw) > LINE_BYTES:
            raise UnreadableFile(f"Line {self.number:,} is longer than {LINE_BYTES:,} bytes.")
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError as error:
            at = self.offset + error.start
            raise UnreadableFile(
                f"Line {self.number:,} is not UTF-8: byte 0x{raw[error.start]:02x} at offset {at:,}. "
                "Save the file as UTF-8."
            ) from None
        self.offset += len(raw)
        return text


def _csv_layout(stream: IO[bytes], begin: int) -> Layout:
    lines = _Lines(stream, begin, 0)
    first = next(lines, "")
    while first and not first.strip():
        first = next(lines, "")
    delimiter = max(DELIMITERS, key=first.count)
    try:
        header = next(_cells(_chained(first, lines), delimiter))
    except csv.Error as error:
        raise UnreadableFile(f"The first line is not the header of a CSV file: {error}.") from None
    names = [name.strip() for name in header]
    if "\x00" in "".join(names):
        raise UnreadableFile("This is not a text file: its first line holds NUL characters.")
    if len(names) > COLUMNS_MAX or any(len(name) > NAME_CHARACTERS for name in names):
        message = f"at most {COLUMNS_MAX} columns with names of up to {NAME_CHARACTERS} characters"
        raise UnreadableFile(f"The first line is not the header of a CSV file: {message}.")
    named = [name or f"column {number}" for number, name in enumerate(names, start=1)]
    twice = next((name for name in named if named.count(name) > 1), None)
    if twice is not None:
        raise UnreadableFile(f"Two columns are called {twice!r}. Give every column a name of its own.")
    return Layout("csv", delimiter, tuple(named), lines.offset, lines.number)


def _chained(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest


def _cells(lines: Iterator[str], delimiter: str) -> Iterator[list[str]]:
    csv.field_size_limit(
        FIELD_CHARACTERS
    )  # the limit is of the whole process; a quote that is not closed ends there
    return csv.reader(lines, delimiter=delimiter, strict=True)


def _csv_rows(lines: _Lines, layout: Layout) -> Iterator[FileRow]:
    reader = _cells(lines, layout.delimiter)
    width = len(layout.header)
    while True:
        begun = lines.number + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise UnreadableFile(f"{_csv_problem(str(error), begun)}") from None
        if cells is None:
            return
        if not cells:
            continue
        if len(cells) != width:
            problem = f"This row has {len(cells)} fields, the header has {width}."
            yield FileRow(begun, None, problem, lines.offset, lines.number, cells)
        else:
            values = dict(zip(layout.header, cells, strict=True))
            yield FileRow(begun, values, "", lines.offset, lines.number, values)


def _csv_problem(error: str, line: int) -> str:
    if "unexpected end of data" in error:
        return f"A quote that opens in the row of line {line:,} is never closed."
    if "field larger" in error:
        return (
            f"A field of the row in line {line:,} is longer than {FIELD_CHARACTERS:,} characters. "
            "Is a quote not closed?"
        )
    return f"The row in line {line:,} is not CSV: {error}. Put fields that hold quotes into quotes, doubled."


def _json_rows(lines: _Lines) -> Iterator[FileRow]:
    for text in lines:
        if not text.strip():
            continue
        values, problem = _json_object(text)
        raw = text.rstrip("\r\n") if values is None else values
        yield FileRow(lines.number, values, problem, lines.offset, lines.number, raw)


def _json_object(text: str) -> tuple[dict[str, Any] | None, str]:
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        return None, f"This line is not JSON: {error.msg} at column {error.colno}."
    except RecursionError:
        return None, "This line is nested too deeply. Write a flat object."
    except ValueError:
        return None, "This line holds a number with too many digits."
    if not isinstance(value, dict):
        return None, "This line is not a JSON object."
    return value, ""
