"""Imports, exports and the numbers of each day in the administration: to be looked at only."""

from django.contrib import admin
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import display

from classifier.admin_tools.base import badge
from classifier.admin_tools.records import PersonFilter, RecordAdmin, WhenFilter
from classifier.models import DayStatistic, Transfer


class DayFilter(WhenFilter):
    field = "day"


@admin.register(Transfer)
class TransferAdmin(RecordAdmin):
    alone = "by"
    list_display = [
        "id",
        "kind",
        "what",
        "format",
        "status_badge",
        "done_rows",
        "error_rows",
        "by",
        "created_at",
        "finished_at",
    ]
    list_filter = [
        ("kind", ChoicesDropdownFilter),
        ("status", ChoicesDropdownFilter),
        WhenFilter,
        ("by", PersonFilter),
    ]
    list_select_related = ["by"]
    search_fields = ["id"]
    search_help_text = "The number of an import or export"

    @display(description="Status")
    def status_badge(self, transfer: Transfer) -> SafeString:
        status = Transfer.Status(transfer.status)
        return badge(status.label, status.colour)


@admin.register(DayStatistic)
class DayStatisticAdmin(RecordAdmin):
    source_path = "source"
    ordering = ["-day", "source"]
    list_display = ["id", "day", "source", "updated_at"]
    list_filter = [DayFilter, ("source", RelatedDropdownFilter)]
    list_select_related = ["source"]
    words = ("source__slug",)
    search_fields = ["source__slug"]
    search_help_text = "The slug of a source"
