"""Doing an import: the file is looked at first, then stored a chunk at a time, in bounded memory.

The whole file is read once before anything is stored, so that one that cannot be read to its end changes nothing; then
each chunk is stored in a transaction of its own, together with the byte behind it. Rows that are no comment go into the
file of errors; rows whose external_id the source has already are skipped.

Every imported comment is scored, for one without a verdict has no place in any list; it waits as backlog, behind
whatever comes in live. A row may bring the decision that was made elsewhere: it stands, whatever the model says.
"""

import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from django.db import transaction

from classifier.api_keys.usage import usage_texts_count
from classifier.comments.submission import CLASSIFY_TASK, source_get_or_create
from classifier.core.audit import audit_record
from classifier.core.source_access import sees_source
from classifier.core.validation import InvalidInput, ValidationProblem
from classifier.models import Source, Transfer
from classifier.statistics.daily_counts import statistics_recheck
from classifier.transfers.chunks import Chunk, chunks_of, rows_counted
from classifier.transfers.import_errors import ErrorFile
from classifier.transfers.import_files import FileRow, UnreadableFile, layout_of, rows_of
from classifier.transfers.import_rows import ImportedRow, columns_checked, row_read
from classifier.transfers.import_store import rows_store
from classifier.transfers.services import (
    file_forget,
    file_of,
    transfer_finish,
    transfer_give_back,
    transfer_progress,
    transfers_dir,
)
from toxicsite.lib.jobs import enqueue_on_commit

CHUNK_ROWS = 1_000
CHUNK_CHARACTERS = 2_000_000
NEW_SOURCES = 100
BEAT_SECONDS = 2.0


def import_run(
    *,
    transfer: Transfer,
    path: Path | None = None,
    told: Callable[[Transfer], Any] | None = None,
    shutdown_requested: Callable[[], bool] = lambda: False,
) -> None:
    """Do a claimed import to its end, or until `shutdown_requested` says that this process stops.

    `path` is the file where it is no upload; `told` hears of every chunk. Raises TransferLost when somebody else has
    it or it was cancelled.
    """
    file = path or file_of(transfer)
    if file is None:
        transfer_finish(transfer=transfer, failure="The file is not kept any more.")
        return
    try:
        _Run(transfer, file, told).go(shutdown_requested)
    except UnreadableFile as error:
        transfer_finish(transfer=transfer, failure=str(error))
    except InvalidInput as error:
        transfer_finish(transfer=transfer, failure=str(error))


class _Run:
    def __init__(self, transfer: Transfer, file: Path, told: Callable[[Transfer], Any] | None) -> None:
        self.transfer = transfer
        self.options: dict[str, Any] = transfer.options
        self.file = file
        self.told = told or (lambda transfer: None)
        self.layout = layout_of(file, transfer.format)
        self.columns = columns_checked(self.options["columns"])
        transfer.errors_file = transfer.errors_file or f"errors-{transfer.pk}.csv"
        self.errors = ErrorFile(
            transfers_dir() / transfer.errors_file,
            size=self.options.get("errors_bytes", 0),
            rows=self.options.get("errors_kept", 0),
        )
        self.sources: dict[str | None, int | None] = {}
        self.beat = time.monotonic()

    def go(self, shutdown_requested: Callable[[], bool]) -> None:
        if self.transfer.total_rows is None:
            self._look()
        begin = self.transfer.position or None
        rows = rows_of(self.file, self.layout, begin=begin, line=self.options.get("line", 0))
        chunks = chunks_of(rows, self._read, rows_most=CHUNK_ROWS, characters_most=CHUNK_CHARACTERS)
        for chunk in chunks:
            self._store(chunk)
            self.told(self.transfer)
            if shutdown_requested():
                transfer_give_back(transfer=self.transfer)
                return
        statistics_recheck()  # they may be of days whose numbers are kept
        with transaction.atomic():
            transfer_finish(transfer=self.transfer)
            audit_record(
                verb="import.comments_done",
                by=self.transfer.by,
                subject=self.options.get("name", ""),
                count=self.options.get("stored", 0),
                data={
                    "transfer": self.transfer.pk,
                    "errors": self.transfer.error_rows,
                    "skipped": self.skipped,
                },
            )
        if self.transfer.error_rows == 0:
            self.errors.path.unlink(missing_ok=True)
        if self.transfer.file:
            file_forget(self.transfer)

    @property
    def skipped(self) -> int:
        return int(self.options.get("skipped", 0))

    def _look(self) -> None:
        """Read the file to its end: whether that is possible, and how many rows it has."""
        total = rows_counted(self.file, self.layout, self._beat)
        transfer_progress(transfer=self.transfer, total_rows=total)

    def _beat(self) -> None:
        if time.monotonic() - self.beat > BEAT_SECONDS:
            transfer_progress(transfer=self.transfer)
            self.told(self.transfer)
            self.beat = time.monotonic()

    def _read(self, row: FileRow) -> tuple[ImportedRow | None, list[ValidationProblem]]:
        read, problems = checked(row, self.columns)
        if read is not None:
            problems = self._source_problems(read)
        return (None, problems) if problems else (read, [])

    def _store(self, chunk: Chunk[ImportedRow]) -> None:
        self.errors.add(chunk.errors)
        before = dict(self.options)
        try:
            with transaction.atomic():
                stored = 0
                if chunk.rows:
                    stored = rows_store(
                        chunk.rows,
                        source_ids={slug: pk for slug, pk in self.sources.items() if pk is not None},
                        note=f"Imported with transfer {self.transfer.pk}",
                        api_key=self.options.get("api_key"),
                    )
                self.options["stored"] = self.options.get("stored", 0) + stored
                self.options["skipped"] = self.skipped + len(chunk.rows) - stored
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
                key = self.options.get("api_key")
                if key is not None and stored:
                    transaction.on_commit(partial(usage_texts_count, api_key_id=key, texts=stored))
                if self.transfer.done_rows == chunk.count:
                    enqueue_on_commit(CLASSIFY_TASK)
        except BaseException:
            self.options.clear()
            self.options.update(before)
            raise

    def _source_problems(self, row: ImportedRow) -> list[ValidationProblem]:
        if row.source not in self.sources:
            self.sources[row.source] = self._source_id(row.source or self.options["source"])
        if self.sources[row.source] is not None:
            return []
        return [ValidationProblem("source", "You may not import into this source.", "forbidden")]

    def _source_id(self, slug: str) -> int | None:
        """The source, made on first use; None for one that whoever imports does not see."""
        if not sees_source(self.transfer.by, slug):
            return None
        found = Source.objects.filter(slug=slug).first()
        if found is None:
            made = self.options["new_sources"] = self.options.get("new_sources", 0) + 1
            if made > NEW_SOURCES:
                message = f"This file names more than {NEW_SOURCES} new sources. Is this column the source?"
                raise InvalidInput([ValidationProblem("source", message, "max_items")])
            found = source_get_or_create(slug)
        return found.pk


def checked(row: FileRow, columns: Mapping[str, str]) -> tuple[ImportedRow | None, list[ValidationProblem]]:
    """The row as a comment, or what is wrong with it."""
    if row.values is None:
        return None, [ValidationProblem("", row.problem, "malformed")]
    try:
        return row_read(row.values, columns), []
    except InvalidInput as error:
        return None, error.problems
