"""Notice channels and deliveries in the administration; the pages add and change channels."""

from django.contrib import admin
from django.db.models import Q

from classifier.admin_tools.columns import choice_badge, column
from classifier.admin_tools.filters import WhenFilter
from classifier.admin_tools.read_only import ReadOnlyAdmin, RecordAdmin
from classifier.models import NoticeChannel, NoticeDelivery, User
from classifier.notices.services import channels_of


@admin.register(NoticeChannel)
class NoticeChannelAdmin(ReadOnlyAdmin):
    """Deleted channels are here too, for people who see every source."""

    list_display = ["name", "kind", "host", "is_enabled", "failing_since", "created_by", "created_at"]
    search_fields = ["name", "host"]
    fields = [
        *("name", "kind", "host", "notices", "sources", "is_enabled", "disabled_reason", "failing_since"),
        *("created_by", "created_at", "deleted_at"),
    ]

    def visible_to(self, user: User) -> Q:
        return Q() if user.all_sources else Q(pk__in=channels_of(user).values("pk"))


@admin.register(NoticeDelivery)
class NoticeDeliveryAdmin(RecordAdmin):
    list_display = ["id", "notice_title", "channel", "user", "status_badge", "attempts", "created_at"]
    list_filter = ["status", WhenFilter, "channel"]
    list_select_related = ["notice", "channel", "user"]
    search_help_text = "The number of a delivery"

    notice_title = column("Notice", lambda delivery: delivery.notice.title)
    status_badge = choice_badge("status", NoticeDelivery.Status)

    def visible_to(self, user: User) -> Q:
        return Q() if user.all_sources else Q(channel__in=channels_of(user).values("pk"))
