"""Imports and exports: bringing a file, looking at it before it is stored, and watching what runs."""

from typing import Any

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from classifier.core.validation import InvalidInput
from classifier.models import Transfer, User
from classifier.review.pages.filter_form import in_words
from classifier.transfers.exports import filters_of
from classifier.transfers.import_rows import FIELDS
from classifier.transfers.imports import import_create, import_preview, import_start
from classifier.transfers.pages.preview import DEFAULT_SOURCE, preview_context, sources_offered
from classifier.transfers.selectors import LISTED, progress_of, transfers_seen_by
from classifier.transfers.services import (
    ADD,
    CANCELLED,
    CHANGE,
    DRAFT,
    SEE,
    TransferNotPossible,
    errors_download,
    errors_file_of,
    file_of,
    transfer_cancel,
    transfer_resume,
    upload_store,
)
from classifier.web.access import permitted, person_of
from toxicsite.lib.storage_errors import DiskFull


@permitted(SEE)
@require_safe
def transfers(request: HttpRequest) -> HttpResponse:
    return _page(request)


@permitted(SEE)
@require_safe
def transfers_live(request: HttpRequest) -> HttpResponse:
    """The list alone, for a page that watches it."""
    return render(request, "classifier/transfers/list.html", _list(person_of(request)))


@permitted(ADD)
@require_POST
def bring(request: HttpRequest) -> HttpResponse:
    """Keep an uploaded file as a draft; its page shows what is in it before anything is stored."""
    by = person_of(request)
    file = request.FILES.get("file")
    source = request.POST.get("source", "").strip() or DEFAULT_SOURCE
    if not isinstance(file, UploadedFile):
        return _page(request, problem="Choose a file first.", status=422)
    try:
        stored = upload_store(file.chunks())
        made = import_create(file=stored, name=file.name or "", source=source, by=by, draft=True)
    except InvalidInput as error:
        return _page(request, problem=error.problems[0].message, status=422)
    except DiskFull as error:
        return _page(request, problem=str(error), status=507)
    return redirect("transfer", made.pk)


@permitted(SEE)
@require_safe
def transfer(request: HttpRequest, transfer_id: int) -> HttpResponse:
    found = _found(request, transfer_id)
    if DRAFT in found.options:
        return _draft(request, found)
    part = "classifier/transfers/live.html" if "live" in request.GET else "classifier/transfers/transfer.html"
    return render(request, part, {"row": _row(found), "user": person_of(request)})


@permitted(ADD)
@require_POST
def start(request: HttpRequest, transfer_id: int) -> HttpResponse:
    """Begin a draft with the columns that were chosen; `look` only shows the rows with them."""
    found = _found(request, transfer_id)
    columns = {name: request.POST.get(f"column-{name}", "") for name in FIELDS}
    source = request.POST.get("source", "").strip()
    if "look" in request.POST and DRAFT in found.options:
        return _draft(request, found, columns=columns, source=source)
    try:
        import_start(transfer=found, source=source, columns=columns, by=person_of(request))
    except InvalidInput as error:
        errors = {problem.field: problem.message for problem in error.problems}
        return _draft(request, found, columns=columns, source=source, errors=errors, status=422)
    except TransferNotPossible as error:
        messages.warning(request, str(error))
    return redirect("transfer", found.pk)


@permitted(CHANGE)
@require_POST
def cancel(request: HttpRequest, transfer_id: int) -> HttpResponse:
    found = _found(request, transfer_id)
    draft = DRAFT in found.options
    try:
        transfer_cancel(transfer=found, by=person_of(request))
    except TransferNotPossible as error:
        messages.warning(request, str(error))
    return redirect("transfers") if draft else redirect("transfer", found.pk)


@permitted(CHANGE)
@require_POST
def resume(request: HttpRequest, transfer_id: int) -> HttpResponse:
    found = _found(request, transfer_id)
    try:
        transfer_resume(transfer=found, by=person_of(request))
    except TransferNotPossible as error:
        messages.warning(request, str(error))
    return redirect("transfer", found.pk)


@permitted(SEE)
@require_safe
def errors(request: HttpRequest, transfer_id: int) -> HttpResponseBase:
    """The rows that an import could not take, as CSV."""
    found = _found(request, transfer_id)
    path = errors_download(transfer=found, by=person_of(request))
    if path is None:
        messages.warning(request, "There is no file of errors (any more).")
        return redirect("transfer", found.pk)
    name = f"import-{found.pk}-errors.csv"
    return FileResponse(
        path.open("rb"), as_attachment=True, filename=name, content_type="text/csv; charset=utf-8"
    )


def _found(request: HttpRequest, transfer_id: int) -> Transfer:
    return get_object_or_404(transfers_seen_by(user=person_of(request)), pk=transfer_id)


def _page(request: HttpRequest, *, problem: str = "", status: int = 200) -> HttpResponse:
    user = person_of(request)
    context = {
        **_list(user),
        "problem": problem,
        "source": request.POST.get("source", ""),
        "sources": sources_offered(user),
        "default_source": DEFAULT_SOURCE,
    }
    return render(request, "classifier/transfers/transfers.html", context, status=status)


def _list(user: User) -> dict[str, Any]:
    rows = [_row(one) for one in transfers_seen_by(user=user)[:LISTED]]
    return {"rows": rows, "live": any(row["live"] for row in rows)}


def _row(transfer: Transfer) -> dict[str, Any]:
    draft, status = DRAFT in transfer.options, Transfer.Status(transfer.status)
    cancelled = status == Transfer.Status.FAILED and CANCELLED in transfer.options
    label = "Draft" if draft else "Cancelled" if cancelled else status.label
    words = [] if transfer.kind == Transfer.Kind.IMPORT else in_words(filters_of(transfer.options["filters"]))
    return {
        "transfer": transfer,
        "draft": draft,
        "label": label,
        "colour": "amber" if draft or cancelled else status.colour,
        "live": not draft and status in (Transfer.Status.QUEUED, Transfer.Status.RUNNING),
        "over": status in (Transfer.Status.SUCCEEDED, Transfer.Status.FAILED),
        "progress": progress_of(transfer),
        "name": transfer.options.get("name") or "",
        "source": transfer.options.get("source", ""),
        "stored": transfer.options.get("stored", 0),
        "skipped": transfer.options.get("skipped", 0),
        "words": words,
        "errors": transfer.error_rows and errors_file_of(transfer) is not None,
        "file": transfer.status == Transfer.Status.SUCCEEDED
        and transfer.kind == Transfer.Kind.EXPORT
        and file_of(transfer) is not None,
        "resumes": status == Transfer.Status.FAILED
        and (transfer.kind == Transfer.Kind.EXPORT or file_of(transfer) is not None)
        and (cancelled or transfer.kind == Transfer.Kind.EXPORT or transfer.total_rows is not None),
    }


def _draft(
    request: HttpRequest,
    transfer: Transfer,
    *,
    columns: dict[str, str] | None = None,
    source: str | None = None,
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    user = person_of(request)
    path = file_of(transfer)
    if path is None:
        messages.warning(request, "The file is not kept any more; bring it again.")
        return redirect("transfers")
    chosen = transfer.options["columns"] if columns is None else {k: v for k, v in columns.items() if v}
    preview = import_preview(path, file_format=transfer.format, columns=chosen or {"": ""})
    told = errors or {}
    context = {
        "transfer": transfer,
        "row": _row(transfer),
        "size": path.stat().st_size,
        "source": transfer.options["source"] if source is None else source,
        "source_error": told.get("source", ""),
        "sources": sources_offered(user),
        "fields": [
            {
                "name": name,
                "title": title,
                "column": chosen.get(name, ""),
                "error": told.get(f"columns.{name}", ""),
                "needed": name == "text",
            }
            for name, title in FIELDS.items()
        ],
        "meanings": [
            next((FIELDS[name] for name, column in chosen.items() if column == one and name in FIELDS), "")
            for one in preview.names
        ],
        **preview_context(preview),
    }
    return render(request, "classifier/transfers/draft.html", context, status=status)
