"""How a file of rows is read: its format, encoding, line ends, delimiter and header, found out or chosen."""

import csv
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from classifier.inference.files.encodings import ENCODINGS, Encoding, Openable, encoding_of, known_encoding
from classifier.inference.files.lines import LINE_BYTES, FileUnreadable, Lines

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}
ONE_COLUMN = "\x1f"  # stands for no delimiter, in a file whose header is one name
FORMATS = ("csv", "jsonl", "json", "parquet")
COLUMNS_MAX = 200
NAME_CHARACTERS = 100
_HEADER_ROWS = 10  # rows in which a header is looked for
_SAMPLE_ROWS = 30
_START = 1 << 16
_FOREIGN = (
    (b"PK\x03\x04", "a zip archive (or an Excel workbook); unpack it, or save the sheet as CSV"),
    (b"\x1f\x8b", "compressed with gzip; unpack it first"),
    (b"BZh", "compressed with bzip2; unpack it first"),
    (b"\xfd7zXZ", "compressed with xz; unpack it first"),
    (b"%PDF", "a PDF"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook; save the sheet as CSV"),
    (b"SQLite format 3", "an SQLite database; export the table as CSV"),
)


@dataclass(frozen=True)
class Reading:
    """What a person or a program says about a file; what is empty is found out.

    `format` is one of FORMATS, `encoding` one of ENCODINGS, `delimiter` one of DELIMITERS. With `unguard`, the quote
    that spreadsheet exports put before =, +, - or @ is taken off again.
    """

    format: str = ""
    encoding: str = ""
    delimiter: str = ""
    unguard: bool = True

    @classmethod
    def chosen(
        cls, *, format: str = "", encoding: str = "", delimiter: str = "", unguard: bool = True
    ) -> "Reading":
        """Return the choices under their own names. Raises ValueError, whose arguments are the field and the reason."""
        if format and format not in FORMATS:
            raise ValueError("format", f"This must be one of {', '.join(FORMATS)}.")
        known = known_encoding(encoding) if encoding else ""
        if known is None:
            raise ValueError(
                "encoding", f"There is no encoding {encoding[:40]!r}; use one of {', '.join(ENCODINGS)}."
            )
        names = {"tab": "\t", "\\t": "\t", **{name: mark for mark, name in DELIMITERS.items()}}
        mark = names.get(delimiter, delimiter)
        if mark and mark not in DELIMITERS:
            raise ValueError("delimiter", f"This must be one of {', '.join(DELIMITERS.values())}.")
        return cls(format, known, mark, unguard)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Reading":
        """Return what `to_dict` wrote."""
        return cls(**{name: values[name] for name in cls.__dataclass_fields__ if name in values})

    def to_dict(self) -> dict[str, Any]:
        """Return the choices as JSON."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


GUESSED = Reading()
UTF_8 = Encoding("utf-8")


@dataclass(frozen=True)
class Layout:
    """How to read a file; for CSV with the delimiter, the header's names, and the line that the header begins in."""

    format: str
    encoding: Encoding = UTF_8
    newline: str = "\n"
    delimiter: str = ","
    header: tuple[str, ...] = ()
    header_line: int = 0
    begin: int = 0  # bytes before the first row
    line: int = 0  # lines before it
    unguard: bool = True

    @property
    def delimiter_name(self) -> str:
        """Name the delimiter for people; empty where there is none."""
        return DELIMITERS.get(self.delimiter, "") if self.format == "csv" else ""

    def to_reading(self) -> Reading:
        """Return the choices that lead to this layout, whatever a later version would guess."""
        delimiter = self.delimiter if self.delimiter in DELIMITERS else ""
        return Reading(self.format, self.encoding.name, delimiter, self.unguard)

    def to_dict(self) -> dict[str, Any]:
        """Return how the file is read, for people and programs."""
        return {
            "format": self.format,
            "encoding": self.encoding.name,
            "encoding_guessed": self.encoding.guessed,
            "delimiter": self.delimiter_name,
            "header_line": self.header_line,
        }


def layout_of(path: Openable, reading: Reading = GUESSED, *, names: Collection[str] = ()) -> Layout:
    """Find out how to read a file, as far as `reading` does not say. Raises FileUnreadable.

    `names` are columns that the caller looks for, as `folded_name` writes them: the header is the first row that has
    one, where the file begins with other lines.
    """
    try:
        with path.open("rb") as stream:
            start = stream.read(_START)
            if what := foreign_kind(start):
                raise FileUnreadable(f"This file is {what}.")
            if start.startswith(b"PAR1"):
                if reading.format not in ("", "parquet"):
                    raise FileUnreadable("This file is a parquet file.")
                return Layout("parquet")
            if reading.format == "parquet":
                raise FileUnreadable("This is no readable parquet file.")
            encoding = encoding_of(path, reading.encoding)
            text = start[encoding.mark :].decode(encoding.name, "ignore")
            body = text.lstrip("\ufeff \t\r\n")
            if not body:
                raise FileUnreadable("This file is empty.")
            newline = "\n" if "\n" in text or "\r" not in text else "\r"
            first = body[:1]
            file_format = reading.format or ("jsonl" if first == "{" else "json" if first == "[" else "csv")
            if file_format == "jsonl" and first == "[":
                file_format = "json"
            if file_format == "json" and encoding.name != "utf-8":
                raise FileUnreadable(f"This JSON is {ENCODINGS[encoding.name]}. Save it as UTF-8.")
            layout = Layout(file_format, encoding, newline, begin=encoding.mark, unguard=reading.unguard)
            if file_format != "csv":
                return layout
            if "\x00" in text[:1024].partition("\n")[0]:
                raise FileUnreadable("This is not a text file: its first line holds NUL characters.")
            return _with_header(Lines(stream, encoding, newline, encoding.mark, 0), layout, reading, names)
    except OSError as error:
        raise FileUnreadable(f"The file cannot be read ({error.strerror or error}).") from None


def foreign_kind(start: bytes) -> str:
    """Say what a file is that begins like this and is no file of rows, and what to do; else ""."""
    return next((what for magic, what in _FOREIGN if start.startswith(magic)), "")


def folded_name(name: str) -> str:
    """Return a column's name as it is compared: `createdAt`, `Created at` and `created_at` are one."""
    return "".join(character for character in name.lower() if character.isalnum())


def csv_cells(lines: Iterable[str], delimiter: str, *, strict: bool = True) -> Iterator[list[str]]:
    """Return the standard library's reader; with `strict` it raises csv.Error for what is no CSV."""
    csv.field_size_limit(LINE_BYTES)  # of the whole process
    return csv.reader(lines, delimiter=delimiter, strict=strict)


def _with_header(lines: Lines, layout: Layout, reading: Reading, names: Collection[str]) -> Layout:
    """Return the layout with delimiter and header, from the first rows of a CSV file."""
    sample = list(islice(lines, _SAMPLE_ROWS))
    first = next(position for position, line in enumerate(sample) if line.text.strip("\ufeff \t\r\n\x00"))
    said = sample[first].text.strip('\ufeff\r\n" ')
    delimiter = reading.delimiter
    if said[:4].lower() == "sep=" and len(said) == 5:
        delimiter = delimiter or said[4]
        if delimiter not in DELIMITERS:
            raise FileUnreadable(
                f"The line sep= names {delimiter!r}; use one of {', '.join(DELIMITERS.values())}."
            )
        first += 1
    texts = [line.text for line in sample[first:]]
    if not texts:
        raise FileUnreadable("This file has no header.")
    found = [_header_in(texts, mark, names) for mark in ([delimiter] if delimiter else DELIMITERS)]
    best = max(found, key=lambda header: header.rank)
    if best.problem:
        raise FileUnreadable(
            f"Line {sample[first].number:,} is not the header of a CSV file: {best.problem}."
        )
    row_names = _named(best.cells, sample[first + best.skipped].number)
    last = sample[first + best.skipped + best.lines - 1]
    return replace(
        layout,
        delimiter=best.delimiter if len(row_names) > 1 or delimiter else ONE_COLUMN,
        header=row_names,
        header_line=sample[first + best.skipped].number,
        begin=last.end,
        line=last.number,
    )


@dataclass(frozen=True)
class _Header:
    """A header as one delimiter shows it; `rank` compares the delimiters."""

    delimiter: str
    cells: list[str]
    skipped: int = 0  # lines before it
    lines: int = 1
    rank: tuple[bool, int, int] = (False, 0, 0)
    problem: str = ""


def _header_in(texts: list[str], delimiter: str, names: Collection[str]) -> _Header:
    rows: list[tuple[int, int, list[str]]] = []  # lines before, lines taken, cells
    reader = csv_cells(texts, delimiter, strict=False)
    try:
        before = 0
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append((before, reader.line_num - before, cells))  # type: ignore[attr-defined]
            before = reader.line_num  # type: ignore[attr-defined]
    except csv.Error as error:
        if not rows:
            return _Header(delimiter, [], problem=str(error).partition(" - ")[0])
    chosen = 0
    if names and not _has_name(rows[0][2], names):
        for position, (_, _, cells) in enumerate(rows[1:_HEADER_ROWS], start=1):
            wider = all(len(cells) > len(earlier) for _, _, earlier in rows[:position])
            if wider and _has_name(cells, names):
                chosen = position
                break
    skipped, taken, cells = rows[chosen]
    same = sum(len(row) == len(cells) for _, _, row in rows[chosen:]) if len(cells) > 1 else 0
    rank = (bool(names) and _has_name(cells, names), same, len(cells))
    return _Header(delimiter, cells, skipped, taken, rank)


def _has_name(cells: list[str], names: Collection[str]) -> bool:
    return any(folded_name(cell) in names for cell in cells)


def _named(cells: list[str], line: int) -> tuple[str, ...]:
    """Return the names of the columns. Raises FileUnreadable for too many, too long ones, and the same one twice."""
    names = [cell.strip("\ufeff \t\r\n\x00") for cell in cells]
    if "\x00" in "".join(names):
        raise FileUnreadable("This is not a text file: its first line holds NUL characters.")
    if len(names) > COLUMNS_MAX or any(len(name) > NAME_CHARACTERS for name in names):
        message = f"at most {COLUMNS_MAX} columns with names of up to {NAME_CHARACTERS} characters"
        raise FileUnreadable(f"Line {line:,} is not the header of a CSV file: {message}.")
    named = [name or f"column {number}" for number, name in enumerate(names, start=1)]
    twice = next((name for name in named if named.count(name) > 1), None)
    if twice is not None:
        raise FileUnreadable(f"Two columns are called {twice!r}. Give every column a name of its own.")
    return tuple(named)
