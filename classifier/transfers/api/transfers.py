"""`/api/v1/imports/`, `/transfers/` and `/exports/comments/`: files of comments in and out, for programs."""

from collections.abc import Iterator
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import FileResponse, Http404, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from classifier.api.base import checked_query
from classifier.api.fields import ChoiceParameter, ClosedSerializer, TextParameter
from classifier.api.moderation import ModerationEndpoint
from classifier.api.parsing import FileParser, read_chunked
from classifier.api.permissions import api_key_of, caller
from classifier.api.problems import NOT_NOW, UNSUPPORTED_MEDIA_TYPE, Problem
from classifier.api.values import PageQuery
from classifier.api.verbs import NothingInput, found, listed, without_body
from classifier.models import ApiScope, Transfer
from classifier.review.api.queue import NOT_NARROWED, QueueQuery
from classifier.transfers.api.output import (
    TRANSFER_EXAMPLE,
    ImportInput,
    TransferOutput,
    TransferPageOutput,
    transfer_url,
)
from classifier.transfers.exports import FORMATS, export_stream, filters_of
from classifier.transfers.import_files import FORMATS as IMPORTED
from classifier.transfers.imports import import_create
from classifier.transfers.selectors import transfers_seen_by
from classifier.transfers.services import (
    ADD,
    CHANGE,
    SEE,
    TransferNotPossible,
    errors_download,
    transfer_cancel,
    upload_store,
)

RAW = ("text/csv", "application/x-ndjson", "application/octet-stream")
PIECE = 1024 * 1024
ONE = OpenApiExample("A running import", TRANSFER_EXAMPLE, response_only=True)
CSV_EXAMPLE = "text,external_id,created_at\nThank you!,post-82,2026-11-24T09:30:00Z\n"
JSONL_EXAMPLE = '{"text": "Thank you!", "external_id": "post-82"}\n'
ERRORS_EXAMPLE = 'line,field,message,row\n17,text,This field may not be empty.,"{""text"": """"}"\n'
EXPORT_EXAMPLE = (
    '{"id": 4711, "source": "forum", "text": "Thank you!", "verdict": "non-toxic", "action": "approve"}\n'
)
NEEDS = "Needs the scope `admin`, or a session, and the permission to import and export."


class ImportQuery(ClosedSerializer):
    source = TextParameter(  # type: ignore[assignment]
        required=False, default="api", max_length=64, help_text="Where rows come from that name no source."
    )
    format = ChoiceParameter(
        required=False, choices=list(IMPORTED), help_text="Told by the first character where it is left out."
    )
    name = TextParameter(required=False, default="", max_length=200, help_text="What people call the file.")
    columns = TextParameter(
        required=False,
        help_text="Which column holds what, `text:body,external_id:id`; told by their names where left out.",
    )


class ExportQuery(QueueQuery):
    format = ChoiceParameter(required=False, choices=list(FORMATS), default="jsonl")
    order, cursor, limit = None, None, None  # type: ignore[assignment]


class TransferEndpoint(ModerationEndpoint):
    """What is about one transfer that the caller may see."""

    def transfer(self, request: Request, transfer_id: int) -> Transfer:
        row: Transfer = found(_seen(request), transfer_id)
        return row


class ImportsEndpoint(ModerationEndpoint):
    scopes = {"POST": ApiScope.ADMIN}
    needs = {"POST": ADD}
    parser_classes = [FileParser]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        # A chunked body is read as it comes, not into memory as those of other endpoints are.
        self.encoding = request._request.META.pop("HTTP_TRANSFER_ENCODING", "")
        super().initial(request, *args, **kwargs)

    @extend_schema(
        operation_id="import_comments",
        summary="Import a file of comments",
        description=(
            "CSV with a header, or JSON Lines, in UTF-8: the file as the body, or as the field `file` of a form. It is "
            "stored and looked at, then imported in the background; follow it at `Location`. Known external ids are "
            f"skipped, rows that are no comment go into a file of errors. {NEEDS}"
        ),
        parameters=[
            ImportQuery,
            OpenApiParameter(
                "Location", str, OpenApiParameter.HEADER, response=[202], description="Of the import."
            ),
        ],
        request={
            "multipart/form-data": ImportInput,
            "text/csv": OpenApiTypes.BINARY,
            "application/x-ndjson": OpenApiTypes.BINARY,
            "application/octet-stream": OpenApiTypes.BINARY,
        },
        responses={202: TransferOutput},
        examples=[
            OpenApiExample("Accepted", TRANSFER_EXAMPLE, response_only=True, status_codes=["202"]),
            OpenApiExample("A form", {"file": "…"}, request_only=True, media_type="multipart/form-data"),
            OpenApiExample("CSV", CSV_EXAMPLE, request_only=True, media_type="text/csv"),
            OpenApiExample("Any", CSV_EXAMPLE, request_only=True, media_type="application/octet-stream"),
            OpenApiExample("JSON Lines", JSONL_EXAMPLE, request_only=True, media_type="application/x-ndjson"),
        ],
    )
    def post(self, request: Request) -> Response:
        query = checked_query(ImportQuery, request)
        columns = _columns(query["columns"]) if "columns" in query else None
        pieces, name = self._body(request)
        made = import_create(
            file=upload_store(pieces),
            name=query["name"] or name,
            source=query["source"],
            file_format=query.get("format", ""),
            columns=columns,
            by=caller(request),
            api_key=api_key_of(request),
        )
        return Response(_shown(made, request), status=202, headers={"Location": transfer_url(made, request)})

    def _body(self, request: Request) -> tuple[Iterator[bytes], str]:
        media, _, parameters = str(request.content_type or "").partition(";")
        if "charset" in parameters and "utf-8" not in parameters.lower():
            raise Problem(UNSUPPORTED_MEDIA_TYPE, "The file has to be UTF-8.")
        if media.strip().lower() == "multipart/form-data":
            file = request.FILES.get("file") if request.data is not None else None
            return (file.chunks(), file.name or "") if isinstance(file, UploadedFile) else (iter(()), "")
        if media.strip().lower() not in RAW:
            known = ", ".join((*RAW, "multipart/form-data"))
            raise Problem(UNSUPPORTED_MEDIA_TYPE, f"Send the file as one of {known}.")
        environ = request._request.META
        if "chunked" in self.encoding.lower() and environ.get("wsgi.input_terminated"):
            return iter(lambda: read_chunked(environ["wsgi.input"], PIECE), b""), ""
        return iter(lambda: request._request.read(PIECE), b""), ""


class TransfersEndpoint(TransferEndpoint):
    scopes = {"GET": ApiScope.ADMIN}
    needs = {"GET": SEE}

    @extend_schema(
        operation_id="list_transfers",
        summary="Imports and exports, newest first",
        description=NEEDS,
        parameters=[PageQuery],
        responses={200: TransferPageOutput},
        examples=[OpenApiExample("A page", {"items": [TRANSFER_EXAMPLE], "next": None}, response_only=True)],
    )
    def get(self, request: Request) -> Response:
        rows = _seen(request)
        return listed(rows, checked_query(PageQuery, request), request, lambda row: _shown(row, request))


class OneTransferEndpoint(TransferEndpoint):
    scopes = {"GET": ApiScope.ADMIN}
    needs = {"GET": SEE}

    @extend_schema(
        operation_id="read_transfer",
        summary="How far an import or export is",
        description=NEEDS,
        responses={200: TransferOutput},
        examples=[ONE],
    )
    def get(self, request: Request, transfer_id: int) -> Response:
        return Response(_shown(self.transfer(request, transfer_id), request))


class TransferCancelEndpoint(TransferEndpoint):
    scopes = {"POST": ApiScope.ADMIN}
    needs = {"POST": CHANGE}
    problems = {"POST": (NOT_NOW,)}

    @extend_schema(
        operation_id="cancel_transfer",
        summary="Cancel an import or export",
        description=f"What is stored already stays. {NEEDS}",
        request=NothingInput,
        responses={200: TransferOutput},
        examples=[OpenApiExample("Nothing", {}, request_only=True), ONE],
    )
    def post(self, request: Request, transfer_id: int) -> Response:
        without_body(request)
        row = self.transfer(request, transfer_id)
        try:
            transfer_cancel(transfer=row, by=caller(request))
        except TransferNotPossible as error:
            raise Problem(NOT_NOW, str(error)) from None
        row.refresh_from_db()
        return Response(_shown(row, request))


class TransferErrorsEndpoint(TransferEndpoint):
    scopes = {"GET": ApiScope.ADMIN}
    needs = {"GET": SEE}

    @extend_schema(
        operation_id="read_transfer_errors",
        summary="The rows that an import could not take",
        description=f"CSV: line, field, message, row. 404 where there are none (any more). {NEEDS}",
        responses={(200, "text/csv"): OpenApiTypes.STR},
        examples=[
            OpenApiExample("One row", ERRORS_EXAMPLE, response_only=True, media_type="text/csv"),
        ],
    )
    def get(self, request: Request, transfer_id: int) -> FileResponse:
        transfer = self.transfer(request, transfer_id)
        path = errors_download(transfer=transfer, by=caller(request), api_key=api_key_of(request))
        if path is None:
            raise Http404
        return FileResponse(path.open("rb"), content_type="text/csv; charset=utf-8")


class ExportEndpoint(ModerationEndpoint):
    scopes = {"GET": ApiScope.ADMIN}
    needs = {"GET": ADD}

    @extend_schema(
        operation_id="export_comments",
        summary="Export comments",
        description=(
            "Texts with verdict, scores, versions, decision and reason, streamed in the order of their ids. Filters "
            "are those of the queue, except that every comment is meant where no `status` is named. Each export "
            f"leaves a row in the audit. {NEEDS}"
        ),
        parameters=[ExportQuery],
        responses={
            (200, "application/x-ndjson"): OpenApiTypes.STR,
            (200, "text/csv"): OpenApiTypes.STR,
        },
        examples=[
            OpenApiExample(
                "JSON Lines", EXPORT_EXAMPLE, response_only=True, media_type="application/x-ndjson"
            ),
            OpenApiExample("CSV", "id,source,…\n4711,forum,…\n", response_only=True, media_type="text/csv"),
        ],
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        query = checked_query(ExportQuery, request)
        file_format = query.pop("format")
        data = {name: value for name, value in query.items() if name not in NOT_NARROWED}
        if "source" in data:
            data["source"] = data["source"].split(",")
        text = export_stream(
            filters=filters_of(data), file_format=file_format, by=caller(request), api_key=api_key_of(request)
        )
        return StreamingHttpResponse(text, content_type=FORMATS[file_format])


def _seen(request: Request) -> Any:
    """What the caller made or, where they see every source, everything; of a key for some sources only its own."""
    rows = transfers_seen_by(user=caller(request))
    key = api_key_of(request)
    return rows.filter(options__api_key=key.pk) if key is not None and caller(request).only_sources else rows


def _columns(text: str) -> dict[str, str]:
    return dict(part.strip().partition(":")[::2] for part in text.split(",") if part.strip())


def _shown(transfer: Transfer, request: Request) -> Any:
    return TransferOutput(transfer, context={"request": request}).data
