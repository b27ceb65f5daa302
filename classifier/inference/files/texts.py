"""Texts of one column of a file, as `manage.py score --input` and the benchmarks read them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from classifier.inference.files.layout import GUESSED, Reading, folded_name, layout_of
from classifier.inference.files.lines import FileUnreadable
from classifier.inference.files.parquet import ParquetLimits, parquet_columns
from classifier.inference.files.rows import rows_of


@dataclass(frozen=True)
class TextRow:
    """A row of a file: its line and its text, or None and the reason why it has none; `kept` are other columns."""

    line: int
    text: str | None
    problem: str = ""
    kept: Mapping[str, Any] = field(default_factory=dict)


def text_rows(
    path: Path, column: str, reading: Reading = GUESSED, *, keep: Sequence[str] = ()
) -> Iterator[TextRow]:
    """Yield the texts of `column` in the file's order, with the columns of `keep`.

    Raises FileUnreadable, also where there is no such column.
    """
    try:
        layout = layout_of(path, reading, names={folded_name(column)})
        limits = ParquetLimits(columns=tuple(dict.fromkeys((column, *keep))))
        if layout.format == "csv":
            for name in (column, *keep):
                _require(name, layout.header, f"line {layout.header_line}, taken as the header,")
        elif layout.format == "parquet":
            types = parquet_columns(path)
            for name in (column, *keep):
                _require(name, types, "the file")
            if "string" not in types[column]:
                raise FileUnreadable(f"column {column!r} holds {types[column]}, not strings")
        for row in rows_of(path, layout, limits=limits):
            if row.values is None:
                yield TextRow(row.line, None, row.problem)
                continue
            if column not in row.values and layout.format != "csv":
                _require(column, row.values, f"line {row.line}")
            text = row.values[column]
            kept = {name: row.values.get(name) for name in keep}
            if text is None:
                yield TextRow(row.line, None, f"{column!r} is null.", kept)
            elif not isinstance(text, str):
                yield TextRow(row.line, None, f"{column!r} is not a string.", kept)
            else:
                yield TextRow(row.line, text, kept=kept)
    except FileUnreadable as error:
        raise FileUnreadable(f"{path}: {error}") from None


def read_texts(path: Path, column: str, reading: Reading = GUESSED) -> Iterator[str]:
    """Yield the texts of `column`. Raises FileUnreadable, also for the first row without one."""
    for row in text_rows(path, column, reading):
        if row.text is None:
            raise FileUnreadable(f"{path}: line {row.line}: {row.problem}")
        yield row.text


def kept_types(path: Path, keep: Sequence[str]) -> dict[str, Any]:
    """Return the arrow types of the columns of a parquet file, and nothing for files of other kinds."""
    import pyarrow.parquet

    if layout_of(path, GUESSED).format != "parquet":
        return {}
    schema = pyarrow.parquet.read_schema(path)
    return {name: schema.field(name).type for name in keep}


def _require(column: str, names: object, part: str) -> None:
    known = list(names) if isinstance(names, dict | tuple) else []
    if column not in known:
        shown = ", ".join(repr(name) for name in known[:20]) or "none"
        raise FileUnreadable(
            f"{part} has no column {column!r} (it has {shown}); choose one with --text-column"
        )
