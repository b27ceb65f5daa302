"""`/comparisons/`: which services can be compared, and files of old scores: uploaded, previewed, scored, compared."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from classifier.core.validation import InvalidInput, row_id
from classifier.dialects.labels import labels_by_attribute
from classifier.inference.files.layout import GUESSED, Reading
from classifier.models import TextFormat, Transfer, Wire
from classifier.references.pages.comparison import SEE, choice_of, compared, csv_of, with_query
from classifier.references.pairs import comparison_files, services_compared
from classifier.transfers.comparison_run import WAITING
from classifier.transfers.comparisons import (
    comparison_create,
    comparison_delete,
    comparison_preview,
    comparison_start,
)
from classifier.transfers.pages.common import (
    DEFAULT_SOURCE,
    act,
    error_rows_download,
    preview_context,
    reading_asked,
    reading_context,
    row_of,
    sources_offered,
    uploaded,
)
from classifier.transfers.previews import reading_of
from classifier.transfers.services import (
    ADD,
    CHANGE,
    DRAFT,
    TransferNotPossible,
    file_of,
    transfer_cancel,
    transfer_resume,
)
from classifier.web.access import permitted, person_of
from classifier.web.refusals import refusals_shown

LISTED = 50
Status = Transfer.Status


@permitted(SEE)
@require_safe
def comparisons(request: HttpRequest) -> HttpResponse:
    return _page(request)


@permitted(SEE, ADD)
@require_POST
def bring(request: HttpRequest) -> HttpResponse:
    """Keep an uploaded file as a draft; its page shows what is in it before anything is scored."""
    source = request.POST.get("source", "").strip() or DEFAULT_SOURCE
    wire = request.POST.get("wire", "")
    if wire not in Wire.values:
        return _page(request, problem="Choose whose scores they are.", status=422)
    return uploaded(
        request,
        lambda file, name: comparison_create(
            file=file,
            name=name,
            source=source,
            labels=labels_by_attribute(wire),
            wire=wire,
            by=person_of(request),
        ),
        address="comparison",
        page=_page,
    )


@permitted(SEE)
@require_safe
def comparison(request: HttpRequest, comparison_id: int) -> HttpResponse:
    transfer = _comparison_or_404(request, comparison_id)
    if DRAFT in transfer.options:
        return _draft(request, transfer)
    row = _row(transfer)
    if "live" in request.GET:
        return render(request, "classifier/references/comparison/live.html", {"row": row, "live_only": True})
    context: dict[str, Any] = {"row": row, "title": f"Compare with {row['name'] or 'a file'}"}
    if row["stored"]:
        choice, problems = choice_of(request, file=transfer)
        context |= compared(request, choice, problems)
        context |= {"csv_url": with_query("comparison-csv", transfer.pk, choice)}
    return render(request, "classifier/references/comparison/page.html", context)


@permitted(SEE)
@require_safe
def comparison_csv(request: HttpRequest, comparison_id: int) -> HttpResponseBase:
    transfer = _comparison_or_404(request, comparison_id)
    choice, _ = choice_of(request, file=transfer)
    return csv_of(request, choice, f"comparison-{transfer.pk}.csv")


@permitted(SEE, ADD)
@require_POST
def start(request: HttpRequest, comparison_id: int) -> HttpResponse:
    """Begin a draft with the columns that were chosen; `look` only previews the rows with those columns."""
    transfer = _comparison_or_404(request, comparison_id)
    if DRAFT not in transfer.options:
        messages.warning(request, "This comparison has begun already.")
        return redirect("comparison", transfer.pk)
    labels = labels_by_attribute(transfer.options["wire"])
    asked: dict[str, Any] = {
        "source": request.POST.get("source", "").strip(),
        "text": request.POST.get("text", ""),
        "columns": {name: column for name in labels if (column := request.POST.get(f"column-{name}", ""))},
        "keeps_texts": "keeps_texts" in request.POST,
        "text_format": request.POST.get("text_format", ""),
        "service": request.POST.get("service", ""),
    }
    try:
        reading = reading_asked(request, transfer)
        if "look" in request.POST:
            return _draft(request, transfer, asked=asked, reading=reading)
    except InvalidInput as error:
        errors = {problem.field: problem.message for problem in error.problems}
        return _draft(request, transfer, asked=asked, errors=errors, reading=GUESSED, status=422)
    service = None
    if asked["service"]:
        service = (
            services_compared()
            .filter(wire=transfer.options["wire"], pk=row_id(asked["service"]) or 0)
            .first()
        )
        if service is None:
            return _draft(
                request, transfer, asked=asked, errors={"service": "Choose one of these."}, status=422
            )
    try:
        comparison_start(
            transfer=transfer,
            labels=labels,
            by=person_of(request),
            reading=reading,
            **(asked | {"service": service}),
        )
    except InvalidInput as error:
        errors = {problem.field: problem.message for problem in error.problems}
        shown = GUESSED if "file" in errors else reading
        return _draft(request, transfer, asked=asked, errors=errors, reading=shown, status=422)
    except TransferNotPossible as error:
        messages.warning(request, str(error))
    return redirect("comparison", transfer.pk)


@permitted(SEE, CHANGE)
@require_POST
def cancel(request: HttpRequest, comparison_id: int) -> HttpResponse:
    transfer = _comparison_or_404(request, comparison_id)
    draft = DRAFT in transfer.options
    act(request, transfer_cancel, transfer)
    return redirect("comparisons") if draft else redirect("comparison", transfer.pk)


@permitted(SEE, CHANGE)
@require_POST
def resume(request: HttpRequest, comparison_id: int) -> HttpResponse:
    transfer = _comparison_or_404(request, comparison_id)
    act(request, transfer_resume, transfer)
    return redirect("comparison", transfer.pk)


@permitted(SEE, CHANGE)
@require_POST
def delete(request: HttpRequest, comparison_id: int) -> HttpResponse:
    transfer = _comparison_or_404(request, comparison_id)
    with refusals_shown(request, level=messages.WARNING):
        comparison_delete(transfer=transfer, by=person_of(request))
        messages.success(request, "The comparison is deleted, with every score and text that it kept.")
        return redirect("comparisons")
    return redirect("comparison", comparison_id)


@permitted(SEE, CHANGE)
@require_safe
def errors(request: HttpRequest, comparison_id: int) -> HttpResponseBase:
    """Download the rows that could not be compared, as CSV."""
    transfer = _comparison_or_404(request, comparison_id)
    return error_rows_download(request, transfer, name="comparison", address="comparison")


def _comparison_or_404(request: HttpRequest, comparison_id: int) -> Transfer:
    return get_object_or_404(comparison_files(person_of(request)), pk=comparison_id)


def _page(request: HttpRequest, *, problem: str = "", status: int = 200) -> HttpResponse:
    user = person_of(request)
    context = {
        "services": list(services_compared()),
        "rows": [_row(transfer) for transfer in comparison_files(user)[:LISTED]],
        "problem": problem,
        "source": request.POST.get("source", ""),
        "wire": request.POST.get("wire", Wire.PERSPECTIVE),
        "wires": Wire.choices,
        "sources": sources_offered(user),
        "default_source": DEFAULT_SOURCE,
    }
    return render(request, "classifier/references/comparison/list.html", context, status=status)


def _row(transfer: Transfer) -> dict[str, Any]:
    row = row_of(transfer, begun=transfer.total_rows is not None)
    return {
        **row,
        "waiting": transfer.options.get(WAITING, "") if row["live"] else "",
        "wire": Wire(transfer.options.get("wire", Wire.PERSPECTIVE)).label,
        "keeps_texts": transfer.options.get("keeps_texts", False),
        "text_format": dict(TextFormat.choices).get(transfer.options.get("text_format", ""), ""),
        "resumes": transfer.status == Transfer.Status.FAILED and file_of(transfer) is not None,
    }


def _draft(
    request: HttpRequest,
    transfer: Transfer,
    *,
    asked: dict[str, Any] | None = None,
    errors: dict[str, str] | None = None,
    reading: Reading | None = None,
    status: int = 200,
) -> HttpResponse:
    user = person_of(request)
    path = file_of(transfer)
    if path is None:
        messages.warning(request, "The file is not kept any more; bring it again.")
        return redirect("comparisons")
    chosen = asked or {"service": "", "text_format": "", **transfer.options}
    reading = reading or reading_of(transfer.options, transfer.format)
    preview = comparison_preview(path, text=chosen["text"], attributes=chosen["columns"], reading=reading)
    meanings = {chosen["text"]: "Text", **{column: name for name, column in chosen["columns"].items()}}
    field_errors = errors or {}
    wire = transfer.options["wire"]
    context = {
        "transfer": transfer,
        "row": _row(transfer),
        "size": path.stat().st_size,
        "chosen": chosen,
        "errors": field_errors,
        "formats": TextFormat.choices,
        "sources": sources_offered(user),
        "services": [service for service in services_compared() if service.wire == wire],
        "fields": [
            {
                "name": name,
                "id": name.lower().replace("/", "-"),
                "column": chosen["columns"].get(name, ""),
                "error": field_errors.get(f"columns.{name}", ""),
            }
            for name in labels_by_attribute(wire)
        ],
        **reading_context(preview, reading),
        **preview_context(preview, [meanings.get(name, "") for name in preview.names]),
    }
    return render(request, "classifier/references/comparison/draft.html", context, status=status)
