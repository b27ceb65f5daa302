"""Suggestions in the administration: labels that others proposed, and keeping training from using one."""

from django.contrib import admin
from django.contrib.admin import ShowFacets
from django.utils.safestring import SafeString
from unfold.decorators import display

from classifier.admin_tools.actions import confirmed_action, permission_check
from classifier.admin_tools.columns import badge, column, text_columns
from classifier.admin_tools.filters import WhenFilter
from classifier.admin_tools.read_only import BoundedPaginator, ReadOnlyAdmin
from classifier.models import Suggestion, User
from classifier.suggestions.services import suggestion_reject


@admin.register(Suggestion)
class SuggestionAdmin(ReadOnlyAdmin):
    paginator = BoundedPaginator
    show_facets = ShowFacets.NEVER
    source_path = "source"
    shows_texts = True
    ordering = ["-pk"]
    sortable_by = ["id"]
    list_display = ["id", "excerpt", "label_values", "source", "by", "state", "created_at"]
    list_filter = [WhenFilter, "source", "by"]
    fields = [
        *("whole_text", "label_values", "state", "source", "comment", "author_ref", "languages"),
        *("by", "api_key", "created_at", "text_purged_at", "rejected_at", "rejected_by"),
    ]
    actions_detail = ["reject"]
    has_reject_permission = permission_check("classifier.change_suggestion")

    excerpt, whole_text = text_columns(
        "text", toxic=lambda suggestion: any(value >= 0.5 for value in suggestion.labels.values())
    )
    label_values = column(
        "Labels",
        lambda suggestion: ", ".join(f"{name} {value:g}" for name, value in suggestion.labels.items()),
    )

    @display(description="State")
    def state(self, suggestion: Suggestion) -> SafeString:
        if suggestion.rejected_at is not None:
            return badge("Rejected", "red")
        return badge("Erased", "grey") if suggestion.text_purged_at is not None else badge("Usable", "green")

    @confirmed_action(
        "Reject",
        permission="reject",
        title="Reject suggestion {row.pk}",
        explanation="Training leaves it out from now on. Datasets that were frozen before keep it.",
        done="Training leaves this suggestion out from now on.",
    )
    def reject(self, suggestion: Suggestion, by: User) -> None:
        suggestion_reject(suggestion=suggestion, by=by)
