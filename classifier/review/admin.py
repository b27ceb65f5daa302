"""What surrounds the queue in the administration: appeals, reports, bulk actions, blind reviews; read only."""

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import display

from classifier.admin_tools.base import badge, comment_text, excerpt
from classifier.admin_tools.records import PersonFilter, RecordAdmin, WhenFilter
from classifier.models import (
    Appeal,
    AppealStatus,
    BulkAction,
    DecisionAction,
    GoldenItem,
    Report,
    SavedQueue,
    SecondReview,
)
from classifier.review.selectors import ORDERS

OF_A_COMMENT = ("pk", "comment_id")
SOURCE = ("comment__source", RelatedDropdownFilter)


class SaidAdmin(RecordAdmin):
    """Rows about a comment that hold somebody's own words, which are shown like the text of a comment."""

    source_path = "comment__source"
    numbers: tuple[str, ...] = OF_A_COMMENT
    search_fields = ["comment__id"]
    said = ""

    def get_queryset(self, request: HttpRequest):  # type: ignore[no-untyped-def]
        self.request = request
        return super().get_queryset(request)

    @display(description="Text")
    def words_begin(self, row: Report | Appeal) -> SafeString:
        return comment_text(excerpt(getattr(row, self.said)), toxic=True, request=self.request)

    @display(description="Text")
    def all_words(self, row: Report | Appeal) -> SafeString:
        return comment_text(getattr(row, self.said), toxic=True, request=self.request)


@admin.register(Appeal)
class AppealAdmin(SaidAdmin):
    said = "message"
    list_display = [
        "id",
        "comment",
        "status_badge",
        "words_begin",
        "resolved_by",
        "resolved_at",
        "created_at",
    ]
    list_filter = [
        ("status", ChoicesDropdownFilter),
        WhenFilter,
        ("resolved_by", RelatedDropdownFilter),
        SOURCE,
    ]
    list_select_related = ["comment", "resolved_by", "decision"]
    fields = [
        "comment",
        "decision",
        "status_badge",
        "all_words",
        "answer",
        "resolved_by",
        "resolved_at",
        "created_at",
    ]
    readonly_fields = ["status_badge", "all_words"]
    numbers = (*OF_A_COMMENT, "decision_id")
    search_help_text = "The number of an appeal, of its comment or of the decision"

    @display(description="Status")
    def status_badge(self, appeal: Appeal) -> SafeString:
        status = AppealStatus(appeal.status)
        return badge(status.label, status.colour)


@admin.register(Report)
class ReportAdmin(SaidAdmin):
    said = "reason"
    list_display = ["id", "comment", "reporter_ref", "words_begin", "created_at"]
    list_filter = [WhenFilter, SOURCE]
    list_select_related = ["comment"]
    fields = ["comment", "reporter_ref", "all_words", "created_at"]
    readonly_fields = ["all_words"]
    words = ("reporter_ref",)
    search_help_text = "The number of a report or of a comment, or the whole name of a reporter"


@admin.register(BulkAction)
class BulkActionAdmin(RecordAdmin):
    alone = "by"
    list_display = ["id", "action_badge", "count", "reason", "by", "undone_at", "undone_by", "created_at"]
    list_filter = [WhenFilter, ("by", PersonFilter), ("undone_by", RelatedDropdownFilter)]
    list_select_related = ["by", "undone_by"]
    search_fields = ["id"]
    search_help_text = "The number of a bulk action"

    @display(description="Action")
    def action_badge(self, bulk: BulkAction) -> SafeString | str:
        if bulk.action not in DecisionAction.values:
            return bulk.action
        action = DecisionAction(bulk.action)
        return badge(action.label, action.colour)


@admin.register(SecondReview)
class SecondReviewAdmin(RecordAdmin):
    source_path = "comment__source"
    list_display = ["id", "comment", "action", "by", "first", "created_at"]
    list_filter = [
        ("action", ChoicesDropdownFilter),
        WhenFilter,
        ("by", PersonFilter),
        SOURCE,
    ]
    list_select_related = ["comment", "by", "first"]
    numbers = (*OF_A_COMMENT, "first_id")
    search_fields = ["comment__id"]
    search_help_text = "The number of a blind review, of its comment or of the first decision"


@admin.register(GoldenItem)
class GoldenItemAdmin(RecordAdmin):
    source_path = "comment__source"
    list_display = ["id", "comment", "expected", "note", "created_by", "retired_at", "created_at"]
    list_filter = [
        ("expected", ChoicesDropdownFilter),
        WhenFilter,
        ("created_by", RelatedDropdownFilter),
        SOURCE,
    ]
    list_select_related = ["comment", "created_by"]
    numbers = OF_A_COMMENT
    search_fields = ["comment__id"]
    search_help_text = "The number of a known answer or of its comment"


@admin.register(SavedQueue)
class SavedQueueAdmin(RecordAdmin):
    ordering = ["position", "name"]
    list_display = ["id", "name", "order_title", "for_roles", "owner", "position", "created_at"]
    list_filter = [("owner", RelatedDropdownFilter), WhenFilter]
    list_select_related = ["owner"]
    words = ("name__icontains",)
    search_fields = ["name"]
    search_help_text = "Words of the name"

    @display(description="Order")
    def order_title(self, queue: SavedQueue) -> str:
        order = ORDERS.get(queue.order)
        return order.title if order else queue.order

    @display(description="For")
    def for_roles(self, queue: SavedQueue) -> str:
        return ", ".join(queue.roles) or "everybody"
