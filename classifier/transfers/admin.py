"""Imports and exports in the administration."""

from django.contrib import admin

from classifier.admin_tools.columns import choice_badge
from classifier.admin_tools.filters import WhenFilter
from classifier.admin_tools.read_only import RecordAdmin
from classifier.models import Transfer


@admin.register(Transfer)
class TransferAdmin(RecordAdmin):
    owner_path = "by"
    list_display = [
        *("id", "kind", "what", "format", "status_badge", "done_rows", "error_rows"),
        *("by", "created_at", "finished_at"),
    ]
    list_filter = ["kind", "status", WhenFilter, "by"]
    search_help_text = "The number of an import or export"

    status_badge = choice_badge("status", Transfer.Status)
