"""What the pages of imports, exports, rescorings and comparisons share: uploads, previews, rows of a list, buttons."""

from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect

from classifier.core.error_kinds import details_of
from classifier.core.validation import InvalidInput
from classifier.core.visibility import visible_sources
from classifier.inference.files.encodings import ENCODINGS
from classifier.inference.files.layout import DELIMITERS, Reading
from classifier.inference.files.rows import raw_text
from classifier.models import Transfer, User
from classifier.transfers.import_rows import FIELDS
from classifier.transfers.previews import FilePreview, reading_chosen, reading_of
from classifier.transfers.selectors import progress_of
from classifier.transfers.services import CANCELLED, DRAFT, errors_download, errors_file_of, upload_store
from classifier.web.access import person_of
from classifier.web.refusals import page_status, refusals_shown
from toxicsite.lib.storage_errors import DiskFull

DEFAULT_SOURCE = "import"
CELL_CHARACTERS = 160
ERRORS_SHOWN = 10


def uploaded(
    request: HttpRequest,
    create: Callable[[str, str], Transfer],
    *,
    address: str,
    page: Callable[..., HttpResponse],
) -> HttpResponse:
    """Store the uploaded file, `create` a draft of its stored name and its own, and go to its page at `address`.

    If that fails, show `page` again with the problem.
    """
    file = request.FILES.get("file")
    if not isinstance(file, UploadedFile):
        return page(request, problem="Choose a file first.", status=422)
    try:
        made = create(upload_store(file.chunks()), file.name or "")
    except (InvalidInput, DiskFull) as error:
        details = details_of(error)
        assert details is not None
        return page(request, problem=details.sentence, status=page_status(details))
    return redirect(address, made.pk)


def act(request: HttpRequest, verb: Callable[..., None], transfer: Transfer) -> None:
    """Cancel or resume `transfer` for the person of `request`; if that fails, a message says why."""
    with refusals_shown(request, level=messages.WARNING):
        verb(transfer=transfer, by=person_of(request))


def error_rows_download(
    request: HttpRequest, transfer: Transfer, *, name: str, address: str
) -> HttpResponseBase:
    """Download the rows that could not be stored, as CSV; without any, redirect to `address` with a message."""
    path = errors_download(transfer=transfer, by=person_of(request))
    if path is None:
        messages.warning(request, "There is no file of errors (any more).")
        return redirect(address, transfer.pk)
    kind = path.suffix[1:]
    return FileResponse(
        path.open("rb"),
        as_attachment=True,
        filename=f"{name}-{transfer.pk}-errors.{kind}",
        content_type="text/csv; charset=utf-8" if kind == "csv" else "application/x-ndjson; charset=utf-8",
    )


def reading_asked(request: HttpRequest, transfer: Transfer) -> Reading:
    """Return how the form says that the file of a draft is read; with nothing sent, as before. Raises InvalidInput."""
    if "encoding" not in request.POST:
        return reading_of(transfer.options, transfer.format)
    chosen = {name: request.POST.get(name, "") for name in ("encoding", "delimiter")}
    return reading_chosen({**chosen, "unguard": "unguard" in request.POST or "no_csv" in request.POST})


def reading_context(preview: FilePreview, reading: Reading) -> dict[str, Any]:
    """Return the context of `classifier/transfers/reading.html`: how the file is read, and the choices."""
    layout = preview.layout
    return {
        "layout": layout,
        "encoding_name": ENCODINGS[layout.encoding.name],
        "encodings": [(name, title, name == reading.encoding) for name, title in ENCODINGS.items()],
        "delimiters": [
            (name, name.capitalize(), mark == reading.delimiter) for mark, name in DELIMITERS.items()
        ],
        "delimiter_name": layout.delimiter_name or "none, one column",
    }


def row_of(transfer: Transfer, *, begun: bool = False) -> dict[str, Any]:
    """Return what a list and a page show of a transfer.

    One that has `begun` is running for people also while it waits for its next turn on a worker.
    """
    draft, status = DRAFT in transfer.options, Transfer.Status(transfer.status)
    cancelled = status == Transfer.Status.FAILED and CANCELLED in transfer.options
    live = not draft and status in (Transfer.Status.QUEUED, Transfer.Status.RUNNING)
    shown = Transfer.Status.RUNNING if live and begun else status
    return {
        "transfer": transfer,
        "draft": draft,
        "cancelled": cancelled,
        "live": live,
        "label": "Draft" if draft else "Cancelled" if cancelled else shown.label,
        "colour": "amber" if draft or cancelled else shown.colour,
        "progress": progress_of(transfer),
        "name": transfer.options.get("name") or "",
        "source": transfer.options.get("source", ""),
        "stored": transfer.options.get("stored", 0),
        "skipped": transfer.options.get("skipped", 0),
        "errors": transfer.error_rows and errors_file_of(transfer) is not None,
    }


def preview_context(
    preview: FilePreview, meanings: Sequence[str], *, filled_only: bool = False
) -> dict[str, Any]:
    """Return the context of `classifier/transfers/first_rows.html`: columns, cells, and the rows that cannot be stored.

    `meanings` says what each column is read as ("": nothing); with `filled_only`, columns without a value are left out.
    """
    wrong = {id(row) for row, _ in preview.errors}  # a line may hold several
    rows = [
        (row, None if row.values is None else list(map(row.values.get, preview.names)))
        for row in preview.rows
    ]
    kept = [
        at
        for at in range(len(preview.names))
        if not filled_only or any(cells is not None and cells[at] not in (None, "") for _, cells in rows)
    ]
    return {
        "preview": preview,
        "heads": [(preview.names[at], meanings[at]) for at in kept],
        "shown": [
            {
                "line": row.line,
                "is_wrong": id(row) in wrong or cells is None,
                "cells": [(_cell(cells[at]), meanings[at] == FIELDS["text"]) for at in kept] if cells else [],
                "raw": "" if cells is not None else _raw_cells(row.raw),
            }
            for row, cells in rows
        ],
        "wrong": [
            {"line": row.line, "problems": problems} for row, problems in preview.errors[:ERRORS_SHOWN]
        ],
        "more_wrong": max(0, len(preview.errors) - ERRORS_SHOWN),
    }


def sources_offered(user: User) -> list[str]:
    """List the sources that a person may import rows into, as the form suggests them."""
    return list(visible_sources(user).values_list("slug", flat=True))


def _raw_cells(raw: Any) -> str:
    """Return a row that could not be read, in one line."""
    return " | ".join(filter(None, map(_cell, raw if isinstance(raw, list) else [raw])))


def _cell(value: Any) -> str:
    text = "" if value is None else raw_text(value)
    return text if len(text) <= CELL_CHARACTERS else f"{text[:CELL_CHARACTERS]}…"
