"""Webhooks and their deliveries in the administration; the pages add and change webhooks."""

from django.contrib import admin
from django.db.models import Q
from django.utils.safestring import SafeString
from unfold.decorators import display

from classifier.admin_tools.columns import badge, choice_badge, column
from classifier.admin_tools.filters import WhenFilter
from classifier.admin_tools.read_only import ReadOnlyAdmin, ReadOnlyInline, RecordAdmin
from classifier.models import User, Webhook, WebhookAttempt, WebhookDelivery
from classifier.webhooks.selectors import webhooks_of

URL_SHOWN = 48


@admin.register(Webhook)
class WebhookAdmin(ReadOnlyAdmin):
    """Deleted webhooks are here too, for people who see every source."""

    list_display = ["name", "address", "state", "failing_since", "created_by", "created_at"]
    search_fields = ["name", "url"]
    fields = [
        *("name", "url", "events", "sources", "state", "disabled_reason", "failing_since"),
        *("old_secret_until", "created_by", "created_at", "deleted_at"),
    ]

    def visible_to(self, user: User) -> Q:
        return Q() if user.all_sources else Q(pk__in=webhooks_of(user).values("pk"))

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


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(RecordAdmin):
    list_display = ["id", "webhook", "event_type", "status_badge", "attempts", "created_at", "finished_at"]
    list_filter = ["status", WhenFilter, "webhook"]
    list_select_related = ["event"]
    search_help_text = "The number of a delivery"
    inlines = [AttemptInline]

    event_type = column("Event", lambda delivery: delivery.event.type)
    status_badge = choice_badge("status", WebhookDelivery.Status)

    def visible_to(self, user: User) -> Q:
        return Q() if user.all_sources else Q(webhook__in=webhooks_of(user).values("pk"))
