"""Blind reviews and known answers in the administration."""

from django.contrib import admin

from classifier.admin_tools.filters import WhenFilter
from classifier.admin_tools.read_only import RecordAdmin
from classifier.models import GoldenItem, SecondReview


@admin.register(SecondReview)
class SecondReviewAdmin(RecordAdmin):
    source_path = "comment__source"
    list_display = ["id", "comment", "action", "by", "first", "created_at"]
    list_filter = ["action", WhenFilter, "by", "comment__source"]
    numbers = ("pk", "comment_id", "first_id")
    search_help_text = "The number of a blind review, of its comment or of the first decision"


@admin.register(GoldenItem)
class GoldenItemAdmin(RecordAdmin):
    source_path = "comment__source"
    list_display = ["id", "comment", "expected", "note", "created_by", "retired_at", "created_at"]
    list_filter = ["expected", WhenFilter, "created_by", "comment__source"]
    numbers = ("pk", "comment_id")
    search_help_text = "The number of a known answer or of its comment"
