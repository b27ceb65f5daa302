"""Reference services and compared calls in the administration: to be looked at; the pages make and change them."""

from django.contrib import admin
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import display

from classifier.admin_tools.base import ReadOnlyAdmin, badge
from classifier.admin_tools.records import RecordAdmin, WhenFilter
from classifier.models import ReferenceCall, ReferenceMode, ReferenceService


@admin.register(ReferenceService)
class ReferenceServiceAdmin(ReadOnlyAdmin):
    """Those that were removed are here too. The encrypted key is not shown, in no form."""

    list_display = ["name", "wire", "url", "state", "calls_per_second", "missed", "ends_on", "created_at"]
    search_fields = ["name", "url"]
    fields = [
        *("name", "wire", "url", "model", "has_key", "timeout_seconds", "calls_per_second", "share"),
        *("keeps_texts", "ends_on", "state", "missed", "created_by", "created_at", "deleted_at"),
    ]
    readonly_fields = ["state", "has_key"]

    @display(description="State")
    def state(self, service: ReferenceService) -> SafeString:
        if service.deleted_at is not None:
            return badge("Removed", "grey")
        return badge("On", "green") if service.is_enabled else badge("Off", "amber")

    @display(description="Has a key", boolean=True)
    def has_key(self, service: ReferenceService) -> bool:
        return service.sealed_key is not None


@admin.register(ReferenceCall)
class ReferenceCallAdmin(RecordAdmin):
    source_path = "source"
    list_display = [
        *("id", "created_at", "service", "api_key", "mode_badge", "answered_by", "outcome"),
        *("milliseconds", "source"),
    ]
    list_filter = [
        ("mode", ChoicesDropdownFilter),
        ("failure", ChoicesDropdownFilter),
        WhenFilter,
        ("service", RelatedDropdownFilter),
        ("source", RelatedDropdownFilter),
    ]
    list_select_related = ["service", "api_key", "source"]
    numbers = ("pk", "comment")
    search_fields = ["id", "comment"]
    search_help_text = "The number of a call or of a comment"

    @display(description="Mode")
    def mode_badge(self, call: ReferenceCall) -> SafeString:
        mode = ReferenceMode(call.mode)
        return badge(str(mode.label), mode.colour)

    @display(description="Outcome")
    def outcome(self, call: ReferenceCall) -> SafeString:
        failure = ReferenceCall.Failure(call.failure)
        return badge(str(failure.label), "red" if call.failure else "green")
