"""Decisions, policies and the audit in the administration: to be looked at only."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import (
    BooleanRadioFilter,
    ChoicesDropdownFilter,
    DropdownFilter,
    RelatedDropdownFilter,
)
from unfold.decorators import display

from classifier.admin_tools.base import ReadOnlyInline, badge
from classifier.admin_tools.records import PersonFilter, RecordAdmin, WhenFilter, seen_or_own
from classifier.core.audit_labels import audit_words
from classifier.core.validation import row_id
from classifier.models import (
    AuditEntry,
    Decision,
    DecisionAction,
    Policy,
    ShadowPolicy,
    ShadowPolicyEvent,
    ShadowPolicyStatus,
)

POLICIES_SHOWN = 200


class PolicyFilter(DropdownFilter):  # type: ignore[misc]
    """The version of the policy that was in force, the newest of them."""

    title = "policy"
    parameter_name = "policy"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        newest = Policy.objects.select_related("source").filter(seen_or_own(request)).order_by("-pk")
        return [(str(policy.pk), str(policy)) for policy in newest[:POLICIES_SHOWN]]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        policy = row_id(self.value())
        return queryset if policy is None else queryset.filter(policy=policy)


@admin.register(Decision)
class DecisionAdmin(RecordAdmin):
    source_path = "comment__source"
    history_kind = "decision"
    list_display = ["id", "comment", "action_badge", "reason", "by", "automatic", "policy", "created_at"]
    list_filter = [
        ("action", ChoicesDropdownFilter),
        ("automatic", BooleanRadioFilter),
        WhenFilter,
        ("by", PersonFilter),
        ("comment__source", RelatedDropdownFilter),
        ("prediction__model_version", RelatedDropdownFilter),
        PolicyFilter,
    ]
    list_select_related = ["comment", "by", "policy__source", "prediction__model_version"]
    numbers = ("pk", "comment_id", "bulk_id")
    search_fields = ["comment__id"]
    search_help_text = "The number of a decision, of a comment or of a bulk action"

    @display(description="Action")
    def action_badge(self, decision: Decision) -> SafeString:
        action = DecisionAction(decision.action)
        return badge(action.label, action.colour)


@admin.register(Policy)
class PolicyAdmin(RecordAdmin):
    history_kind = "policy"
    list_display = ["id", "source", "version", "created_by", "note", "created_at"]
    list_filter = [
        ("source", RelatedDropdownFilter),
        ("created_by", RelatedDropdownFilter),
        WhenFilter,
    ]
    list_select_related = ["source", "created_by"]
    numbers = ("pk", "version")
    words = ("source__slug",)
    search_fields = ["version"]
    search_help_text = "A version, the number of a policy, or the slug of a source"

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Policy]":
        return super().get_queryset(request).filter(seen_or_own(request))


class ShadowPolicyEventInline(ReadOnlyInline):
    model = ShadowPolicyEvent
    verbose_name_plural = "history, newest first"
    fields = readonly_fields = ["created_at", "old", "new", "actor", "reason"]


@admin.register(ShadowPolicy)
class ShadowPolicyAdmin(RecordAdmin):
    history_kind = "audit"
    inlines = [ShadowPolicyEventInline]
    list_display = ["id", "source", "status_badge", "created_by", "note", "created_at", "ended_at"]
    list_filter = [
        ("status", ChoicesDropdownFilter),
        ("source", RelatedDropdownFilter),
        ("created_by", RelatedDropdownFilter),
        WhenFilter,
    ]
    list_select_related = ["source", "created_by"]
    words = ("source__slug",)
    search_fields = ["id"]
    search_help_text = "The number of a draft, or the slug of a source"

    def get_queryset(self, request: HttpRequest) -> "QuerySet[ShadowPolicy]":
        return super().get_queryset(request).filter(seen_or_own(request))

    @display(description="Status")
    def status_badge(self, shadow: ShadowPolicy) -> SafeString:
        status = ShadowPolicyStatus(shadow.status)
        return badge(status.label, status.colour)


@admin.register(AuditEntry)
class AuditEntryAdmin(RecordAdmin):
    history_kind = "audit"
    list_display = ["id", "said", "verb", "actor", "key", "source", "subject", "count", "created_at"]
    list_filter = [
        WhenFilter,
        ("source", RelatedDropdownFilter),
        ("actor", RelatedDropdownFilter),
        ("api_key", RelatedDropdownFilter),
    ]
    list_select_related = ["actor", "source", "api_key"]
    words = ("verb__startswith", "subject")
    search_fields = ["verb"]
    search_help_text = "The beginning of a verb, such as export, a whole subject, or the number of an entry"

    def get_queryset(self, request: HttpRequest) -> "QuerySet[AuditEntry]":
        return super().get_queryset(request).filter(seen_or_own(request, actor="actor"))

    @display(description="What")
    def said(self, entry: AuditEntry) -> str:
        return audit_words(entry.verb)

    @display(description="API key")
    def key(self, entry: AuditEntry) -> str:
        return str(entry.api_key) if entry.api_key else "-"
