"""Exports of other systems: their comments are written down row by row first, and then imported as any other file.

So an import of such an export goes on after a kill as every import does, in memory that does not grow with it.
"""

import json
import uuid
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from classifier.core.validation import InvalidInput, ValidationProblem
from classifier.inference.files.layout import Layout
from classifier.inference.files.lines import FileUnreadable
from classifier.inference.files.presets import PRESETS, preset_of
from classifier.inference.files.presets.rows import FIELDS, PresetRow
from classifier.inference.files.rows import FileRow, rows_of
from toxicsite.lib.files import replacing

TABLE = "table"  # says that a file is no export of a known system, whatever it looks like
COLUMNS = {name: name for name in FIELDS}
LAYOUT = Layout("csv", header=FIELDS)  # of the file of refused rows
_WRITTEN = Layout("jsonl")
_BEAT_ROWS = 1_000


def preset_chosen(name: str, path: Path) -> str:
    """Return the preset that `name` says, or, if it is empty, the one that the file looks like; empty for a table.

    Raises InvalidInput (`preset`).
    """
    if name and name != TABLE and name not in PRESETS:
        message = f"This must be one of {', '.join((TABLE, *PRESETS))}."
        raise InvalidInput([ValidationProblem("preset", message, "invalid_choice")])
    return preset_of(path) if not name else "" if name == TABLE else name


def preset_format(path: Path) -> str:
    """Return xml, json or csv by the first character of an export."""
    with path.open("rb") as stream:
        first = stream.read(1024).decode("utf-8", "ignore").lstrip("\ufeff \t\r\n")[:1]
    return "xml" if first == "<" else "json" if first in ("{", "[") else "csv"


def preset_first_rows(path: Path, preset: str, most: int) -> list[FileRow]:
    """Return the first rows of an export. Raises FileUnreadable, also where it has none."""
    rows = [_file_row(row, 0, row.line) for row in islice(PRESETS[preset].rows(path), most)]
    if not rows:
        raise FileUnreadable(f"No comments of {PRESETS[preset].title} are in this file.")
    return rows


def preset_write(path: Path, preset: str, folder: Path, beat: Callable[[], None]) -> Path:
    """Write the rows of an export into a new file of the folder, for `preset_rows`. Raises FileUnreadable."""
    target = folder / f"import-{uuid.uuid4().hex}"
    with replacing(target) as aside, aside.open("x", encoding="utf-8", errors="backslashreplace") as stream:
        for number, row in enumerate(PRESETS[preset].rows(path)):
            kept = {"line": row.line, "problem": row.problem, "values": row.values}
            stream.write(json.dumps(kept, default=str) + "\n")
            if number % _BEAT_ROWS == 0:
                beat()
    return target


def preset_rows(path: Path, *, begin: int | None = None, line: int = 0) -> Iterator[FileRow]:
    """Yield what `preset_write` wrote, under the lines of the export itself."""
    for written in rows_of(path, _WRITTEN, begin=begin, line=line):
        kept = written.values or {"line": 0, "problem": written.problem, "values": {}}
        yield _file_row(
            PresetRow(kept["line"], kept["values"], kept["problem"]), written.end, written.last_line
        )


def _file_row(row: PresetRow, end: int, last_line: int) -> FileRow:
    values = {name: row.values.get(name) for name in FIELDS}
    cells = ["" if value is None else str(value) for value in values.values()]
    return FileRow(row.line, None if row.problem else values, row.problem, end, last_line, cells)
