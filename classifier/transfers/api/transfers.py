"""`/api/v1/imports/`, `/transfers/` and `/exports/comments/`: import and export files of comments."""

import re
from collections.abc import Iterator
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.http import FileResponse, Http404, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from classifier.api.authentication import api_key_of, caller
from classifier.api.base import Endpoint, found
from classifier.api.fields import ChoiceParameter, ClosedSerializer, TextParameter
from classifier.api.operation import location, operation
from classifier.api.pagination import PageQuery, listed, page_of
from classifier.api.parsing import FileParser, read_chunked
from classifier.api.problems import NOT_NOW, UNSUPPORTED_MEDIA_TYPE, Problem
from classifier.api.reading import NothingInput, checked_query, without_body
from classifier.inference.files.encodings import ENCODINGS, known_encoding
from classifier.inference.files.layout import DELIMITERS
from classifier.inference.files.presets import PRESETS
from classifier.inference.files.values import DATE_ORDERS
from classifier.models import ApiScope, Transfer
from classifier.review.api.queue import QueueFilterQuery, filter_data
from classifier.transfers.exports import FORMATS as EXPORT_FORMATS
from classifier.transfers.exports import export_stream, filters_of
from classifier.transfers.import_rows import ValueRules
from classifier.transfers.imports import import_create
from classifier.transfers.presets import TABLE
from classifier.transfers.previews import FORMATS as IMPORT_FORMATS
from classifier.transfers.previews import reading_chosen
from classifier.transfers.selectors import progress_of, reading_shown, transfers_seen_by
from classifier.transfers.services import (
    ADD,
    CHANGE,
    SEE,
    errors_download,
    errors_file_of,
    transfer_cancel,
    upload_store,
)

FILE_TYPES = ("text/csv", "application/x-ndjson", "application/octet-stream")
CHUNK_BYTES = 1024 * 1024
KIND_CHOICES = [(kind.value, kind.value) for kind in (Transfer.Kind.IMPORT, Transfer.Kind.EXPORT)]
TRANSFER_STATUS_CHOICES = [(status.value, status.value) for status in Transfer.Status]
FORMAT_CHOICES = [(name, name) for name in (*IMPORT_FORMATS, "xml")]


class ImportQuery(ClosedSerializer):
    source = TextParameter(  # type: ignore[assignment]
        required=False, default="api", max_length=64, help_text="The source of rows that name none, a slug."
    )
    format = ChoiceParameter(
        required=False,
        choices=list(IMPORT_FORMATS),
        help_text="Guessed from the first character if left out; json is one list of objects.",
    )
    preset = ChoiceParameter(
        required=False,
        choices=[TABLE, *PRESETS],
        help_text="The system whose export this is, or table; found out if left out and `columns` is too.",
    )
    encoding = TextParameter(
        required=False,
        max_length=40,
        help_text=f"One of {', '.join(ENCODINGS)}, or another name of it. If left out, that of the byte order mark or "
        "of `charset` in Content-Type, else UTF-8 where the file is UTF-8, else guessed.",
    )
    delimiter = ChoiceParameter(
        required=False,
        choices=list(DELIMITERS.values()),
        help_text="Of a CSV file; found out if left out.",
    )
    guard = ChoiceParameter(
        required=False,
        choices=["undo", "keep"],
        default="undo",
        help_text="Of a CSV file: whether the quote that spreadsheet exports put before =, +, - and @ is taken off.",
    )
    time_zone = TextParameter(
        required=False,
        max_length=64,
        help_text="Of times that name none, such as Europe/Berlin; UTC if left out.",
    )
    dates = ChoiceParameter(
        required=False,
        choices=list(DATE_ORDERS),
        help_text="The order of dates such as 03/04/2024; if left out, by those that can be read in one way only, else "
        "the day first.",
    )
    decisions = TextParameter(
        required=False,
        max_length=2_000,
        help_text="What the values of the decision mean, as `ok:approve,bin:remove,new:none`; known words are guessed.",
    )
    name = TextParameter(required=False, default="", max_length=200, help_text="A name for the file.")
    columns = TextParameter(
        required=False,
        help_text="The column of each field, as `text:body,external_id:id`; guessed from their names if left out.",
    )


class ExportQuery(QueueFilterQuery):
    format = ChoiceParameter(required=False, choices=list(EXPORT_FORMATS), default="jsonl")
    bom = ChoiceParameter(
        required=False,
        choices=["true", "false"],
        default="false",
        help_text="Begin a CSV file with a byte order mark, by which spreadsheets know UTF-8.",
    )


class ImportInput(ClosedSerializer):
    """The file, as a field of a form."""

    file = serializers.FileField(help_text="CSV with a header, JSON Lines, or a JSON list.")


@extend_schema_serializer(component_name="Transfer")
class TransferOutput(serializers.Serializer[Transfer]):
    """An import or an export that runs in the background."""

    id = serializers.IntegerField()
    url = serializers.SerializerMethodField()
    kind = serializers.ChoiceField(choices=KIND_CHOICES)
    status = serializers.ChoiceField(choices=TRANSFER_STATUS_CHOICES)
    format = serializers.ChoiceField(choices=FORMAT_CHOICES)
    name = serializers.SerializerMethodField(help_text="The name of the file; empty for an export.")
    source = serializers.SerializerMethodField(  # type: ignore[assignment]
        help_text="The source of rows that name none; empty for an export."
    )
    done_rows = serializers.IntegerField(help_text="Rows that are done, whether stored, skipped or refused.")
    total_rows = serializers.IntegerField(allow_null=True, help_text="Null until the file has been read.")
    stored = serializers.SerializerMethodField(help_text="New comments of an import.")
    skipped = serializers.SerializerMethodField(
        help_text="Rows whose external id already existed in the source."
    )
    error_rows = serializers.IntegerField(help_text="Rows that were refused.")
    rows_per_second = serializers.SerializerMethodField(help_text="While it runs; null otherwise.")
    seconds_left = serializers.SerializerMethodField(help_text="An estimate; null if there is none.")
    failure_reason = serializers.CharField()
    errors_url = serializers.SerializerMethodField(
        help_text="The address of the refused rows; null if there are none."
    )
    reading = serializers.SerializerMethodField(
        help_text="How the file of an import is read: what was asked for, and what was found out."
    )
    replies = serializers.SerializerMethodField(
        help_text="Comments whose parent was found, as it stands in the file or in the source."
    )
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)

    def get_url(self, transfer: Transfer) -> str:
        return _url("api-transfer", transfer, self.context["request"])

    def get_name(self, transfer: Transfer) -> str:
        return str(transfer.options.get("name", ""))

    def get_source(self, transfer: Transfer) -> str:
        return str(transfer.options.get("source", ""))

    def get_stored(self, transfer: Transfer) -> int:
        return int(transfer.options.get("stored", 0))

    def get_skipped(self, transfer: Transfer) -> int:
        return int(transfer.options.get("skipped", 0))

    def get_reading(self, transfer: Transfer) -> dict[str, Any] | None:
        return reading_shown(transfer)

    def get_replies(self, transfer: Transfer) -> int:
        return int(transfer.options.get("replies", 0))

    def get_rows_per_second(self, transfer: Transfer) -> float | None:
        return progress_of(transfer).rate

    def get_seconds_left(self, transfer: Transfer) -> float | None:
        return progress_of(transfer).seconds_left

    def get_errors_url(self, transfer: Transfer) -> str | None:
        if not transfer.error_rows or errors_file_of(transfer) is None:
            return None
        return _url("api-transfer-errors", transfer, self.context["request"])


class TransferEndpoint(Endpoint):
    """An address of imports and exports: keys need the scope `admin`."""

    scope = ApiScope.ADMIN

    def visible(self) -> QuerySet[Transfer]:
        """Return the transfers that the caller may see; with a key for some sources, only those of the key."""
        user, key = caller(self.request), api_key_of(self.request)
        rows = transfers_seen_by(user=user)
        return rows.filter(options__api_key=key.pk) if key is not None and user.only_sources else rows

    def output(self, transfer: Transfer) -> Any:
        return TransferOutput(transfer, context={"request": self.request}).data


class ImportsEndpoint(TransferEndpoint):
    parser_classes = [FileParser]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        # A chunked body is read as it comes, not into memory like those of other endpoints.
        self.encoding = request._request.META.pop("HTTP_TRANSFER_ENCODING", "")
        super().initial(request, *args, **kwargs)

    @operation(
        "import_comments",
        needs=ADD,
        query=ImportQuery,
        headers=[location(202, description="The address of the import.")],
        body={"multipart/form-data": ImportInput, **dict.fromkeys(FILE_TYPES, OpenApiTypes.BINARY)},
        answers={202: TransferOutput},
    )
    def post(self, request: Request) -> Response:
        """Import a file of comments.

        The file is CSV with a header, JSON Lines, one JSON list, or the export of another system (`preset`). Send it as
        the body, or as the field `file` of a form. Encoding, delimiter, header, the order of dates and the meaning of
        decisions are found out where the query does not say; `reading` in the answer has them. The file is stored,
        checked and then imported in the background; follow the import at `Location`. Rows with known external ids are
        skipped. Rows that cannot be imported go into a file of errors, which can be mended and sent again.
        """
        query = checked_query(ImportQuery, request)
        columns = _pairs(query["columns"]) if "columns" in query else None
        rules = ValueRules(
            query.get("time_zone", ""), query.get("dates", ""), _pairs(query.get("decisions", ""))
        ).checked()
        chunks, name, charset = self._file(request)
        reading = reading_chosen({"encoding": charset, **query, "unguard": query["guard"] == "undo"})
        transfer = import_create(
            file=upload_store(chunks),
            name=query["name"] or name,
            source=query["source"],
            reading=reading,
            columns=columns,
            rules=rules,
            preset=query.get("preset", ""),
            by=caller(request),
            api_key=api_key_of(request),
        )
        headers = {"Location": _url("api-transfer", transfer, request)}
        return Response(self.output(transfer), status=202, headers=headers)

    def _file(self, request: Request) -> tuple[Iterator[bytes], str, str]:
        """Return the chunks of the file, its name, and the charset that Content-Type says. Raises the 415 problem."""
        media, _, parameters = str(request.content_type or "").partition(";")
        named = re.search(r'charset\s*=\s*"?([^";\s]+)', parameters, re.IGNORECASE)
        charset = named[1] if named else ""
        if charset and known_encoding(charset) is None:
            raise Problem(
                UNSUPPORTED_MEDIA_TYPE,
                f"There is no charset {charset[:40]!r}; use one of {', '.join(ENCODINGS)}.",
            )
        if known_encoding(charset) == "utf-8" or media.strip().lower() == "multipart/form-data":
            charset = ""  # clients add it by themselves, whatever the file is
        if media.strip().lower() == "multipart/form-data":
            file = request.FILES.get("file") if request.data is not None else None
            found = isinstance(file, UploadedFile)
            return (file.chunks(), file.name or "", "") if found else (iter(()), "", "")
        if media.strip().lower() not in FILE_TYPES:
            known = ", ".join((*FILE_TYPES, "multipart/form-data"))
            raise Problem(UNSUPPORTED_MEDIA_TYPE, f"Send the file as one of {known}.")
        environ = request._request.META
        if "chunked" in self.encoding.lower() and environ.get("wsgi.input_terminated"):
            return iter(lambda: read_chunked(environ["wsgi.input"], CHUNK_BYTES), b""), "", charset
        return iter(lambda: request._request.read(CHUNK_BYTES), b""), "", charset


class TransfersEndpoint(TransferEndpoint):
    @operation("list_transfers", needs=SEE, query=PageQuery, answers=page_of(TransferOutput))
    def get(self, request: Request) -> Response:
        """List imports and exports, newest first."""
        return listed(self.visible(), checked_query(PageQuery, request), request, TransferOutput)


class OneTransferEndpoint(TransferEndpoint):
    @operation("read_transfer", needs=SEE, answers=TransferOutput)
    def get(self, request: Request, transfer_id: int) -> Response:
        """Read the progress of an import or export."""
        return Response(self.output(found(self.visible(), transfer_id)))


class TransferCancelEndpoint(TransferEndpoint):
    @operation("cancel_transfer", needs=CHANGE, body=NothingInput, answers=TransferOutput, problems=[NOT_NOW])
    def post(self, request: Request, transfer_id: int) -> Response:
        """Cancel an import or export.

        Comments that are already stored are kept.
        """
        without_body(request)
        transfer = found(self.visible(), transfer_id)
        transfer_cancel(transfer=transfer, by=caller(request))
        transfer.refresh_from_db()
        return Response(self.output(transfer))


class TransferErrorsEndpoint(TransferEndpoint):
    @operation(
        "read_transfer_errors",
        needs=SEE,
        answers={(200, "text/csv"): OpenApiTypes.STR, (200, "application/x-ndjson"): OpenApiTypes.STR},
    )
    def get(self, request: Request, transfer_id: int) -> FileResponse:
        """Download the rows that an import refused.

        The answer has the format of the file, CSV or JSON Lines: error_line, error_field, error_message, and the
        columns of the file. Mend the rows and import them again. 404: there are none, or the file is deleted.
        """
        transfer = found(self.visible(), transfer_id)
        path = errors_download(transfer=transfer, by=caller(request), api_key=api_key_of(request))
        if path is None:
            raise Http404
        return FileResponse(path.open("rb"), content_type=EXPORT_FORMATS[path.suffix[1:]])


class ExportEndpoint(TransferEndpoint):
    @operation(
        "export_comments",
        needs=ADD,
        query=ExportQuery,
        answers={(200, "application/x-ndjson"): OpenApiTypes.STR, (200, "text/csv"): OpenApiTypes.STR},
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        """Export comments.

        The file has texts with verdict, scores, model version, decision and reason, streamed in the order of their
        ids. The filters are those of the queue, but without `status` all comments are exported. The audit log records
        each export.
        """
        query = checked_query(ExportQuery, request)
        text = export_stream(
            filters=filters_of(filter_data(query)),
            file_format=query["format"],
            bom=query["bom"] == "true",
            by=caller(request),
            api_key=api_key_of(request),
        )
        return StreamingHttpResponse(text, content_type=EXPORT_FORMATS[query["format"]])


def _pairs(text: str) -> dict[str, str]:
    return dict(part.strip().partition(":")[::2] for part in text.split(",") if part.strip())


def _url(name: str, transfer: Transfer, request: Request) -> str:
    return str(reverse(name, kwargs={"transfer_id": transfer.pk}, request=request))
