"""Run an import: comments, their old decisions and their reports, a chunk at a time.

Rows that are no comment go into the file of errors; rows whose external_id the source has already are skipped.

Every imported comment is scored, because a comment without a verdict is in no list; it waits as backlog, behind
live comments. A row may bring a decision that was made elsewhere: it stands, whatever the model says.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from django.db import connection, transaction

from classifier.api_keys.usage import usage_texts_count
from classifier.comments.submission import CLASSIFY_TASK, SUBMIT_LOCK, source_get_or_create
from classifier.core.source_access import sees_source
from classifier.core.validation import InvalidInput, ValidationProblem
from classifier.inference.files.rows import FileRow
from classifier.models import Source, Transfer
from classifier.statistics.daily_counts import statistics_recheck
from classifier.transfers.file_run import Chunk, FileRun, Read, run_file
from classifier.transfers.import_rows import ImportedRow, RowReader, ValueRules, columns_checked
from classifier.transfers.replies import REPLIES_AT, replies_link
from classifier.transfers.services import transfer_give_back, transfer_progress
from toxicsite.lib.jobs import enqueue_on_commit

NEW_SOURCES = 100
# Ids are drawn beforehand, so that a comment can name its decision at once.
STORE = """
WITH given AS MATERIALIZED (
    SELECT
        nextval(pg_get_serial_sequence('classifier_comment', 'id')) AS comment_id,
        CASE WHEN action IS NOT NULL
            THEN nextval(pg_get_serial_sequence('classifier_decision', 'id')) END AS decision_id,
        given.*
    FROM json_to_recordset(%(rows)s::json) AS given(
        source_id bigint, external_id text, text text, author text, created_at timestamptz,
        action text, decided_at timestamptz, reason text, reports int, text_format text
    )
), stored AS (
    INSERT INTO classifier_comment (
        id, source_id, external_id, text, text_format, author_ref, api_key_id, status, created_at, attempts,
        failure_reason, is_backlog, current_decision_id, queued_at, queue_reasons, band, risk, uncertainty,
        report_count, is_escalated, has_open_appeal, disagrees_with_shadow
    )
    SELECT
        comment_id, source_id, external_id, text, text_format, author, %(api_key)s, 'pending',
        COALESCE(created_at, now()), 0, '', true, decision_id,
        CASE WHEN reports > 0 AND action IS NULL THEN now() END,
        CASE WHEN reports > 0 AND action IS NULL
            THEN jsonb_build_array(jsonb_build_object('kind', 'report', 'count', reports)) ELSE '[]' END,
        '',
        CASE WHEN reports > 0 AND action IS NULL THEN 0.0 END,
        CASE WHEN reports > 0 AND action IS NULL THEN 1.0 END,
        reports, false, false, false
    FROM given
    ON CONFLICT (source_id, external_id) DO NOTHING
    RETURNING id
), decided AS (
    INSERT INTO classifier_decision (
        id, comment_id, action, reason, labels, marks, note, by_id, automatic, created_at
    )
    SELECT
        decision_id, comment_id, action, reason, '{}', '[]', %(note)s, NULL, false,
        COALESCE(decided_at, created_at, now())
    FROM given JOIN stored ON stored.id = comment_id WHERE action IS NOT NULL
), reported AS (
    INSERT INTO classifier_report (comment_id, reporter_ref, reason, created_at)
    SELECT comment_id, '', '', COALESCE(created_at, now())
    FROM given JOIN stored ON stored.id = comment_id, generate_series(1, reports)
)
SELECT count(*) FROM stored
"""


def import_run(
    *,
    transfer: Transfer,
    path: Path | None = None,
    report: Callable[[Transfer], Any] | None = None,
    shutdown_requested: Callable[[], bool] = lambda: False,
) -> None:
    """Do a claimed import to its end, or until `shutdown_requested` says that this process stops.

    `path` is the file where it is no upload; `report` is called after every chunk. Raises TransferLost when another
    worker has it or it was cancelled.
    """
    run_file(transfer, lambda file: ImportRun(transfer, file, report).go(shutdown_requested), path)


class ImportRun(FileRun[ImportedRow]):
    chunk_rows = 1_000
    chunk_characters = 2_000_000

    def __init__(self, transfer: Transfer, file: Path, report: Callable[[Transfer], Any] | None) -> None:
        super().__init__(transfer, file, report)
        columns = columns_checked(self.options["columns"])
        self.row_reader = RowReader(columns, ValueRules.from_dict(self.options.get("values", {})))
        self.sources: dict[str | None, int | None] = {}
        self.retired: set[str] = set()

    def go(self, shutdown_requested: Callable[[], bool]) -> None:
        self.look()
        for chunk in self.chunks_left():
            self._store(chunk)
            self.report(self.transfer)
            if shutdown_requested():
                transfer_give_back(transfer=self.transfer)
                return
        if not self._link_replies(shutdown_requested):
            return
        statistics_recheck()  # the comments may belong to days whose statistics are stored already
        self.finish("import.comments_done", skipped=self.skipped)

    @property
    def skipped(self) -> int:
        return int(self.options.get("skipped", 0))

    def read(self, row: FileRow) -> Read[ImportedRow]:
        imported, problems = self.row_reader(row)
        if imported is not None:
            problems = self._source_problems(imported)
        return (None, problems) if problems else (imported, [])

    def _link_replies(self, shutdown_requested: Callable[[], bool]) -> bool:
        """Read the file once more and give each reply the text that it answers; False where this process stops.

        Only now every parent is there: many files have replies before what they answer.
        """
        if "parent" not in self.row_reader.columns:
            return True
        begin, line = self.options.get(REPLIES_AT, (None, 0))
        for chunk in self.chunks(begin, line):
            sources = {slug: pk for slug, pk in self.sources.items() if pk is not None}
            found, missing = replies_link(chunk.rows, source_ids=sources)
            self.options["replies"] = self.options.get("replies", 0) + found
            self.options["lost_parents"] = self.options.get("lost_parents", 0) + missing
            self.options[REPLIES_AT] = [chunk.end, chunk.line]
            transfer_progress(transfer=self.transfer)
            self.report(self.transfer)
            if shutdown_requested():
                transfer_give_back(transfer=self.transfer)
                return False
        return True

    def _store(self, chunk: Chunk[ImportedRow]) -> None:
        with self.storing(chunk):
            stored, key = 0, self.options.get("api_key")
            if chunk.rows:
                stored = rows_store(
                    chunk.rows,
                    source_ids={slug: pk for slug, pk in self.sources.items() if pk is not None},
                    note=f"Imported with transfer {self.transfer.pk}",
                    api_key=key,
                )
            self.options["stored"] = self.options.get("stored", 0) + stored
            self.options["skipped"] = self.skipped + len(chunk.rows) - stored
            if key is not None and stored:
                transaction.on_commit(partial(usage_texts_count, api_key_id=key, texts=stored))
            if self.transfer.done_rows == 0:
                enqueue_on_commit(CLASSIFY_TASK)

    def _source_problems(self, row: ImportedRow) -> list[ValidationProblem]:
        if row.source not in self.sources:
            self.sources[row.source] = self._source_id(row.source or self.options["source"])
        if self.sources[row.source] is not None:
            return []
        if (row.source or self.options["source"]) in self.retired:
            return [
                ValidationProblem("source", "This source is retired and takes no new comments.", "retired")
            ]
        return [ValidationProblem("source", "You may not import into this source.", "forbidden")]

    def _source_id(self, slug: str) -> int | None:
        """Return the source, created on first use; None if the importer does not see it, or it is retired."""
        if not sees_source(self.transfer.by, slug):
            return None
        source = Source.objects.filter(slug=slug).first()
        if source is not None and source.retired_at is not None:
            self.retired.add(slug)
            return None
        if source is None:
            made = self.options["new_sources"] = self.options.get("new_sources", 0) + 1
            if made > NEW_SOURCES:
                message = f"This file names more than {NEW_SOURCES} new sources. Is this column the source?"
                raise InvalidInput([ValidationProblem("source", message, "max_items")])
            source = source_get_or_create(slug)
        return source.pk


def rows_store(
    rows: Iterable[ImportedRow],
    *,
    source_ids: Mapping[str | None, int],
    note: str,
    api_key: int | None = None,
) -> int:
    """Store the rows by one statement and return how many were new; in the caller's transaction.

    Who decided is not known here. Comments that exist already (the same external_id from the same source) are left
    alone, and so is everything that would belong to them.
    """
    data = [_data(row, source_ids[row.source]) for row in rows]
    values: dict[str, Any] = {"rows": json.dumps(data), "note": note, "api_key": api_key}
    with connection.cursor() as cursor:
        for pk in sorted({row["source_id"] for row in data}):  # no batch of the API writes meanwhile
            cursor.execute("SELECT pg_advisory_xact_lock_shared(%s, %s)", [SUBMIT_LOCK, pk % 2**31])
        cursor.execute(STORE, values)
        (stored,) = cursor.fetchone()
    return int(stored)


def _data(row: ImportedRow, source_id: int) -> dict[str, Any]:
    return {
        "source_id": source_id,
        "external_id": row.external_id,
        "text": row.text,
        "author": row.author,
        "created_at": row.created_at and row.created_at.isoformat(),
        "action": row.action,
        "decided_at": row.decided_at and row.decided_at.isoformat(),
        "reason": row.reason,
        "reports": row.reports,
        "text_format": row.text_format,
    }
