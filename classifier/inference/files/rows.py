"""Rows of a file, one at a time, in bounded memory, from any row's end on.

What is wrong with one row is a problem of that row: bytes of another encoding, a quote that is not doubled or never
closed, JSON that is none. Only what leaves nothing to go on with is a FileUnreadable.
"""

import codecs
import csv
import json
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from classifier.inference.files.encodings import Openable
from classifier.inference.files.layout import Layout, csv_cells
from classifier.inference.files.lines import LINE_BYTES, FileUnreadable, Line, Lines
from classifier.inference.files.parquet import NO_LIMITS, ParquetLimits, parquet_rows
from toxicsite.lib.spreadsheets import uncell

REREAD_MOST = 8 * LINE_BYTES  # characters that quotes which are never closed may make the reader read again
REREAD_SHARE = 4  # and so many for each character of the rows that are done
RAW_CHARACTERS = 2_000
_READ = 1 << 16


@dataclass(frozen=True)
class FileRow:
    """A row and where it ends: `values` by column, or None with the `problem`; `raw` is the row as in the file.

    `end` is the byte behind the row, or, of a parquet file, the number of rows up to it.
    """

    line: int
    values: dict[str, Any] | None
    problem: str
    end: int
    last_line: int
    raw: Any = field(repr=False, default=None)


def rows_of(
    path: Openable,
    layout: Layout,
    *,
    begin: int | None = None,
    line: int = 0,
    limits: ParquetLimits = NO_LIMITS,
) -> Iterator[FileRow]:
    """Yield the rows of a file, or those behind `begin`, the end of a row that `line` lines came up to.

    Raises FileUnreadable.
    """
    if layout.format == "parquet":
        assert isinstance(path, Path)
        for number, values in parquet_rows(path, begin or 0, limits):
            yield FileRow(number, values, "", number, number, values)
        return
    if begin is None:
        begin, line = layout.begin, layout.line
    try:
        with path.open("rb") as stream:
            if layout.format == "json":
                yield from _list_rows(stream, begin, line)
                return
            lines = Lines(stream, layout.encoding, layout.newline, begin, line)
            yield from _csv_rows(lines, layout) if layout.format == "csv" else _json_rows(lines)
    except OSError as error:
        raise FileUnreadable(f"The file cannot be read ({error.strerror or error}).") from None


def raw_text(raw: Any) -> str:
    """Return the row as it is in the file, shortened, for previews."""
    text = raw if isinstance(raw, str) else json.dumps(raw, ensure_ascii=False)
    text = text.encode("utf-8", "backslashreplace").decode().replace("\x00", "\\x00")
    return text if len(text) <= RAW_CHARACTERS else f"{text[:RAW_CHARACTERS]}…"


class _RowTooLong(Exception):
    """A quoted field goes on and on."""


class _CsvLines:
    """Lines for the parser of CSV: it knows which ones the present row took, and takes back all but its first."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._waiting: deque[Line] = deque()
        self._size = 0
        self._done = 0
        self._reread = 0
        self.taken: list[Line] = []

    def __iter__(self) -> "_CsvLines":
        return self

    def __next__(self) -> str:
        line = self._waiting.popleft() if self._waiting else next(self._lines)
        self.taken.append(line)
        self._size += len(line.text)
        if self._size > LINE_BYTES:
            raise _RowTooLong
        return line.text

    def begin_row(self) -> None:
        self._done += sum(len(line.text) for line in self.taken)
        self.taken = []
        self._size = 0

    def keep_first(self) -> None:
        """Read the lines behind the first one of this row again, as rows of their own. Raises FileUnreadable."""
        self._reread += self._size
        if self._reread > REREAD_MOST + REREAD_SHARE * self._done:
            raise FileUnreadable(
                f"From line {self.taken[0].number:,} on, too many quotes are never closed. Is this CSV?"
            )
        self._waiting.extendleft(reversed(self.taken[1:]))
        self.taken = self.taken[:1]

    def split_at_returns(self) -> bool:
        """Read a line that has carriage returns within again, in its pieces; False where it has none."""
        line = self.taken[0]
        body = line.text.rstrip("\r\n")
        pieces = [f"{piece}\r" for piece in body.split("\r")]
        if len(self.taken) > 1 or len(pieces) == 1 or line.problem:
            return False
        pieces[-1] = pieces[-1][:-1] + line.text[len(body) :]
        encoding, end = self._lines.encoding.name, line.end
        parts = []
        for piece in reversed(pieces):
            parts.append(Line(piece, line.number, end, is_open=end != line.end))
            end -= len(piece.encode(encoding))
        self._waiting.extendleft(parts)
        return True


def _csv_rows(lines: Lines, layout: Layout) -> Iterator[FileRow]:
    source = _CsvLines(lines)
    reader = csv_cells(source, layout.delimiter)
    width = len(layout.header)
    while True:
        source.begin_row()
        problem, cells = "", None
        try:
            cells = next(reader, None)
            if cells is None and not source.taken:
                return
        except (csv.Error, _RowTooLong) as error:
            if "new-line" in str(error) and source.split_at_returns():
                reader = csv_cells(source, layout.delimiter)
                continue
            problem = _quote_problem(error)
            source.keep_first()
            reader = csv_cells(source, layout.delimiter)
            if layout.delimiter == "\t":  # many write tabs and never mean a quote
                literal = source.taken[0].text.rstrip("\r\n").split("\t")
                if len(literal) == width:
                    problem, cells = "", literal
        if cells is not None and not cells:
            continue
        first, last = source.taken[0], source.taken[-1]
        ended = last.number - last.is_open
        problem = next((line.problem for line in source.taken if line.problem), problem)
        if problem:
            text = "".join(line.text for line in source.taken).rstrip("\r\n")
            yield FileRow(first.number, None, problem, last.end, ended, text)
            continue
        assert cells is not None
        while len(cells) > width and not cells[-1].strip():  # a delimiter more at the end
            cells.pop()
        cells = [_cleaned(cell, layout.unguard) for cell in cells]
        if len(cells) != width:
            problem = f"This row has {len(cells)} fields, the header has {width}."
            yield FileRow(first.number, None, problem, last.end, ended, cells)
        else:
            values = dict(zip(layout.header, cells, strict=True))
            yield FileRow(first.number, values, "", last.end, ended, values)


def _cleaned(cell: str, unguard: bool) -> str:
    """Return a cell without NUL characters, which no text has, and without the guard of a spreadsheet export."""
    if "\x00" in cell:
        cell = cell.replace("\x00", "")
    return uncell(cell) if unguard and cell[:1] == "'" else cell


def _quote_problem(error: Exception) -> str:
    text = str(error)
    if isinstance(error, _RowTooLong) or "field larger" in text:
        return f"A quote that opens in this row is not closed within {LINE_BYTES:,} characters, or a field is longer."
    if "unexpected end of data" in text:
        return "A quote that opens in this row is never closed."
    if "new-line" in text:
        return "A carriage return stands outside of quotes in this row."
    return "This row is not CSV: a quote within a quoted field is not doubled. Write it twice."


def _json_rows(lines: Lines) -> Iterator[FileRow]:
    for line in lines:
        if not line.text.strip("\ufeff \t\r\n\x00"):
            continue
        values, problem = (None, line.problem) if line.problem else _json_object(line.text)
        raw = line.text.rstrip("\r\n") if values is None else values
        yield FileRow(line.number, values, problem, line.end, line.number, raw)


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


def _list_rows(stream: Any, begin: int, line: int) -> Iterator[FileRow]:
    """Yield the items of one JSON list, parsed one at a time out of a buffer of at most an item and a block."""
    items = JsonItems(stream, begin, line)
    if items.is_next("["):
        items.take(1)
    while not items.is_next("]"):
        if items.is_next(","):
            items.take(1)
            continue
        if items.is_next(""):
            raise FileUnreadable(f"The list is not closed: the file ends in line {items.line:,}.")
        first = items.line
        value = items.value()
        problem = "" if isinstance(value, dict) else "This item is not a JSON object."
        values = value if isinstance(value, dict) else None
        yield FileRow(first, values, problem, items.offset, items.line - 1, value)
    items.take(1)
    if not items.is_next(""):
        raise FileUnreadable(f"The list ends in line {items.line:,}, but the file goes on. Write one list.")


class JsonItems:
    """A cursor through the text of a large JSON file; `offset` is its byte and `line` its line."""

    def __init__(self, stream: Any, begin: int = 0, line: int = 0) -> None:
        stream.seek(begin)
        self._stream = stream
        self._decode = codecs.getincrementaldecoder("utf-8")().decode
        self._parse = json.JSONDecoder().raw_decode
        self._buffer = ""
        self.offset = begin
        self.line = line + 1

    def is_next(self, mark: str) -> bool:
        """Tell whether `mark`, one character, comes next behind blanks; an empty mark is the end of the file."""
        while True:
            body = self._buffer.lstrip("\ufeff \t\r\n")
            self.take(len(self._buffer) - len(body))
            if body or not self._more():
                return self._buffer[:1] == mark

    def take(self, count: int) -> str:
        """Go on by `count` characters of the buffer, and return them."""
        text, self._buffer = self._buffer[:count], self._buffer[count:]
        self.offset += len(text) if text.isascii() else len(text.encode())
        self.line += text.count("\n")
        return text

    def value(self) -> Any:
        """Return the next value of JSON. Raises FileUnreadable."""
        while True:
            try:
                value, end = self._parse(self._buffer)
            except json.JSONDecodeError as error:
                if len(self._buffer) <= LINE_BYTES and self._more():
                    continue
                raise FileUnreadable(
                    f"What begins in line {self.line:,} is not JSON: {error.msg}, or is longer than {LINE_BYTES:,} "
                    "characters."
                ) from None
            except RecursionError:
                raise FileUnreadable(f"What begins in line {self.line:,} is nested too deeply.") from None
            except ValueError:
                raise FileUnreadable(f"A number in line {self.line:,} has too many digits.") from None
            if end == len(self._buffer) and self._more():  # a number may go on
                continue
            self.take(end)
            return value

    def _more(self) -> bool:
        piece = self._stream.read(_READ)
        try:
            self._buffer += self._decode(piece, final=not piece)
        except UnicodeDecodeError:
            raise FileUnreadable(
                f"This is not UTF-8, after line {self.line:,}. Save the file as UTF-8."
            ) from None
        return bool(piece)
