"""Imports and exports: uploading a file, previewing it before it is stored, and watching what runs."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from classifier.core.validation import InvalidInput, row_id
from classifier.inference.files.layout import GUESSED, Reading
from classifier.inference.files.presets import PRESETS
from classifier.inference.files.values import DATE_ORDERS
from classifier.models import Transfer, User
from classifier.review.pages.filter_form import in_words
from classifier.transfers.exports import filters_of
from classifier.transfers.file_run import PRESET
from classifier.transfers.import_rows import (
    DECISION_CHOICES,
    DECISION_VALUES_MOST,
    FIELDS,
    TIMES,
    ValueRules,
)
from classifier.transfers.imports import import_create, import_preview, import_start
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
from classifier.transfers.selectors import LISTED, transfers_seen_by
from classifier.transfers.services import (
    ADD,
    CHANGE,
    DRAFT,
    SEE,
    TransferNotPossible,
    file_of,
    transfer_cancel,
    transfer_resume,
)
from classifier.web.access import permitted, person_of


@permitted(SEE)
@require_safe
def transfers(request: HttpRequest) -> HttpResponse:
    return _page(request)


@permitted(SEE)
@require_safe
def transfers_live(request: HttpRequest) -> HttpResponse:
    """Show the list alone, for a page that polls it."""
    return render(request, "classifier/transfers/list.html", _list(person_of(request)))


@permitted(ADD)
@require_POST
def bring(request: HttpRequest) -> HttpResponse:
    """Keep an uploaded file as a draft; its page shows what is in it before anything is stored."""
    like = _like(request, request.POST.get("like", ""))
    source = request.POST.get("source", "").strip() or (like.options["source"] if like else DEFAULT_SOURCE)
    return uploaded(
        request,
        lambda file, name: import_create(
            file=file,
            name=name,
            source=source,
            by=person_of(request),
            draft=True,
            like=like,
            preset=request.POST.get("preset", ""),
        ),
        address="transfer",
        page=_page,
    )


@permitted(SEE)
@require_safe
def transfer(request: HttpRequest, transfer_id: int) -> HttpResponse:
    transfer = _transfer_or_404(request, transfer_id)
    if DRAFT in transfer.options:
        return _draft(request, transfer)
    part = "classifier/transfers/live.html" if "live" in request.GET else "classifier/transfers/transfer.html"
    return render(request, part, {"row": _row(transfer), "user": person_of(request)})


@permitted(ADD)
@require_POST
def start(request: HttpRequest, transfer_id: int) -> HttpResponse:
    """Begin a draft with the columns that were chosen; `look` only previews the rows with those columns."""
    transfer = _transfer_or_404(request, transfer_id)
    columns = {name: request.POST.get(f"column-{name}", "") for name in FIELDS}
    source = request.POST.get("source", "").strip()
    rules = _rules(request, transfer)
    reading = GUESSED
    try:
        reading = reading_asked(request, transfer)
        if "look" in request.POST and DRAFT in transfer.options:
            return _draft(
                request, transfer, columns=columns, source=source, reading=reading, rules=rules.checked()
            )
        import_start(
            transfer=transfer,
            source=source,
            columns=columns,
            by=person_of(request),
            reading=reading,
            rules=rules,
        )
    except InvalidInput as error:
        errors = {problem.field: problem.message for problem in error.problems}
        return _draft(
            request,
            transfer,
            columns=columns,
            source=source,
            errors=errors,
            reading=GUESSED if "file" in errors else reading,
            rules=rules if not {"time_zone", "dates", "decisions"} & set(errors) else None,
            status=422,
        )
    except TransferNotPossible as error:
        messages.warning(request, str(error))
    return redirect("transfer", transfer.pk)


@permitted(CHANGE)
@require_POST
def cancel(request: HttpRequest, transfer_id: int) -> HttpResponse:
    transfer = _transfer_or_404(request, transfer_id)
    draft = DRAFT in transfer.options
    act(request, transfer_cancel, transfer)
    return redirect("transfers") if draft else redirect("transfer", transfer.pk)


@permitted(CHANGE)
@require_POST
def resume(request: HttpRequest, transfer_id: int) -> HttpResponse:
    transfer = _transfer_or_404(request, transfer_id)
    act(request, transfer_resume, transfer)
    return redirect("transfer", transfer.pk)


@permitted(SEE)
@require_safe
def errors(request: HttpRequest, transfer_id: int) -> HttpResponseBase:
    """Download the rows that an import could not store, as CSV."""
    return error_rows_download(
        request, _transfer_or_404(request, transfer_id), name="import", address="transfer"
    )


def _transfer_or_404(request: HttpRequest, transfer_id: int) -> Transfer:
    return get_object_or_404(transfers_seen_by(user=person_of(request)), pk=transfer_id)


def _like(request: HttpRequest, text: str) -> Transfer | None:
    """Return the import whose refused rows were mended, by its id, where the person sees it."""
    number = row_id(text)
    imports = transfers_seen_by(user=person_of(request)).filter(kind=Transfer.Kind.IMPORT)
    return imports.filter(pk=number).first() if number else None


def _rules(request: HttpRequest, transfer: Transfer) -> ValueRules:
    """Return how the form says that values are read; with nothing sent, as before."""
    post = request.POST
    if "time_zone" not in post:
        return ValueRules.from_dict(transfer.options.get("values", {}))
    values = [post.get(f"value-{number}", "") for number in range(DECISION_VALUES_MOST)]
    decisions = {
        value: decision
        for number, value in enumerate(values)
        if value and (decision := post.get(f"decision-{number}", ""))
    }
    return ValueRules(post["time_zone"].strip(), post.get("dates", ""), decisions)


def _page(request: HttpRequest, *, problem: str = "", status: int = 200) -> HttpResponse:
    user = person_of(request)
    context = {
        **_list(user),
        "problem": problem,
        "source": request.POST.get("source", ""),
        "sources": sources_offered(user),
        "default_source": DEFAULT_SOURCE,
        "presets": [(name, preset.title, preset.file) for name, preset in PRESETS.items()],
        "preset": request.POST.get("preset", ""),
        "like": _like(request, request.GET.get("like", request.POST.get("like", ""))),
    }
    return render(request, "classifier/transfers/transfers.html", context, status=status)


def _list(user: User) -> dict[str, Any]:
    rows = [_row(transfer) for transfer in transfers_seen_by(user=user)[:LISTED]]
    return {"rows": rows, "live": any(row["live"] for row in rows)}


def _row(transfer: Transfer) -> dict[str, Any]:
    row, status, export = row_of(transfer), transfer.status, transfer.kind == Transfer.Kind.EXPORT
    filters = in_words(filters_of(transfer.options["filters"])) if export else []
    there = file_of(transfer) is not None
    begun = row["cancelled"] or export or transfer.total_rows is not None
    return {
        **row,
        "over": status in (Transfer.Status.SUCCEEDED, Transfer.Status.FAILED),
        "words": filters,
        "file": status == Transfer.Status.SUCCEEDED and export and there,
        "resumes": status == Transfer.Status.FAILED and (export or there) and begun,
    }


def _draft(
    request: HttpRequest,
    transfer: Transfer,
    *,
    columns: dict[str, str] | None = None,
    source: str | None = None,
    errors: dict[str, str] | None = None,
    reading: Reading | None = None,
    rules: ValueRules | None = None,
    status: int = 200,
) -> HttpResponse:
    user = person_of(request)
    path = file_of(transfer)
    if path is None:
        messages.warning(request, "The file is not kept any more; bring it again.")
        return redirect("transfers")
    chosen = transfer.options["columns"] if columns is None else {k: v for k, v in columns.items() if v}
    reading = reading or reading_of(transfer.options, transfer.format)
    rules = rules or ValueRules.from_dict(transfer.options.get("values", {}))
    field_errors = errors or {}
    preset = transfer.options.get(PRESET, "")
    columns_shown = None if preset else chosen or {"": ""}
    preview = import_preview(path, reading=reading, columns=columns_shown, rules=rules, preset=preset)
    meanings = [
        next((FIELDS[name] for name, column in chosen.items() if column == header and name in FIELDS), "")
        for header in preview.names
    ]
    context = {
        "transfer": transfer,
        "row": _row(transfer),
        "size": path.stat().st_size,
        "source": transfer.options["source"] if source is None else source,
        "source_error": field_errors.get("source", ""),
        "sources": sources_offered(user),
        "errors": field_errors,
        "preset": PRESETS.get(preset),
        "rules": rules,
        "dates_found": preview.rules.dates,
        "has_times": any(name in chosen for name in TIMES),
        "date_orders": [(name, name == rules.dates) for name in DATE_ORDERS],
        "decisions": preview.decisions,
        "decision_choices": DECISION_CHOICES.items(),
        **reading_context(preview, reading),
        "fields": [
            {
                "name": name,
                "title": title,
                "column": chosen.get(name, ""),
                "error": field_errors.get(f"columns.{name}", ""),
                "needed": name == "text",
            }
            for name, title in FIELDS.items()
        ],
        **preview_context(preview, meanings, filled_only=bool(preset)),
    }
    return render(request, "classifier/transfers/draft.html", context, status=status)
