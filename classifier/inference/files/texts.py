"""Texts of one column of a file, as `manage.py score --input` and the benchmarks read them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from classifier.inference.files.layout import GUESSED, Reading, folded_name, layout_of
from classifier.inference.files.lines import FileUnreadable
from classifier.inference.files.parquet import ParquetLimits, parquet_columns
from classifier.inference.files.rows import rows_of


@dataclass(frozen=True)
class TextRow:
    """A row of a file: its line and its text, or None and the reason why it has none."""

    line: int
    text: str | None
    problem: str = ""


def text_rows(path: Path, column: str, reading: Reading = GUESSED) -> Iterator[TextRow]:
    """Yield the texts of `column` in the file's order. Raises FileUnreadable, also where there is no such column."""
    try:
        layout = layout_of(path, reading, names={folded_name(column)})
        limits = ParquetLimits(columns=(column,))
        if layout.format == "csv":
            _require(column, layout.header, f"line {layout.header_line}, taken as the header,")
        elif layout.format == "parquet":
            types = parquet_columns(path)
            _require(column, types, "the file")
            if "string" not in types[column]:
                raise FileUnreadable(f"column {column!r} holds {types[column]}, not strings")
        for row in rows_of(path, layout, limits=limits):
            if row.values is None:
                yield TextRow(row.line, None, row.problem)
                continue
            if column not in row.values and layout.format != "csv":
                _require(column, row.values, f"line {row.line}")
            text = row.values[column]
            if text is None:
                yield TextRow(row.line, None, f"{column!r} is null.")
            elif not isinstance(text, str):
                yield TextRow(row.line, None, f"{column!r} is not a string.")
            else:
                yield TextRow(row.line, text)
    except FileUnreadable as error:
        raise FileUnreadable(f"{path}: {error}") from None


def read_texts(path: Path, column: str, reading: Reading = GUESSED) -> Iterator[str]:
    """Yield the texts of `column`. Raises FileUnreadable, also for the first row without one."""
    for row in text_rows(path, column, reading):
        if row.text is None:
            raise FileUnreadable(f"{path}: line {row.line}: {row.problem}")
        yield row.text


def _require(column: str, names: object, part: str) -> None:
    known = list(names) if isinstance(names, dict | tuple) else []
    if column not in known:
        shown = ", ".join(repr(name) for name in known[:20]) or "none"
        raise FileUnreadable(
            f"{part} has no column {column!r} (it has {shown}); choose one with --text-column"
        )
