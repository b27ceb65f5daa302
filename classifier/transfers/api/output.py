"""How imports and exports look in the answers of version 1."""

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.reverse import reverse

from classifier.api.fields import ClosedSerializer
from classifier.models import Transfer
from classifier.transfers.import_files import FORMATS
from classifier.transfers.selectors import progress_of
from classifier.transfers.services import errors_file_of

KIND_CHOICES = [(kind.value, kind.value) for kind in (Transfer.Kind.IMPORT, Transfer.Kind.EXPORT)]
TRANSFER_STATUS_CHOICES = [(status.value, status.value) for status in Transfer.Status]
FORMAT_CHOICES = [(name, name) for name in FORMATS]
TRANSFER_EXAMPLE: dict[str, Any] = {
    "id": 12,
    "url": "https://moderation.example.org/api/v1/transfers/12/",
    "kind": "import",
    "status": "running",
    "format": "csv",
    "name": "forum-2025.csv",
    "source": "forum",
    "done_rows": 250_000,
    "total_rows": 1_000_000,
    "stored": 248_100,
    "skipped": 1_893,
    "error_rows": 7,
    "rows_per_second": 5_210.4,
    "seconds_left": 143.9,
    "failure_reason": "",
    "errors_url": "https://moderation.example.org/api/v1/transfers/12/errors/",
    "created_at": "2026-11-24T09:30:00.391000Z",
    "started_at": "2026-11-24T09:30:00.652000Z",
    "finished_at": None,
}


@extend_schema_serializer(component_name="ImportInput")
class ImportInput(ClosedSerializer):
    """The file as a field of a form."""

    file = serializers.FileField(help_text="CSV with a header, or JSON Lines, in UTF-8.")


@extend_schema_serializer(component_name="Transfer")
class TransferOutput(serializers.Serializer[Transfer]):
    """An import or an export that runs in the background."""

    id = serializers.IntegerField()
    url = serializers.SerializerMethodField()
    kind = serializers.ChoiceField(choices=KIND_CHOICES)
    status = serializers.ChoiceField(choices=TRANSFER_STATUS_CHOICES)
    format = serializers.ChoiceField(choices=FORMAT_CHOICES)
    name = serializers.SerializerMethodField(help_text="What the file was called; empty for an export.")
    source = serializers.SerializerMethodField(  # type: ignore[assignment]
        help_text="Of rows that name none; empty for an export."
    )
    done_rows = serializers.IntegerField(help_text="Rows that are dealt with, in whatever way.")
    total_rows = serializers.IntegerField(allow_null=True, help_text="Null until the file was looked at.")
    stored = serializers.SerializerMethodField(help_text="New comments of an import.")
    skipped = serializers.SerializerMethodField(help_text="Rows whose external id the source had already.")
    error_rows = serializers.IntegerField(help_text="Rows that are no comment.")
    rows_per_second = serializers.SerializerMethodField(help_text="While it runs; null otherwise.")
    seconds_left = serializers.SerializerMethodField(help_text="An estimate; null where there is none.")
    failure_reason = serializers.CharField()
    errors_url = serializers.SerializerMethodField(help_text="Null where no row was refused.")
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)

    def get_url(self, transfer: Transfer) -> str:
        return transfer_url(transfer, self.context["request"])

    def get_name(self, transfer: Transfer) -> str:
        return str(transfer.options.get("name", ""))

    def get_source(self, transfer: Transfer) -> str:
        return str(transfer.options.get("source", ""))

    def get_stored(self, transfer: Transfer) -> int:
        return int(transfer.options.get("stored", 0))

    def get_skipped(self, transfer: Transfer) -> int:
        return int(transfer.options.get("skipped", 0))

    def get_rows_per_second(self, transfer: Transfer) -> float | None:
        return progress_of(transfer).rate

    def get_seconds_left(self, transfer: Transfer) -> float | None:
        return progress_of(transfer).seconds_left

    def get_errors_url(self, transfer: Transfer) -> str | None:
        if not transfer.error_rows or errors_file_of(transfer) is None:
            return None
        return str(
            reverse(
                "api-transfer-errors", kwargs={"transfer_id": transfer.pk}, request=self.context["request"]
            )
        )


@extend_schema_serializer(component_name="TransferPage", many=False)
class TransferPageOutput(serializers.Serializer[Any]):
    items = TransferOutput(many=True, help_text="Newest first.")
    next = serializers.URLField(allow_null=True, help_text="The page after this one; null on the last.")


def transfer_url(transfer: Transfer, request: Request) -> str:
    return str(reverse("api-transfer", kwargs={"transfer_id": transfer.pk}, request=request))
