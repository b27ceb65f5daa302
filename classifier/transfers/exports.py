"""Export comments with verdict, scores, version, policy and decision, as CSV or JSONL: streamed, or into a file.

Texts leave the site here, so the audit has an entry before the first piece of every export, one after its last, and
another for every download of a finished file.

Comments are read page by page in the order of their ids. Each page is a statement of its own that goes on behind the
last id. So memory is bounded, no transaction stays open however slowly a reader reads, and a stopped export goes on
where it was.
"""

import json
import os
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from typing import Any

from django.db import transaction
from django.db.models import Max

from classifier.core.audit import audit_record
from classifier.core.permissions import require_permission
from classifier.core.validation import InvalidInput, ValidationProblem
from classifier.models import ApiKey, AuditEntry, Comment, Transfer, User
from classifier.review.filters import EVERY, QueueFilters
from classifier.review.selectors import queue_comments
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
from toxicsite.lib.spreadsheets import BOM, csv_lines, pieces

FORMATS = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson; charset=utf-8"}
PAGE = 1_000
COLUMNS = (
    "id",
    "source",
    "external_id",
    "author",
    "text",
    "created_at",
    "status",
    "verdict",
    "score",
    "threshold",
    "scores",
    "model_version",
    "classified_at",
    "band",
    "policy_version",
    "queued_at",
    "queue_reasons",
    "reports",
    "escalated",
    "open_appeal",
    "action",
    "reason",
    "note",
    "labels",
    "decided_by",
    "automatic",
    "decided_at",
    "edited_at",
    "text_purged_at",
    "language",
    "text_format",
    "concern",
)
_NESTED = ("scores", "queue_reasons", "labels")
_READ = (
    "id",
    "external_id",
    "text",
    "text_format",
    "author_ref",
    "status",
    "created_at",
    "classified_at",
    "edited_at",
    "text_purged_at",
    "band",
    "risk",
    "queue_reasons",
    "queued_at",
    "report_count",
    "is_escalated",
    "has_open_appeal",
    "is_concern",
)


def filters_of(data: Mapping[str, Any]) -> QueueFilters:
    """Read the filters of an export: those of the queue, except that no status means every status."""
    return QueueFilters.from_data({**data, "status": data.get("status") or EVERY})


def export_stream(
    *,
    filters: QueueFilters,
    file_format: str,
    by: User | None,
    api_key: ApiKey | None = None,
    report: Callable[[int], Any] | None = None,
    bom: bool = False,
) -> Generator[str, None, None]:
    """Yield the text of the file in pieces, in bounded memory; `report` is called with the number of rows so far.

    With `bom` a CSV file begins with a byte order mark.

    Raises PermissionDenied and InvalidInput (`format`) before the first piece.
    """
    _check(file_format, by)
    begun = _begin(filters, file_format, by, api_key, {})
    return _stream(filters, file_format, by, api_key, begun, report, bom)


def export_create(
    *,
    filters: QueueFilters,
    file_format: str,
    by: User | None,
    api_key: ApiKey | None = None,
    bom: bool = False,
) -> Transfer:
    """Start an export into a file, made by a worker. Raises PermissionDenied and InvalidInput (`format`)."""
    _check(file_format, by)
    options = {"filters": filters.to_data(), "last_id": export_last_id(user=by, filters=filters), "bom": bom}
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
    report: Callable[[Transfer], Any] | None = None,
    shutdown_requested: Callable[[], bool] = lambda: False,
) -> None:
    """Do a claimed export to its end; resumes after `position`, the last id whose row is in the file.

    Raises TransferLost when another worker has it or it was cancelled.
    """
    options: dict[str, Any] = transfer.options
    transfer.file = transfer.file or f"export-{transfer.pk}.{transfer.format}"
    path = transfers_dir() / transfer.file
    filters = filters_of(options["filters"])
    api_key = ApiKey.objects.filter(pk=options.get("api_key", 0)).first()
    if not path.exists():  # the file was deleted since: begin again
        options["bytes"] = 0
        transfer_progress(transfer=transfer, position=0, done_rows=0)
    with path.open("r+b" if options.get("bytes") else "w+b") as stream:
        stream.truncate(options.get("bytes", 0))
        stream.seek(0, os.SEEK_END)
        if transfer.position == 0:
            header = export_lines([], transfer.format, header=True, bom=options.get("bom", False))
            stream.write("".join(header).encode())
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
            if report is not None:
                report(transfer)
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
    """Record in the audit that a finished file is downloaded. Raises PermissionDenied and TransferNotPossible.

    The file has what its maker saw: people who do not see every source download only their own.
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
    report: Callable[[int], Any] | None,
    bom: bool,
) -> Generator[str, None, None]:
    sent = 0
    whole = False

    def lines() -> Iterator[str]:
        nonlocal sent
        yield from export_lines([], file_format, header=True, bom=bom)
        last = export_last_id(user=by, filters=filters)
        for page in export_pages(user=by, filters=filters, last_id=last):
            yield from export_lines(page, file_format, header=False)
            sent += len(page)
            if report is not None:
                report(sent)

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


def export_last_id(*, user: User | None, filters: QueueFilters) -> int:
    """Return the last id of an export that begins now; later comments are not part of it."""
    last = Comment.objects.order_by().aggregate(last=Max("pk"))["last"] or 0
    return min(last, filters.last_id) if filters.last_id is not None else last


def export_pages(
    *,
    user: User | None,
    filters: QueueFilters,
    last_id: int,
    after: int = 0,
    size: int | None = None,
) -> Iterator[list[Comment]]:
    """Yield pages of `size` (or PAGE) chosen comments that `user` sees, after the id `after` up to `last_id`."""
    size = size or PAGE
    chosen = queue_comments(user=user, filters=filters).filter(pk__lte=last_id)
    rows = (
        chosen.select_related("source", "current_prediction__model_version", "current_decision__by", "policy")
        .only(
            *_READ,
            "source__slug",
            "current_prediction__scores",
            "current_prediction__verdict",
            "current_prediction__score",
            "current_prediction__threshold",
            "current_prediction__language",
            "current_prediction__model_version__version",
            "current_decision__action",
            "current_decision__reason",
            "current_decision__note",
            "current_decision__labels",
            "current_decision__automatic",
            "current_decision__created_at",
            "current_decision__by__username",
            "policy__version",
        )
        .order_by("pk")
    )
    while page := list(rows.filter(pk__gt=after)[:size]):
        yield page
        if len(page) < size:
            return
        after = page[-1].pk


def export_lines(
    comments: Iterable[Comment], file_format: str, *, header: bool, bom: bool = False
) -> Iterator[str]:
    """Yield the lines of comments that `export_pages` has read; a CSV may begin with its header, also with a mark."""
    rows = (_row(comment) for comment in comments)
    if file_format == "jsonl":
        yield from (json.dumps(row, ensure_ascii=False, default=str) + "\n" for row in rows)
        return
    lines = csv_lines(COLUMNS, ([_flat(name, value) for name, value in row.items()] for row in rows))
    if header:
        yield BOM if bom else ""
        yield from lines
    else:
        next(lines)
        yield from lines


def _row(comment: Comment) -> dict[str, Any]:
    prediction, decision = comment.current_prediction, comment.current_decision
    values = (
        comment.pk,
        comment.source.slug,
        comment.external_id,
        comment.author_ref,
        comment.text,
        _iso(comment.created_at),
        comment.status,
        prediction and prediction.verdict,
        prediction and prediction.score,
        prediction and prediction.threshold,
        prediction and prediction.scores,
        prediction and prediction.model_version.version,
        _iso(comment.classified_at),
        comment.band or None,
        comment.policy and comment.policy.version,
        _iso(comment.queued_at),
        comment.queue_reasons,
        comment.report_count,
        comment.is_escalated,
        comment.has_open_appeal,
        decision and decision.action,
        decision and decision.reason,
        decision and decision.note,
        decision and decision.labels,
        decision and decision.by and decision.by.get_username(),
        decision and decision.automatic,
        decision and _iso(decision.created_at),
        _iso(comment.edited_at),
        _iso(comment.text_purged_at),
        prediction and prediction.language,
        comment.text_format,
        comment.is_concern,
    )
    return dict(zip(COLUMNS, values, strict=True))


def _flat(name: str, value: Any) -> Any:
    if name in _NESTED:
        return json.dumps(value, ensure_ascii=False) if value else ""
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else value


def _iso(moment: Any) -> str | None:
    return moment.isoformat() if moment is not None else None
