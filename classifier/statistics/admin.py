"""The numbers of each day in the administration."""

from django.contrib import admin

from classifier.admin_tools.filters import WhenFilter
from classifier.admin_tools.read_only import RecordAdmin
from classifier.models import DayStatistic


class DayFilter(WhenFilter):
    field = "day"


@admin.register(DayStatistic)
class DayStatisticAdmin(RecordAdmin):
    source_path = "source"
    ordering = ["-day", "source"]
    list_display = ["id", "day", "source", "updated_at"]
    list_filter = [DayFilter, "source"]
    words = ("source__slug",)
    search_help_text = "The slug of a source"
