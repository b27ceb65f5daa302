"""CSV that is safe to open in a spreadsheet, written a row at a time."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
PIECE_CHARACTERS = 32_768
BOM = "\ufeff"  # by which a spreadsheet knows UTF-8
_MARKS = re.escape("".join(FORMULA))
_GUARDABLE = re.compile(f"'*[{_MARKS}]")
_GUARDED = re.compile(f"'+[{_MARKS}]")


def cell(value: Any) -> Any:
    """Return `value` with a quote before what a spreadsheet could take for a formula (OWASP, "CSV Injection").

    A value that looks guarded already gets one more quote, so that `uncell` always gives the value back.
    """
    if isinstance(value, str) and _GUARDABLE.match(value):
        return f"'{value}"
    return value


def uncell(value: str) -> str:
    """Return what `cell` made `value` of: without the quote before what could be taken for a formula."""
    return value[1:] if _GUARDED.match(value) else value


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """Yield the lines of a CSV file, the header first."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(header)
    for row in rows:
        yield _emptied(buffer)
        writer.writerow([cell(value) for value in row])
    yield _emptied(buffer)


def pieces(lines: Iterable[str]) -> Iterator[str]:
    """Yield the same text in fewer, larger pieces: a response sends each on its own."""
    waiting: list[str] = []
    size = 0
    for line in lines:
        waiting.append(line)
        size += len(line)
        if size >= PIECE_CHARACTERS:
            yield "".join(waiting)
            waiting, size = [], 0
    if waiting:
        yield "".join(waiting)


def _emptied(buffer: io.StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text
