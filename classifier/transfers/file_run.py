"""Runs over the rows of a file: read in chunks that are stored one at a time, each with where the next one begins.

The file is read to its end before anything is stored, so that one that cannot be read changes nothing; memory stays
bounded. After a kill another worker goes on behind the last chunk. Rows that cannot be stored go into a file of errors
in the columns of the file, so that they can be mended and brought again; it is never longer than what was committed.
"""

import csv
import io
import json
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
from classifier.inference.files.layout import Layout, csv_cells
from classifier.inference.files.lines import FileUnreadable
from classifier.inference.files.rows import FileRow, rows_of
from classifier.models import Source, Transfer
from classifier.transfers.presets import LAYOUT, preset_rows, preset_write
from classifier.transfers.previews import reading_of, table_layout
from classifier.transfers.services import (
    file_forget,
    file_of,
    file_remove,
    transfer_finish,
    transfer_progress,
    transfers_dir,
)
from toxicsite.lib.spreadsheets import cell

PRESET = "preset"  # the option with the system whose export this is
WRITTEN = "written"  # the option that says that the rows of the export are written down
ERROR_COLUMNS = ("error_line", "error_field", "error_message")
ERROR_ROWS_KEPT = 100_000
ERROR_BYTES_KEPT = 256 * 1024 * 1024
CELL_CHARACTERS = 32_767  # of a cell in a spreadsheet; a longer one is no comment
HEARTBEAT_SECONDS = 2.0


@dataclass(frozen=True)
class RowErrors:
    """A row that was not stored, and its problems."""

    row: FileRow
    problems: Sequence[ValidationProblem]


class ErrorFile:
    """The file of errors, written before the transaction that counts its rows; what goes beyond is cut off.

    Each row has its line, fields and messages, and the columns of the file as they were.
    """

    def __init__(self, path: Path, layout: Layout, *, size: int, rows: int) -> None:
        self.path = path
        self.size = size
        self.rows = rows
        self._write = _CsvErrors(layout) if layout.format == "csv" else _json_errors

    def add(self, errors: Sequence[RowErrors]) -> None:
        """Append rows with their problems, and flush them to the disk."""
        if not errors:
            return
        kept = errors[: max(0, ERROR_ROWS_KEPT - self.rows)] if self.size < ERROR_BYTES_KEPT else []
        data = self._write(kept, self.size == 0).encode("utf-8", "backslashreplace")
        self.rows += len(kept)
        if not self.path.exists():  # the file was deleted since
            self.size = 0
        with self.path.open("r+b" if self.path.exists() else "w+b") as stream:
            stream.truncate(self.size)
            stream.seek(self.size)
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        self.size += len(data)


class _CsvErrors:
    """Writes refused rows of a CSV file under its own header."""

    def __init__(self, layout: Layout) -> None:
        self._delimiter = layout.delimiter
        self._width = len(layout.header)
        self._kept = [at for at, name in enumerate(layout.header) if name not in ERROR_COLUMNS]
        self._header = [layout.header[at] for at in self._kept]

    def __call__(self, errors: Sequence[RowErrors], with_header: bool) -> str:
        buffer = io.StringIO(newline="")
        writer = csv.writer(buffer)
        if with_header:
            writer.writerow([*ERROR_COLUMNS, *map(cell, self._header)])
        for error in errors:
            cells = self._cells(error.row)
            about = _about(error)
            writer.writerow([*about.values(), *(cell(_shortened(cells[at])) for at in self._kept)])
        return buffer.getvalue()

    def _cells(self, row: FileRow) -> list[str]:
        """Return the row's cells; of a broken row as well as they can be told apart, the last with all the rest."""
        if row.values is not None:
            return ["" if value is None else str(value) for value in row.values.values()]
        cells = row.raw
        if isinstance(cells, str):
            try:
                cells = next(csv_cells([cells.replace("\n", " ")], self._delimiter, strict=False), [])
            except csv.Error:
                cells = [row.raw]
        rest = cells[self._width - 1 :]
        cells = [*cells[: self._width - 1], self._delimiter.join(rest)] if rest else cells
        return [*cells, *[""] * (self._width - len(cells))]


def _json_errors(errors: Sequence[RowErrors], with_header: bool) -> str:
    lines = []
    for error in errors:
        values = error.row.values
        kept = {"row": error.row.raw} if values is None else values
        shown = {name: value for name, value in kept.items() if name not in ERROR_COLUMNS}
        line = json.dumps(_about(error) | shown, ensure_ascii=False)
        if len(line) > 2 * CELL_CHARACTERS:
            line = json.dumps(_about(error) | {"row": _shortened(line)}, ensure_ascii=False)
        lines.append(f"{line}\n")
    return "".join(lines)


def _about(error: RowErrors) -> dict[str, Any]:
    """Return the line, the fields and the messages of a refused row under ERROR_COLUMNS."""
    problems = error.problems
    fields = ", ".join(dict.fromkeys(problem.field for problem in problems if problem.field))
    several = len(problems) > 1
    messages = (
        f"{problem.field}: {problem.message}" if several and problem.field else problem.message
        for problem in problems
    )
    return dict(zip(ERROR_COLUMNS, (error.row.line, fields, " ".join(messages)), strict=True))


def _shortened(text: str) -> str:
    return text if len(text) <= CELL_CHARACTERS else f"{text[: CELL_CHARACTERS - 1]}…"


class HasText(Protocol):
    @property
    def text(self) -> str: ...


Row = TypeVar("Row", bound=HasText)
Read = tuple[Row | None, Sequence[ValidationProblem]]


@dataclass
class Chunk(Generic[Row]):
    """Rows that can be stored, and the others with their problems.

    `end` is the byte behind the last row, `line` its last line, `count` the number of rows of the file in it.
    """

    rows: list[Row] = field(default_factory=list)
    errors: list[RowErrors] = field(default_factory=list)
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
            chunk.errors.append(RowErrors(file_row, list(problems)))
            size += len(str(file_row.raw))
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


def rows_counted(rows: Iterator[FileRow], beat: Callable[[], None]) -> int:
    """Read rows to their end, and count them, calling `beat` at times. Raises FileUnreadable, also for no rows."""
    total = 0
    for _ in rows:
        total += 1
        if total % 1_000 == 0:
            beat()
    if total == 0:
        raise FileUnreadable("This file has no rows.")
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
        self._beaten_at = time.monotonic()
        self.preset: str = self.options.get(PRESET, "")
        if self.preset:
            self._write_rows()
        self.layout = LAYOUT if self.preset else table_layout(file, reading_of(self.options, transfer.format))
        suffix = "csv" if self.layout.format == "csv" else "jsonl"
        transfer.errors_file = transfer.errors_file or f"errors-{transfer.pk}.{suffix}"
        self.errors = ErrorFile(
            transfers_dir() / transfer.errors_file,
            self.layout,
            size=self.options.get("errors_bytes", 0),
            rows=self.options.get("errors_kept", 0),
        )

    def read(self, row: FileRow) -> Read[Row]:
        """Return the row as it can be stored, or its problems."""
        raise NotImplementedError

    def look(self) -> None:
        """Read the file to its end once, to check that this is possible and to count its rows."""
        if self.transfer.total_rows is None:
            total = rows_counted(self.rows(None, 0), self.beat)
            transfer_progress(transfer=self.transfer, total_rows=total)

    def chunks_left(self) -> Iterator[Chunk[Row]]:
        """Yield the chunks after the last one that was stored."""
        return self.chunks(self.transfer.position or None, self.options.get("line", 0))

    def chunks(self, begin: int | None, line: int) -> Iterator[Chunk[Row]]:
        """Yield the chunks behind `begin`, the end of a row that `line` lines came up to; None: from the first on."""
        rows = self.rows(begin, line)
        return chunks_of(rows, self.read, rows_most=self.chunk_rows, characters_most=self.chunk_characters)

    def rows(self, begin: int | None, line: int) -> Iterator[FileRow]:
        """Yield the rows behind `begin`; None: all."""
        if self.preset:
            return preset_rows(self.file, begin=begin, line=line)
        return rows_of(self.file, self.layout, begin=begin, line=line)

    def _write_rows(self) -> None:
        """Write the rows of another system's export into a file that takes the place of the upload, once."""
        if WRITTEN in self.options:
            return
        upload, transfer = file_of(self.transfer), self.transfer
        self.file = preset_write(self.file, self.preset, transfers_dir(), self.beat)
        self.options[WRITTEN] = True
        transfer_progress(transfer=transfer, file=self.file.name)
        if upload is not None:
            file_remove(upload.name)

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
    except (FileUnreadable, InvalidInput) as error:
        transfer_finish(transfer=transfer, failure=str(error))
