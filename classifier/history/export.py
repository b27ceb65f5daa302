"""The history as a file: streamed, and itself a row of the audit."""

import json
from collections.abc import Generator, Iterator
from typing import Any

from django.db import transaction

from classifier.core.audit import audit_record
from classifier.core.permissions import require_permission
from classifier.history.selectors import history_stream
from classifier.history.tables import Entry, HistoryFilters
from classifier.models import AuditEntry, User
from toxicsite.lib.spreadsheets import csv_lines, pieces

EXPORT = "classifier.export_auditentry"
FORMATS = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson; charset=utf-8"}
COLUMNS = (
    *("time", "kind", "deed", "by", "comment", "source", "model_version", "policy_version"),
    *("subject", "language", "reason", "data"),
)


def history_export(
    *, filters: HistoryFilters, file_format: str, by: User | None
) -> Generator[str, None, None]:
    """Export the chosen rows as the text of a file, piece by piece, in bounded memory.

    The audit gets a row before the first piece, and another after the last with the number of rows and whether the
    reader left early. Raises PermissionDenied, and LookupError for an unknown format.
    """
    require_permission(by, EXPORT)
    if file_format not in FORMATS:
        raise LookupError(f"histories are exported as {' or '.join(FORMATS)}, not {file_format}")
    data = {"filters": filters.to_data(), "format": file_format}
    begun = audit_record(verb="export.history", by=by, subject=file_format, data=data)
    return _export(filters, file_format, by, begun)


def _export(
    filters: HistoryFilters, file_format: str, by: User | None, begun: AuditEntry
) -> Generator[str, None, None]:
    sent = 0
    whole = False

    def counted() -> Iterator[Entry]:
        nonlocal sent
        for entry in history_stream(user=by, filters=filters):
            sent += 1
            yield entry

    try:
        with transaction.atomic():  # the server's cursors live as long as it
            rows = map(_row, counted())
            if file_format == "csv":
                lines = csv_lines(COLUMNS, (_flat(row) for row in rows))
            else:
                lines = (json.dumps(row, ensure_ascii=False, default=str) + "\n" for row in rows)
            yield from pieces(lines)
        whole = True
    finally:
        audit_record(
            verb="export.history_sent",
            by=by,
            subject=file_format,
            count=sent,
            data={"export": begun.pk, "filters": filters.to_data(), "whole": whole},
        )


def _row(entry: Entry) -> dict[str, Any]:
    return {
        "time": entry.at.isoformat(),
        "kind": entry.kind,
        "deed": entry.deed,
        "by": entry.actor,
        "comment": entry.comment,
        "source": entry.source,
        "model_version": entry.version,
        "policy_version": entry.policy,
        "subject": entry.subject,
        "language": entry.language,
        "reason": entry.reason,
        "data": entry.data,
    }


def _flat(row: dict[str, Any]) -> list[Any]:
    data = row["data"]
    return [*list(row.values())[:-1], json.dumps(data, ensure_ascii=False, default=str) if data else ""]
