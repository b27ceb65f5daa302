"""Reference services and compared calls in the administration; the pages add and change services."""

from django.contrib import admin
from django.utils.safestring import SafeString
from unfold.decorators import display

from classifier.admin_tools.columns import badge, choice_badge, column
from classifier.admin_tools.filters import WhenFilter
from classifier.admin_tools.read_only import ReadOnlyAdmin, RecordAdmin
from classifier.models import ReferenceCall, ReferenceMode, ReferenceService


@admin.register(ReferenceService)
class ReferenceServiceAdmin(ReadOnlyAdmin):
    """Removed services are here too. The encrypted key is not shown, in no form."""

    list_display = ["name", "wire", "url", "state", "calls_per_second", "missed", "ends_on", "created_at"]
    search_fields = ["name", "url"]
    fields = [
        *("name", "wire", "url", "model", "has_key", "timeout_seconds", "calls_per_second", "share"),
        *("keeps_texts", "ends_on", "state", "missed", "created_by", "created_at", "deleted_at"),
    ]

    has_key = column("Has a key", lambda service: service.sealed_key is not None, boolean=True)

    @display(description="State")
    def state(self, service: ReferenceService) -> SafeString:
        if service.deleted_at is not None:
            return badge("Removed", "grey")
        return badge("On", "green") if service.is_enabled else badge("Off", "amber")


@admin.register(ReferenceCall)
class ReferenceCallAdmin(RecordAdmin):
    source_path = "source"
    list_display = [
        *("id", "created_at", "service", "api_key", "mode_badge", "answered_by", "outcome"),
        *("milliseconds", "source"),
    ]
    list_filter = ["mode", "failure", WhenFilter, "service", "source"]
    numbers = ("pk", "comment")
    search_help_text = "The number of a call or of a comment"

    mode_badge = choice_badge("mode", ReferenceMode)

    @display(description="Outcome")
    def outcome(self, call: ReferenceCall) -> SafeString:
        failure = ReferenceCall.Failure(call.failure)
        return badge(str(failure.label), "red" if call.failure else "green")
