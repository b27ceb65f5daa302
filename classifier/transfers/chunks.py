"""The rows of a file in chunks that are stored one at a time, each with the place in the file where the next begins."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from classifier.core.validation import ValidationProblem
from classifier.transfers.import_files import FileRow, Layout, UnreadableFile, rows_of
from classifier.transfers.import_rows import raw_text


class HasText(Protocol):
    @property
    def text(self) -> str: ...


Row = TypeVar("Row", bound=HasText)
Read = tuple[Row | None, Sequence[ValidationProblem]]


@dataclass
class Chunk(Generic[Row]):
    """Rows that can be stored, and the others with what is wrong with them, as the file of errors takes them.

    `end` is the byte behind the last row, `line` its last line, `count` how many rows of the file these are.
    """

    rows: list[Row] = field(default_factory=list)
    errors: list[tuple[int, list[ValidationProblem], str]] = field(default_factory=list)
    end: int = 0
    line: int = 0
    count: int = 0


def chunks_of(
    rows: Iterator[FileRow], read: Callable[[FileRow], Read[Row]], *, rows_most: int, characters_most: int
) -> Iterator[Chunk[Row]]:
    """Read each row with `read`, which gives it or what is wrong with it; a chunk ends at either limit."""
    chunk, size = Chunk[Row](), 0
    for each in rows:
        row, problems = read(each)
        if row is None:
            chunk.errors.append((each.line, list(problems), raw_text(each.raw)))
        else:
            chunk.rows.append(row)
            size += len(row.text)
        chunk.count += 1
        chunk.end, chunk.line = each.end, each.last_line
        if chunk.count >= rows_most or size >= characters_most:
            yield chunk
            chunk, size = Chunk[Row](), 0
    if chunk.count:
        yield chunk


def rows_counted(file: Path, layout: Layout, beat: Callable[[], None]) -> int:
    """Read a file to its end and count its rows, with `beat` now and then. Raises UnreadableFile, also for none."""
    total = 0
    for _ in rows_of(file, layout):
        total += 1
        if total % 1_000 == 0:
            beat()
    if total == 0:
        raise UnreadableFile("This file has no rows.")
    return total
