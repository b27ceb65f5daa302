"""Reading the file formats of public sets row by row: tables with or without quotes, JSON, lines, members of a zip.

The files are strangers': sizes are bounded before anything is unpacked, and what does not fit its format raises
SourceFormatError with the file and the line. Nothing is ever unpickled.
"""

import csv
import io
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from classifier.inference.normalise import normalise_text

LABELS = ("toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate")
UNKNOWN = -1
MOST_BYTES = 64 * 1024 * 1024  # of a file, and of a member of a zip once unpacked
MOST_TEXT = 100_000  # characters
MOST_ROWS = 500_000  # of a file

Labels = dict[str, int]


class SourceFormatError(ValueError):
    """A file of a public set is not in the format it had; the message names file, line or column."""


@dataclass(frozen=True)
class Row:
    """One text of a set: its own label (1, 0, or -1 unknown), its split, its language, and what is known of LABELS."""

    text: str
    label: int
    split: str = "all"
    language: str = ""
    labels: Mapping[str, int] = field(default_factory=dict)


def six(default: int = UNKNOWN, **known: int) -> Labels:
    """Return all six labels: those named, and `default` for the others."""
    return {label: known.get(label, default) for label in LABELS}


def known(value: bool | None) -> int:
    """Return 1, 0, or -1 for None."""
    return UNKNOWN if value is None else int(value)


class Files:
    """The fetched files of one set, by their path in it."""

    def __init__(self, paths: Mapping[str, Path]) -> None:
        self.paths = dict(paths)

    def __getitem__(self, path: str) -> Path:
        return self.paths[path]

    def matching(self, folder: str) -> Iterator[str]:
        """Yield the paths below `folder`, in order."""
        yield from (path for path in self.paths if path.startswith(folder))

    @contextmanager
    def text(self, path: str, *, encoding: str = "utf-8-sig") -> Iterator[TextIO]:
        """Open a file as text; wrong bytes become U+FFFD, as a few sets have some. Raises SourceFormatError."""
        size = self.paths[path].stat().st_size
        if size > MOST_BYTES:
            raise SourceFormatError(f"{path} has {size:,} bytes; at most {MOST_BYTES:,} are read.")
        with self.paths[path].open(encoding=encoding, errors="replace", newline="") as file:
            yield file

    def table(
        self, path: str, *, delimiter: str = ",", quoted: bool = True, header: Sequence[str] = ()
    ) -> Iterator[dict[str, str]]:
        """Yield the rows of a delimited file as {column: value}; `header` names the columns of one without."""
        with self.text(path) as file:
            yield from _table(file, path, delimiter, quoted, header)

    def member_table(
        self, path: str, member: str, *, delimiter: str = ",", quoted: bool = True
    ) -> Iterator[dict[str, str]]:
        """Yield the rows of a delimited file inside a zip; `member` is the end of its name."""
        data = self._member(path, member)
        file = io.StringIO(data.decode("utf-8-sig", "replace"), newline="")
        yield from _table(file, f"{path}:{member}", delimiter, quoted, ())

    def lines(self, path: str) -> Iterator[str]:
        """Yield the lines of a file without their ends; only a line feed ends one."""
        with self.text(path) as file:
            for line in file.read().split("\n"):
                yield line.removesuffix("\r")

    def json(self, path: str) -> Any:
        """Return the content of a JSON file. Raises SourceFormatError."""
        with self.text(path) as file:
            try:
                return json.load(file)
            except (ValueError, RecursionError) as error:
                raise SourceFormatError(f"{path} is not JSON: {str(error)[:100]}.") from error

    def _member(self, path: str, member: str) -> bytes:
        try:
            with zipfile.ZipFile(self.paths[path]) as archive:
                names = [
                    info
                    for info in archive.infolist()
                    if f"/{info.filename}".endswith(f"/{member}") and "__MACOSX" not in info.filename
                ]
                if not names:
                    raise SourceFormatError(f"{path} holds no {member}.")
                if names[0].file_size > MOST_BYTES:
                    raise SourceFormatError(
                        f"{path}: {member} has {names[0].file_size:,} bytes; at most {MOST_BYTES:,} are unpacked."
                    )
                with archive.open(names[0]) as file:
                    data = file.read(MOST_BYTES + 1)
        except (zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
            raise SourceFormatError(f"{path} is no zip that can be read: {error}.") from error
        if len(data) > MOST_BYTES:
            raise SourceFormatError(f"{path}: {member} unpacks to more than {MOST_BYTES:,} bytes.")
        return data


def _table(
    file: TextIO, name: str, delimiter: str, quoted: bool, header: Sequence[str]
) -> Iterator[dict[str, str]]:
    csv.field_size_limit(MOST_TEXT * 10)
    if quoted:
        reader: Iterator[list[str]] = csv.reader(file, delimiter=delimiter)
    else:
        reader = (line.rstrip("\r").split(delimiter) for line in file.read().split("\n") if line.strip())
    columns = list(header) or next(reader, [])
    number = 0
    try:
        for number, values in enumerate(reader, start=1):
            if number > MOST_ROWS:
                raise SourceFormatError(f"{name} has more than {MOST_ROWS:,} rows.")
            if values:
                yield _Named(name, columns, values)
    except csv.Error as error:
        raise SourceFormatError(f"{name}, row {number + 1:,}: {error}.") from error


class _Named(dict[str, str]):
    """A row by column; a column that the file lacks is said with those that it has."""

    def __init__(self, file: str, columns: Sequence[str], values: Sequence[str]) -> None:
        super().__init__(zip(columns, values, strict=False))
        self.file, self.columns = file, columns

    def __missing__(self, column: str) -> str:
        if column in self.columns:
            return ""  # a short row: sets cut empty cells off its end
        have = ", ".join(self.columns[:12]) or "none"
        raise SourceFormatError(f"{self.file} has no column {column!r}; it has: {have}.")


def usable(text: str) -> bool:
    """Return whether a text has anything to learn from, and no more than may be read."""
    return len(text) <= MOST_TEXT and bool(normalise_text(text))
