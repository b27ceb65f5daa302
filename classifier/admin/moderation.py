"""Decisions, policies and the audit in the administration: to be looked at only."""

from typing import cast

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import display

from classifier.admin.base import ReadOnlyAdmin, badge
from classifier.models import AuditEntry, Decision, DecisionAction, Policy, User
from classifier.selectors.access import seen_by


@admin.register(Decision)
class DecisionAdmin(ReadOnlyAdmin):
    source_path = "comment__source"
    list_display = ["id", "comment", "action_badge", "reason", "by", "automatic", "policy", "created_at"]
    list_filter = [("action", ChoicesDropdownFilter), "automatic", ("by", RelatedDropdownFilter)]
    list_filter_submit = True
    list_select_related = ["comment", "by", "policy__source"]
    search_fields = ["=comment__id"]
    search_help_text = "The number of a comment"

    @display(description="Action", ordering="action")
    def action_badge(self, decision: Decision) -> SafeString:
        action = DecisionAction(decision.action)
        return badge(action.label, action.colour)


@admin.register(Policy)
class PolicyAdmin(ReadOnlyAdmin):
    list_display = ["id", "source", "version", "created_by", "note", "created_at"]
    list_filter = [("source", RelatedDropdownFilter)]
    list_filter_submit = True
    list_select_related = ["source", "created_by"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Policy]:
        condition = seen_by(cast(User, request.user))
        own = condition | Q(source__isnull=True) if condition else Q()
        return super().get_queryset(request).filter(own)


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    list_display = ["id", "verb", "actor", "source", "subject", "count", "created_at"]
    list_filter = [("source", RelatedDropdownFilter), ("actor", RelatedDropdownFilter)]
    list_filter_submit = True
    list_select_related = ["actor", "source"]
    search_fields = ["verb__startswith", "subject"]
    search_help_text = "The beginning of a verb, such as export, or words of the subject"

    def get_queryset(self, request: HttpRequest) -> QuerySet[AuditEntry]:
        condition = seen_by(cast(User, request.user))
        own = condition | Q(actor=request.user) if condition else Q()
        return super().get_queryset(request).filter(own)
