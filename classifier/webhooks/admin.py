"""Webhooks and what was sent to them in the administration: to be looked at; the pages make and change them."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import display

from classifier.admin_tools.base import ReadOnlyAdmin, ReadOnlyInline, badge
from classifier.admin_tools.records import RecordAdmin, WhenFilter
from classifier.models import User, Webhook, WebhookAttempt, WebhookDelivery
from classifier.webhooks.selectors import webhooks_of

URL_SHOWN = 48


@admin.register(Webhook)
class WebhookAdmin(ReadOnlyAdmin):
    """Those that were deleted are here too, for who sees every source."""

    list_display = ["name", "address", "state", "failing_since", "created_by", "created_at"]
    list_select_related = ["created_by"]
    search_fields = ["name", "url"]
    fields = [
        *("name", "url", "events", "sources", "state", "disabled_reason", "failing_since"),
        *("old_secret_until", "created_by", "created_at", "deleted_at"),
    ]
    readonly_fields = ["state"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Webhook]:
        user = request.user
        assert isinstance(user, User)
        rows: QuerySet[Webhook] = super().get_queryset(request)
        return rows if user.all_sources else rows.filter(pk__in=webhooks_of(user).values("pk"))

    @display(description="URL")
    def address(self, webhook: Webhook) -> str:
        return webhook.url if len(webhook.url) <= URL_SHOWN else f"{webhook.url[: URL_SHOWN - 1]}…"

    @display(description="State")
    def state(self, webhook: Webhook) -> SafeString:
        if webhook.deleted_at is not None:
            return badge("Deleted", "grey")
        if not webhook.is_enabled:
            return badge("Off", "amber")
        return badge("Failing", "red") if webhook.failing_since else badge("On", "green")


class AttemptInline(ReadOnlyInline):
    model = WebhookAttempt
    fields = ["created_at", "status_code", "error", "reply", "milliseconds"]
    readonly_fields = fields


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(RecordAdmin):
    list_display = ["id", "webhook", "event_type", "status_badge", "attempts", "created_at", "finished_at"]
    list_filter = [
        ("status", ChoicesDropdownFilter),
        WhenFilter,
        ("webhook", RelatedDropdownFilter),
    ]
    list_select_related = ["webhook", "event"]
    search_fields = ["id"]
    search_help_text = "The number of a delivery"
    inlines = [AttemptInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[WebhookDelivery]:
        user = request.user
        assert isinstance(user, User)
        rows: QuerySet[WebhookDelivery] = super().get_queryset(request)
        return rows if user.all_sources else rows.filter(webhook__in=webhooks_of(user).values("pk"))

    @display(description="Event")
    def event_type(self, delivery: WebhookDelivery) -> str:
        return delivery.event.type

    @display(description="Status")
    def status_badge(self, delivery: WebhookDelivery) -> SafeString:
        status = WebhookDelivery.Status(delivery.status)
        return badge(status.label, status.colour)
