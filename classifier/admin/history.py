"""The histories of comments and model versions, to be looked at only."""

from django.contrib import admin

from classifier.admin.base import ReadOnlyAdmin
from classifier.models import CommentEvent, ModelVersionEvent


@admin.register(CommentEvent)
class CommentEventAdmin(ReadOnlyAdmin):
    source_path = "comment__source"
    list_display = ["id", "comment", "old", "new", "actor", "reason", "created_at"]
    list_filter = ["new"]
    list_select_related = ["comment", "actor"]
    search_fields = ["=comment__id"]
    search_help_text = "The number of a comment"


@admin.register(ModelVersionEvent)
class ModelVersionEventAdmin(ReadOnlyAdmin):
    list_display = ["id", "model_version", "old", "new", "actor", "reason", "created_at"]
    list_filter = ["new"]
    list_select_related = ["model_version", "actor"]
