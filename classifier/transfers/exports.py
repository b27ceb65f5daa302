"""Exporting comments with verdict, scores, version, policy and decision, as CSV or JSONL: streamed, or into a file.

Texts leave the site here, so every export has a row in the audit before its first piece and one after its last, and
every download of a finished file another.
"""

import os
from collections.abc import Callable, Generator, Iterator, Mapping
from typing import Any

from django.db import transaction

from classifier.core.audit import audit_record
from classifier.core.permissions import require_permission
from classifier.core.validation import InvalidInput, ValidationProblem
from classifier.models import ApiKey, AuditEntry, Transfer, User
from classifier.review.filters import EVERY, QueueFilters
from classifier.transfers.export_rows import export_lines
from classifier.transfers.export_selectors import export_last_id, export_pages
from classifier.transfers.services import (
    ADD,
    SEE,
    TransferNotPossible,
    file_of,
    transfer_create,
    transfer_enqueue,
    transfer_finish,
    transfer_give_back,
    transfer_progress,
    transfers_dir,
)
from toxicsite.lib.spreadsheets import pieces

FORMATS = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson; charset=utf-8"}


def filters_of(data: Mapping[str, Any]) -> QueueFilters:
    """The filters of an export: as those of the queue, except that all statuses are meant where none is named."""
    return QueueFilters.from_data({**data, "status": data.get("status") or EVERY})


def export_stream(
    *,
    filters: QueueFilters,
    file_format: str,
    by: User | None,
    api_key: ApiKey | None = None,
    told: Callable[[int], Any] | None = None,
) -> Generator[str, None, None]:
    """The text of the file, piece by piece, in bounded memory; `told` hears how many rows there are so far.

    Raises PermissionDenied and InvalidInput (`format`) before the first piece.
    """
    _check(file_format, by)
    begun = _begin(filters, file_format, by, api_key, {})
    return _stream(filters, file_format, by, api_key, begun, told)


def export_create(
    *, filters: QueueFilters, file_format: str, by: User | None, api_key: ApiKey | None = None
) -> Transfer:
    """An export into a file, done by a worker. Raises PermissionDenied and InvalidInput (`format`)."""
    _check(file_format, by)
    options = {"filters": filters.to_data(), "last_id": export_last_id(user=by, filters=filters)}
    with transaction.atomic():
        transfer = transfer_create(
            kind=Transfer.Kind.EXPORT, file_format=file_format, options=options, by=by, api_key=api_key
        )
        _begin(filters, file_format, by, api_key, {"transfer": transfer.pk})
        transfer_enqueue(transfer=transfer)
    return transfer


def export_run(
    *,
    transfer: Transfer,
    told: Callable[[Transfer], Any] | None = None,
    shutdown_requested: Callable[[], bool] = lambda: False,
) -> None:
    """Do a claimed export to its end; goes on behind `position`, the last id whose row is in the file.

    Raises TransferLost when somebody else has it or it was cancelled.
    """
    options: dict[str, Any] = transfer.options
    transfer.file = transfer.file or f"export-{transfer.pk}.{transfer.format}"
    path = transfers_dir() / transfer.file
    filters = filters_of(options["filters"])
    api_key = ApiKey.objects.filter(pk=options.get("api_key", 0)).first()
    if not path.exists():  # it was tidied away since: from the beginning
        options["bytes"] = 0
        transfer_progress(transfer=transfer, position=0, done_rows=0)
    with path.open("r+b" if options.get("bytes") else "w+b") as stream:
        stream.truncate(options.get("bytes", 0))
        stream.seek(0, os.SEEK_END)
        if transfer.position == 0:
            stream.write("".join(export_lines([], transfer.format, header=True)).encode())
        pages = export_pages(
            user=transfer.by, filters=filters, last_id=options["last_id"], after=transfer.position
        )
        for page in pages:
            stream.write("".join(export_lines(page, transfer.format, header=False)).encode())
            stream.flush()
            os.fsync(stream.fileno())
            options["bytes"] = stream.tell()
            done = transfer.done_rows + len(page)
            transfer_progress(transfer=transfer, position=page[-1].pk, done_rows=done, file=transfer.file)
            if told is not None:
                told(transfer)
            if shutdown_requested():
                transfer_give_back(transfer=transfer)
                return
        options["bytes"] = stream.tell()
    with transaction.atomic():
        transfer_finish(transfer=transfer, file=transfer.file, total_rows=transfer.done_rows)
        _ended(
            filters,
            transfer.format,
            transfer.by,
            api_key,
            transfer.done_rows,
            True,
            {"transfer": transfer.pk},
        )


def export_downloaded(*, transfer: Transfer, by: User | None, api_key: ApiKey | None = None) -> None:
    """Write down that a finished file is fetched, before it is. Raises PermissionDenied and TransferNotPossible.

    It holds what whoever made it saw: who does not see every source fetches only their own.
    """
    require_permission(by, SEE)
    if transfer.status != Transfer.Status.SUCCEEDED or file_of(transfer) is None:
        raise TransferNotPossible("There is no file (any more); make the export again.")
    audit_record(
        verb="export.download",
        by=by,
        api_key=api_key,
        subject=transfer.format,
        count=transfer.done_rows,
        data={"transfer": transfer.pk, "filters": filters_of(transfer.options["filters"]).to_audit()},
    )


def _stream(
    filters: QueueFilters,
    file_format: str,
    by: User | None,
    api_key: ApiKey | None,
    begun: AuditEntry,
    told: Callable[[int], Any] | None,
) -> Generator[str, None, None]:
    sent = 0
    whole = False

    def lines() -> Iterator[str]:
        nonlocal sent
        yield from export_lines([], file_format, header=True)
        last = export_last_id(user=by, filters=filters)
        for page in export_pages(user=by, filters=filters, last_id=last):
            yield from export_lines(page, file_format, header=False)
            sent += len(page)
            if told is not None:
                told(sent)

    try:
        yield from pieces(lines())
        whole = True
    finally:
        _ended(filters, file_format, by, api_key, sent, whole, {"export": begun.pk})


def _check(file_format: str, by: User | None) -> None:
    require_permission(by, ADD)
    if file_format not in FORMATS:
        message = f"This must be {' or '.join(FORMATS)}."
        raise InvalidInput([ValidationProblem("format", message, "invalid_choice")])


def _begin(
    filters: QueueFilters,
    file_format: str,
    by: User | None,
    api_key: ApiKey | None,
    more: Mapping[str, Any],
) -> AuditEntry:
    data = {"filters": filters.to_audit(), "format": file_format, **more}
    return audit_record(verb="export.comments", by=by, api_key=api_key, subject=file_format, data=data)


def _ended(
    filters: QueueFilters,
    file_format: str,
    by: User | None,
    api_key: ApiKey | None,
    count: int,
    whole: bool,
    more: Mapping[str, Any],
) -> None:
    data = {"filters": filters.to_audit(), "whole": whole, **more}
    audit_record(
        verb="export.comments_sent", by=by, api_key=api_key, subject=file_format, count=count, data=data
    )
