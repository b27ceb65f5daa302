"""Suggestions in the administration: what others said the labels should be, and keeping training from using one."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin import ShowFacets
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import RelatedDropdownFilter
from unfold.decorators import action, display

from classifier.admin_tools.base import ReadOnlyAdmin, ask, badge, comment_text, excerpt
from classifier.admin_tools.records import BoundedPaginator, PersonFilter, WhenFilter
from classifier.models import Suggestion
from classifier.suggestions.services import suggestion_reject


@admin.register(Suggestion)
class SuggestionAdmin(ReadOnlyAdmin):
    paginator = BoundedPaginator
    show_facets = ShowFacets.NEVER
    source_path = "source"
    ordering = ["-pk"]
    sortable_by = ["id"]
    list_display = ["id", "short_text", "said_labels", "source", "by", "state", "created_at"]
    list_filter = [WhenFilter, ("source", RelatedDropdownFilter), ("by", PersonFilter)]
    list_filter_submit = True
    list_select_related = ["source", "by"]
    fields = readonly_fields = [
        *("whole_text", "said_labels", "state", "source", "comment", "author_ref", "languages"),
        *("by", "api_key", "created_at", "text_purged_at", "rejected_at", "rejected_by"),
    ]
    actions_detail = ["reject"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        self.request = request
        return super().get_queryset(request)

    @display(description="Text")
    def short_text(self, suggestion: Suggestion) -> SafeString:
        return self._shown(suggestion, excerpt(suggestion.text))

    @display(description="Text")
    def whole_text(self, suggestion: Suggestion) -> SafeString:
        return self._shown(suggestion, suggestion.text)

    @display(description="Labels")
    def said_labels(self, suggestion: Suggestion) -> str:
        return ", ".join(f"{name} {value:g}" for name, value in suggestion.labels.items())

    @display(description="State")
    def state(self, suggestion: Suggestion) -> SafeString:
        if suggestion.rejected_at is not None:
            return badge("Rejected", "red")
        return badge("Erased", "grey") if suggestion.text_purged_at is not None else badge("Usable", "green")

    def has_reject_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return request.user.has_perm("classifier.change_suggestion")

    @action(description="Reject", url_path="reject", permissions=["reject"])
    def reject(self, request: HttpRequest, object_id: int) -> HttpResponse:
        suggestion = get_object_or_404(self.get_queryset(request), pk=object_id)
        back = reverse("admin:classifier_suggestion_change", args=[suggestion.pk])
        if request.method != "POST":
            return ask(
                self,
                request,
                title=f"Reject suggestion {suggestion.pk}",
                verb="Reject",
                explanation="Training leaves it out from now on. Datasets that were frozen before keep it.",
                back=back,
            )
        suggestion_reject(suggestion=suggestion, by=request.user)  # type: ignore[arg-type]
        messages.success(request, "Training leaves this suggestion out from now on.")
        return HttpResponseRedirect(back)

    def _shown(self, suggestion: Suggestion, text: str) -> SafeString:
        toxic = any(value >= 0.5 for value in suggestion.labels.values())
        return comment_text(text, toxic=toxic, request=self.request)
