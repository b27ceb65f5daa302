"""Export comments from a page: filters and their count first, then a stream or, for many, a file."""

from django.conf import settings
from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from classifier.models import Transfer
from classifier.review.filters import EVERY
from classifier.review.pages.filter_form import MORE, Chosen, filter_fields, in_words, read_chosen
from classifier.review.pages.list import hidden_filters
from classifier.review.selectors import queue_count
from classifier.transfers.exports import FORMATS, export_create, export_downloaded, export_stream
from classifier.transfers.selectors import transfers_seen_by
from classifier.transfers.services import ADD, SEE, TransferNotPossible, file_of
from classifier.web.access import permitted, person_of, reader_of


@permitted(ADD)
@require_http_methods(["GET", "HEAD", "POST"])
def export(request: HttpRequest) -> HttpResponseBase:
    """Show the filters and the number of comments that they choose; a POST exports them."""
    user = reader_of(request)
    chosen = _chosen(request.POST if request.method == "POST" else request.GET)
    file_format, bom = request.POST.get("format", ""), "bom" in request.POST
    if request.method != "POST" or chosen.errors or file_format not in FORMATS:
        wrong = bool(chosen.errors) or request.method == "POST"
        return _page(request, chosen, status=422 if wrong else 200)
    count = queue_count(user=user, filters=chosen.filters, limit=settings.EXPORT_DIRECT_ROWS)
    if count.more:
        made = export_create(filters=chosen.filters, file_format=file_format, by=user, bom=bom)
        messages.success(request, "The file is being made. It can be downloaded here once it is done.")
        return redirect("transfer", made.pk)
    text = export_stream(filters=chosen.filters, file_format=file_format, by=user, bom=bom)
    return StreamingHttpResponse(
        text,
        content_type=FORMATS[file_format],
        headers={"Content-Disposition": f'attachment; filename="{_name(file_format)}"'},
    )


@permitted(SEE)
@require_POST
def download(request: HttpRequest, transfer_id: int) -> HttpResponseBase:
    """Download the file of a finished export; by POST, because it is recorded in the audit."""
    user = person_of(request)
    transfer = get_object_or_404(transfers_seen_by(user=user), pk=transfer_id, kind=Transfer.Kind.EXPORT)
    try:
        export_downloaded(transfer=transfer, by=user)
    except TransferNotPossible as error:
        messages.warning(request, str(error))
        return redirect("transfer", transfer.pk)
    path = file_of(transfer)
    assert path is not None
    return FileResponse(
        path.open("rb"),
        as_attachment=True,
        filename=_name(transfer.format),
        content_type=FORMATS[transfer.format],
    )


def _page(request: HttpRequest, chosen: Chosen, *, status: int) -> HttpResponse:
    user = reader_of(request)
    fields = filter_fields(chosen, user)
    count = None if chosen.errors else queue_count(user=user, filters=chosen.filters)
    context = {
        "chosen": chosen,
        "fields": [field for field in fields if field.name not in MORE],
        "more": [field for field in fields if field.name in MORE],
        "more_open": any(field.value or field.error for field in fields if field.name in MORE),
        "count": count,
        "words": [word for word in in_words(chosen.filters) if word != f"status {EVERY}"],
        "direct": settings.EXPORT_DIRECT_ROWS,
        "streams": count is not None and not count.more and count.number <= settings.EXPORT_DIRECT_ROWS,
        "hidden": hidden_filters(chosen),
    }
    return render(request, "classifier/transfers/export.html", context, status=status)


def _chosen(data: QueryDict) -> Chosen:
    """Read the filters; an export without a status has every comment."""
    given = data.copy()
    if not given.get("status"):
        given["status"] = EVERY
    return read_chosen(given)


def _name(file_format: str) -> str:
    return f"comments-{timezone.now():%Y%m%d-%H%M%S}.{file_format}"
