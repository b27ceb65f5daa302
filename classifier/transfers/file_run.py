"""Runs over the rows of a file: read in chunks that are stored one at a time, each with where the next one begins.

The file is read to its end before anything is stored, so that one that cannot be read changes nothing; memory stays
bounded. After a kill another worker goes on behind the last chunk. Rows that cannot be stored go into a
file of errors: CSV that is safe to open, never longer than what was committed.
"""

import csv
import io
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from django.db import transaction

from classifier.core.audit import audit_record
from classifier.core.validation import InvalidInput, ValidationProblem
from classifier.models import Source, Transfer
from classifier.transfers.import_files import FileRow, Layout, UnreadableFile, layout_of, raw_text, rows_of
from classifier.transfers.services import (
    file_forget,
    file_of,
    transfer_finish,
    transfer_progress,
    transfers_dir,
)
from toxicsite.lib.spreadsheets import cell

ERROR_COLUMNS = ("line", "field", "message", "row")
ERROR_ROWS_KEPT = 100_000
HEARTBEAT_SECONDS = 2.0


class ErrorFile:
    """The file of errors, written before the transaction that counts its rows; what goes beyond is cut off."""

    def __init__(self, path: Path, *, size: int, rows: int) -> None:
        self.path = path
        self.size = size
        self.rows = rows

    def add(self, errors: list[tuple[int, list[ValidationProblem], str]]) -> None:
        """Append the problems of rows (line, problems, raw text), and flush them to the disk."""
        if not errors:
            return
        buffer = io.StringIO(newline="")
        writer = csv.writer(buffer)
        if self.size == 0:
            writer.writerow(ERROR_COLUMNS)
        for line, problems, raw in errors:
            if self.rows >= ERROR_ROWS_KEPT:
                break
            for problem in problems:
                writer.writerow([line, problem.field, problem.message, cell(raw)])
            self.rows += 1
        data = buffer.getvalue().encode()
        if not self.path.exists():  # the file was deleted since
            self.size = 0
        with self.path.open("r+b" if self.path.exists() else "w+b") as stream:
            stream.truncate(self.size)
            stream.seek(self.size)
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        self.size += len(data)


class HasText(Protocol):
    @property
    def text(self) -> str: ...


Row = TypeVar("Row", bound=HasText)
Read = tuple[Row | None, Sequence[ValidationProblem]]


@dataclass
class Chunk(Generic[Row]):
    """Rows that can be stored, and the problems of the others in the form of the file of errors.

    `end` is the byte behind the last row, `line` its last line, `count` the number of rows of the file in it.
    """

    rows: list[Row] = field(default_factory=list)
    errors: list[tuple[int, list[ValidationProblem], str]] = field(default_factory=list)
    end: int = 0
    line: int = 0
    count: int = 0


def chunks_of(
    rows: Iterator[FileRow], read: Callable[[FileRow], Read[Row]], *, rows_most: int, characters_most: int
) -> Iterator[Chunk[Row]]:
    """Read each row with `read`, which returns it or its problems; a chunk ends at either limit."""
    chunk, size = Chunk[Row](), 0
    for file_row in rows:
        row, problems = read(file_row)
        if row is None:
            chunk.errors.append((file_row.line, list(problems), raw_text(file_row.raw)))
        else:
            chunk.rows.append(row)
            size += len(row.text)
        chunk.count += 1
        chunk.end, chunk.line = file_row.end, file_row.last_line
        if chunk.count >= rows_most or size >= characters_most:
            yield chunk
            chunk, size = Chunk[Row](), 0
    if chunk.count:
        yield chunk


def rows_counted(file: Path, layout: Layout, beat: Callable[[], None]) -> int:
    """Read a file to its end, and count its rows, calling `beat` at times. Raises UnreadableFile, also for no rows."""
    total = 0
    for _ in rows_of(file, layout):
        total += 1
        if total % 1_000 == 0:
            beat()
    if total == 0:
        raise UnreadableFile("This file has no rows.")
    return total


class FileRun(Generic[Row]):
    """A claimed transfer that reads a file; subclasses define what a row is and how a chunk is stored."""

    chunk_rows: ClassVar[int]
    chunk_characters: ClassVar[int]

    def __init__(
        self, transfer: Transfer, file: Path, report: Callable[[Transfer], Any] | None = None
    ) -> None:
        self.transfer = transfer
        self.options: dict[str, Any] = transfer.options
        self.file = file
        self.report = report or (lambda transfer: None)
        self.layout = layout_of(file, transfer.format)
        transfer.errors_file = transfer.errors_file or f"errors-{transfer.pk}.csv"
        self.errors = ErrorFile(
            transfers_dir() / transfer.errors_file,
            size=self.options.get("errors_bytes", 0),
            rows=self.options.get("errors_kept", 0),
        )
        self._beaten_at = time.monotonic()

    def read(self, row: FileRow) -> Read[Row]:
        """Return the row as it can be stored, or its problems."""
        raise NotImplementedError

    def look(self) -> None:
        """Read the file to its end once, to check that this is possible and to count its rows."""
        if self.transfer.total_rows is None:
            total = rows_counted(self.file, self.layout, self.beat)
            transfer_progress(transfer=self.transfer, total_rows=total)

    def chunks(self) -> Iterator[Chunk[Row]]:
        """Yield the chunks after the last one that was stored."""
        begin, line = self.transfer.position or None, self.options.get("line", 0)
        rows = rows_of(self.file, self.layout, begin=begin, line=line)
        return chunks_of(rows, self.read, rows_most=self.chunk_rows, characters_most=self.chunk_characters)

    @contextmanager
    def storing(self, chunk: Chunk[Row]) -> Iterator[None]:
        """Store what the block writes in one transaction with the position after the chunk. Raises TransferLost."""
        self.errors.add(chunk.errors)
        before = dict(self.options)
        try:
            with transaction.atomic():
                yield
                self.options["line"] = chunk.line
                self.options["errors_bytes"] = self.errors.size
                self.options["errors_kept"] = self.errors.rows
                transfer_progress(
                    transfer=self.transfer,
                    position=chunk.end,
                    done_rows=self.transfer.done_rows + chunk.count,
                    error_rows=self.transfer.error_rows + len(chunk.errors),
                    errors_file=self.transfer.errors_file,
                )
        except BaseException:
            self.options.clear()
            self.options.update(before)
            raise

    def finish(self, verb: str, *, source: Source | None = None, **data: Any) -> None:
        """End the transfer, with an audit entry `verb`, and delete the files that are no longer needed."""
        transfer = self.transfer
        with transaction.atomic():
            transfer_finish(transfer=transfer)
            audit_record(
                verb=verb,
                by=transfer.by,
                source=source,
                subject=self.options.get("name", ""),
                count=self.options.get("stored", 0),
                data={"transfer": transfer.pk, "errors": transfer.error_rows, **data},
            )
        if transfer.error_rows == 0:
            self.errors.path.unlink(missing_ok=True)
        if transfer.file:
            file_forget(transfer)

    def beat(self) -> None:
        """Update the heartbeat from time to time, to show that this worker is alive."""
        if time.monotonic() - self._beaten_at > HEARTBEAT_SECONDS:
            transfer_progress(transfer=self.transfer)
            self.report(self.transfer)
            self._beaten_at = time.monotonic()


def run_file(transfer: Transfer, run: Callable[[Path], None], path: Path | None = None) -> None:
    """Call `run` with the upload of `transfer` (or `path`); a file that cannot be read ends the transfer."""
    file = path or file_of(transfer)
    if file is None:
        transfer_finish(transfer=transfer, failure="The file is not kept any more.")
        return
    try:
        run(file)
    except (UnreadableFile, InvalidInput) as error:
        transfer_finish(transfer=transfer, failure=str(error))
