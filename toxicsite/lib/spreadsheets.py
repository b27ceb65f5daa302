"""CSV that is safe to open in a spreadsheet, written a row at a time."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
PIECE_CHARACTERS = 32_768


def cell(value: Any) -> Any:
    """Return `value` with a quote before what a spreadsheet could take for a formula (OWASP, "CSV Injection")."""
    if isinstance(value, str) and value.startswith(FORMULA):
        return f"'{value}"
    return value


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
