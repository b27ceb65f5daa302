"""Decisions and what surrounds the queue in the administration: appeals, reports, bulk actions, saved queues."""

from typing import Any, cast

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import DropdownFilter

from classifier.admin_tools.columns import choice_badge, column, text_columns
from classifier.admin_tools.filters import WhenFilter
from classifier.admin_tools.read_only import RecordAdmin
from classifier.core.validation import row_id
from classifier.core.visibility import seen_by
from classifier.models import (
    Appeal,
    AppealStatus,
    BulkAction,
    Decision,
    DecisionAction,
    Policy,
    Report,
    SavedQueue,
    User,
)
from classifier.review.selectors import ORDERS

POLICIES_SHOWN = 200


class PolicyFilter(DropdownFilter):  # type: ignore[misc]
    """The version of the policy that was active; the newest are offered."""

    title = "policy"
    parameter_name = "policy"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        seen = seen_by(cast(User, request.user))
        visible = Policy.objects.filter(seen | Q(source=None)) if seen else Policy.objects.all()
        newest = visible.select_related("source").order_by("-pk")
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
        *("action", "automatic", WhenFilter, "by", "comment__source", "prediction__model_version"),
        PolicyFilter,
    ]
    list_select_related = ["policy__source"]
    numbers = ("pk", "comment_id", "bulk_id")
    search_help_text = "The number of a decision, of a comment or of a bulk action"

    action_badge = choice_badge("action", DecisionAction)


@admin.register(Appeal)
class AppealAdmin(RecordAdmin):
    source_path = "comment__source"
    shows_texts = True
    list_display = ["id", "comment", "status_badge", "excerpt", "resolved_by", "resolved_at", "created_at"]
    list_filter = ["status", WhenFilter, "resolved_by", "comment__source"]
    fields = [
        *("comment", "decision", "status_badge", "whole_text", "answer"),
        *("resolved_by", "resolved_at", "created_at"),
    ]
    numbers = ("pk", "comment_id", "decision_id")
    search_help_text = "The number of an appeal, of its comment or of the decision"

    status_badge = choice_badge("status", AppealStatus)
    excerpt, whole_text = text_columns("message")


@admin.register(Report)
class ReportAdmin(RecordAdmin):
    source_path = "comment__source"
    shows_texts = True
    list_display = ["id", "comment", "reporter_ref", "excerpt", "created_at"]
    list_filter = [WhenFilter, "comment__source"]
    fields = ["comment", "reporter_ref", "whole_text", "created_at"]
    numbers = ("pk", "comment_id")
    words = ("reporter_ref",)
    search_help_text = "The number of a report or of a comment, or the whole name of a reporter"

    excerpt, whole_text = text_columns("reason")


@admin.register(BulkAction)
class BulkActionAdmin(RecordAdmin):
    owner_path = "by"
    list_display = ["id", "action_badge", "count", "reason", "by", "undone_at", "undone_by", "created_at"]
    list_filter = [WhenFilter, "by", "undone_by"]
    search_help_text = "The number of a bulk action"

    action_badge = choice_badge("action", DecisionAction)


@admin.register(SavedQueue)
class SavedQueueAdmin(RecordAdmin):
    ordering = ["position", "name"]
    list_display = ["id", "name", "order_title", "for_roles", "owner", "position", "created_at"]
    list_filter = ["owner", WhenFilter]
    words = ("name__icontains",)
    search_help_text = "Words of the name"

    order_title = column(
        "Order", lambda queue: ORDERS[queue.order].title if queue.order in ORDERS else queue.order
    )
    for_roles = column("For", lambda queue: ", ".join(queue.roles) or "everybody")
