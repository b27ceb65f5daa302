"""Histories in the administration: of comments, of model versions, and the audit."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import DropdownFilter

from classifier.admin_tools.columns import column
from classifier.admin_tools.filters import WhenFilter
from classifier.admin_tools.read_only import RecordAdmin
from classifier.core.audit import audit_label
from classifier.models import AuditEntry, CommentEvent, CommentStatus, ModelVersionEvent


class NewStatusFilter(DropdownFilter):  # type: ignore[misc]
    """Filter by the new status of a comment; Django's own filter would read every row for the choices."""

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
    list_filter = [NewStatusFilter, WhenFilter, "actor", "comment__source"]
    numbers = ("pk", "comment_id")
    search_help_text = "The number of an event or of a comment"


@admin.register(ModelVersionEvent)
class ModelVersionEventAdmin(RecordAdmin):
    history_kind = "version"
    list_display = ["id", "model_version", "old", "new", "actor", "reason", "created_at"]
    list_filter = ["new", WhenFilter, "model_version", "actor"]
    words = ("model_version__version",)
    search_help_text = "The number of an event or the whole name of a version"


@admin.register(AuditEntry)
class AuditEntryAdmin(RecordAdmin):
    source_path = "source"
    owner_path = "actor"
    history_kind = "audit"
    list_display = ["id", "label", "verb", "actor", "key", "source", "subject", "count", "created_at"]
    list_filter = [WhenFilter, "source", "actor", "api_key"]
    list_select_related = ["api_key"]
    words = ("verb__startswith", "subject")
    search_help_text = "The beginning of a verb, such as export, a whole subject, or the number of an entry"

    label = column("What", lambda entry: audit_label(entry.verb))
    key = column("API key", "api_key")
