"""Policies and their drafts in shadow mode in the administration."""

from django.contrib import admin

from classifier.admin_tools.columns import choice_badge
from classifier.admin_tools.filters import WhenFilter
from classifier.admin_tools.read_only import HistoryInline, RecordAdmin
from classifier.models import Policy, ShadowPolicy, ShadowPolicyEvent, ShadowPolicyStatus


@admin.register(Policy)
class PolicyAdmin(RecordAdmin):
    source_path = "source"
    shared_without_source = True
    history_kind = "policy"
    list_display = ["id", "source", "version", "created_by", "note", "created_at"]
    list_filter = ["source", "created_by", WhenFilter]
    numbers = ("pk", "version")
    words = ("source__slug",)
    search_help_text = "A version, the number of a policy, or the slug of a source"


class ShadowPolicyEventInline(HistoryInline):
    model = ShadowPolicyEvent


@admin.register(ShadowPolicy)
class ShadowPolicyAdmin(RecordAdmin):
    source_path = "source"
    shared_without_source = True
    history_kind = "audit"
    inlines = [ShadowPolicyEventInline]
    list_display = ["id", "source", "status_badge", "created_by", "note", "created_at", "ended_at"]
    list_filter = ["status", "source", "created_by", WhenFilter]
    words = ("source__slug",)
    search_help_text = "The number of a draft, or the slug of a source"

    status_badge = choice_badge("status", ShadowPolicyStatus)
