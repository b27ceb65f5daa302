"""The first rows of an uploaded file: how it is read, its columns, and the rows that could not be stored."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from classifier.core.validation import InvalidInput, ValidationProblem
from classifier.inference.files.layout import GUESSED, Layout, Reading, folded_name, layout_of
from classifier.inference.files.lines import FileUnreadable
from classifier.inference.files.rows import FileRow, raw_text, rows_of

FORMATS = ("csv", "jsonl", "json")
TEXT_NAMES = (
    "text",
    "comment_text",
    "comment",
    "body",
    "content",
    "message",
    "comment_content",
    "comment_body",
    "body_text",
    "raw",
    "raw_message",
    "post",
)
KNOWN_TEXTS = frozenset(map(folded_name, TEXT_NAMES))
PREVIEW_ROWS = 10
PREVIEW_READ = 2_000  # rows that are checked, beyond those that are shown
PREVIEW_CHARACTERS = 4_000_000  # about; a row more may be held


@dataclass(frozen=True)
class FilePreview:
    """What the first rows of a file look like: its columns, some rows, and the problems of the rows checked."""

    layout: Layout
    names: list[str]
    rows: list[FileRow]
    errors: list[tuple[FileRow, Sequence[ValidationProblem]]]
    looked_at: int


def reading_chosen(values: Mapping[str, Any]) -> Reading:
    """Return how a file is read from what was chosen: format, encoding, delimiter, unguard. Raises InvalidInput."""
    try:
        reading = Reading.chosen(
            format=str(values.get("format") or ""),
            encoding=str(values.get("encoding") or ""),
            delimiter=str(values.get("delimiter") or ""),
            unguard=bool(values.get("unguard", True)),
        )
    except ValueError as error:
        field, message = error.args
        raise InvalidInput([ValidationProblem(field, message, "invalid_choice")]) from None
    if reading.format and reading.format not in FORMATS:
        message = f"This must be {' or '.join(FORMATS)}."
        raise InvalidInput([ValidationProblem("format", message, "invalid_choice")])
    return reading


def reading_of(options: Mapping[str, Any], file_format: str) -> Reading:
    """Return how the file of a transfer is read, by its options."""
    return Reading.from_dict(options["reading"]) if "reading" in options else Reading(file_format)


def table_layout(path: Path, reading: Reading) -> Layout:
    """Find out how to read a file of comments. Raises FileUnreadable, also for a parquet file."""
    layout = layout_of(path, reading, names=KNOWN_TEXTS)
    if layout.format not in FORMATS:
        raise FileUnreadable("This file is a parquet file; export it as CSV or JSON Lines.")
    return layout


def first_rows(path: Path, reading: Reading = GUESSED) -> tuple[Layout, list[str], list[FileRow]]:
    """Return the layout, the column names and the first rows. Raises InvalidInput (`file`) for an unreadable file."""
    rows: list[FileRow] = []
    try:
        layout = table_layout(path, reading)
        size = 0
        for row in rows_of(path, layout):
            rows.append(row)
            size += len(raw_text(row.raw)) if row.values is None else sum(map(_size, row.values.values()))
            if len(rows) >= PREVIEW_READ or size >= PREVIEW_CHARACTERS:
                break
    except FileUnreadable as error:
        raise InvalidInput([ValidationProblem("file", str(error), "unreadable")]) from None
    names = list(layout.header) or list(dict.fromkeys(name for row in rows for name in row.values or ()))
    return layout, names, rows


def wrong_rows(
    rows: Iterable[FileRow], check: Callable[[FileRow], Sequence[ValidationProblem]]
) -> list[tuple[FileRow, Sequence[ValidationProblem]]]:
    """Return the rows in which `check` finds problems, with those problems."""
    return [(row, problems) for row in rows if (problems := check(row))]


def header_shown(layout: Layout) -> str:
    """Say which line was taken as the header, for a message about a column that is missing; empty for JSON."""
    if layout.format != "csv":
        return ""
    names = ", ".join(layout.header)
    return f" Line {layout.header_line:,} was taken as the header: {names[:200]}{'…' if len(names) > 200 else ''}"


def missing_columns(
    columns: Mapping[str, str], names: Collection[str], layout: Layout, needed: Collection[str] = ("text",)
) -> list[str]:
    """Return the fields whose column the file lacks; a later object of JSON may still have one that is not needed."""
    return [
        name
        for name, column in columns.items()
        if column not in names and (layout.format == "csv" or name in needed)
    ]


def _size(value: Any) -> int:
    return len(value) if isinstance(value, str) else 16
