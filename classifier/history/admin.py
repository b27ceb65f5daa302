"""The histories of comments and model versions, to be looked at only."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import DropdownFilter, RelatedDropdownFilter

from classifier.admin_tools.records import RecordAdmin, WhenFilter
from classifier.models import CommentEvent, CommentStatus, ModelVersionEvent


class NewStatusFilter(DropdownFilter):  # type: ignore[misc]
    """The status that a comment came into; Django's own filter would read every row for the choices."""

    title = "new status"
    parameter_name = "new"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(CommentStatus.choices)

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        return queryset.filter(new=self.value()) if self.value() in CommentStatus.values else queryset


@admin.register(CommentEvent)
class CommentEventAdmin(RecordAdmin):
    source_path = "comment__source"
    history_kind = "comment"
    list_display = ["id", "comment", "old", "new", "actor", "reason", "created_at"]
    list_filter = [
        NewStatusFilter,
        WhenFilter,
        ("actor", RelatedDropdownFilter),
        ("comment__source", RelatedDropdownFilter),
    ]
    list_select_related = ["comment", "actor"]
    numbers = ("pk", "comment_id")
    search_fields = ["comment__id"]
    search_help_text = "The number of an event or of a comment"


@admin.register(ModelVersionEvent)
class ModelVersionEventAdmin(RecordAdmin):
    history_kind = "version"
    list_display = ["id", "model_version", "old", "new", "actor", "reason", "created_at"]
    list_filter = [
        "new",
        WhenFilter,
        ("model_version", RelatedDropdownFilter),
        ("actor", RelatedDropdownFilter),
    ]
    list_select_related = ["model_version", "actor"]
    words = ("model_version__version",)
    search_fields = ["model_version__version"]
    search_help_text = "The number of an event or the whole name of a version"
