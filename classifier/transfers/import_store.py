"""Storing a chunk of imported rows by one statement: comments, their old decisions and their reports.

Numbers are drawn before, so that a comment can name its decision at once; what is there already (the same external_id
from the same source) is left alone and everything that would belong to it too.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import connection

from classifier.comments.submission import SUBMIT_LOCK
from classifier.transfers.import_rows import ImportedRow

STORE = """
WITH given AS MATERIALIZED (
    SELECT
        nextval(pg_get_serial_sequence('classifier_comment', 'id')) AS comment_id,
        CASE WHEN action IS NOT NULL
            THEN nextval(pg_get_serial_sequence('classifier_decision', 'id')) END AS decision_id,
        given.*
    FROM json_to_recordset(%(rows)s::json) AS given(
        source_id bigint, external_id text, text text, author text, created_at timestamptz,
        action text, decided_at timestamptz, reason text, reports int
    )
), stored AS (
    INSERT INTO classifier_comment (
        id, source_id, external_id, text, author_ref, api_key_id, status, created_at, attempts, failure_reason,
        is_backlog, current_decision_id, queued_at, queue_reasons, band, risk, uncertainty,
        report_count, is_escalated, has_open_appeal, disagrees_with_shadow
    )
    SELECT
        comment_id, source_id, external_id, text, author, %(api_key)s, 'pending', COALESCE(created_at, now()), 0, '',
        true, decision_id,
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


def rows_store(
    rows: Iterable[ImportedRow],
    *,
    source_ids: Mapping[str | None, int],
    note: str,
    api_key: int | None = None,
) -> int:
    """Store the rows and return how many were new; in the caller's transaction. Who decided is not known here."""
    data = [_data(row, source_ids[row.source]) for row in rows]
    values: dict[str, Any] = {"rows": json.dumps(data), "note": note, "api_key": api_key}
    with connection.cursor() as cursor:
        for pk in sorted(
            {row["source_id"] for row in data}
        ):  # no batch of the API meanwhile: see comments.py
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
    }
