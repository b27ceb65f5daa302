"""Comments and their sources: looked at, searched and, where scoring failed, given another chance."""

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import action, display

from classifier.admin_tools.base import ReadOnlyAdmin, ReadOnlyInline, ask, badge, comment_text, excerpt
from classifier.comments.search import text_condition
from classifier.comments.submission import comment_retry
from classifier.core.visibility import sources_of
from classifier.models import Comment, CommentEvent, CommentStatus, Prediction, Source, Verdict
from classifier.review.filters import TEXT_CHARACTERS
from toxicsite.lib.lifecycle import IllegalTransition, LostRace


class PredictionInline(ReadOnlyInline):
    model = Prediction
    fk_name = "comment"
    verbose_name_plural = "predictions, newest first"
    fields = readonly_fields = [
        "verdict_badge",
        "score",
        "threshold",
        "windows",
        "model_version",
        "created_at",
    ]

    @display(description="Verdict")
    def verdict_badge(self, prediction: Prediction) -> SafeString:
        verdict = Verdict(prediction.verdict)
        return badge(verdict.label, verdict.colour)


class CommentEventInline(ReadOnlyInline):
    model = CommentEvent
    verbose_name_plural = "history, newest first"
    fields = readonly_fields = ["created_at", "old", "new", "actor", "reason"]


@admin.register(Comment)
class CommentAdmin(ReadOnlyAdmin):
    source_path = "source"
    list_display = [
        "id",
        "excerpt",
        "status_badge",
        "verdict_badge",
        "score",
        "source",
        "submitted_by",
        "created_at",
    ]
    list_display_links = ["id", "excerpt"]
    list_filter = [
        ("status", ChoicesDropdownFilter),
        ("current_prediction__verdict", ChoicesDropdownFilter),
        ("source", RelatedDropdownFilter),
    ]
    list_filter_submit = True
    search_fields = ["text", "=external_id", "=author_ref"]
    search_help_text = "Words in the text, or a whole external ID or author"
    date_hierarchy = None
    inlines = [PredictionInline, CommentEventInline]
    actions_detail = ["retry"]
    fieldsets = [
        (None, {"fields": ["whole_text", "status_badge", "verdict_badge", "failure_reason"]}),
        ("Origin", {"fields": ["source", "external_id", "author_ref", "submitted_by", "api_key"]}),
        ("Times", {"fields": ["created_at", "classified_at", "attempts"]}),
    ]
    readonly_fields = ["whole_text", "status_badge", "verdict_badge"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Comment]:
        comments = (
            super().get_queryset(request).select_related("source", "submitted_by", "current_prediction")
        )
        self.request = request
        return comments

    def _is_toxic(self, comment: Comment) -> bool:
        prediction = comment.current_prediction
        return prediction is not None and prediction.verdict == Verdict.TOXIC

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Comment], search_term: str
    ) -> tuple[QuerySet[Comment], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        if "\x00" in term or len(term) > TEXT_CHARACTERS:
            return queryset.none(), False
        return queryset.filter(text_condition(term) | Q(external_id=term) | Q(author_ref=term)), False

    @display(description="Text")
    def excerpt(self, comment: Comment) -> SafeString:
        return comment_text(excerpt(comment.text), toxic=self._is_toxic(comment), request=self.request)

    @display(description="Text")
    def whole_text(self, comment: Comment) -> SafeString:
        return comment_text(comment.text, toxic=self._is_toxic(comment), request=self.request)

    @display(description="Status", ordering="status")
    def status_badge(self, comment: Comment) -> SafeString:
        status = CommentStatus(comment.status)
        return badge(status.label, status.colour)

    @display(description="Verdict", ordering="current_prediction__verdict")
    def verdict_badge(self, comment: Comment) -> SafeString | str:
        if comment.current_prediction is None:
            return "-"
        verdict = Verdict(comment.current_prediction.verdict)
        return badge(verdict.label, verdict.colour)

    @display(description="Probability", ordering="current_prediction__score")
    def score(self, comment: Comment) -> str:
        prediction = comment.current_prediction
        return f"{prediction.score:.3f}" if prediction is not None else "-"

    # By method and not by name: the theme looks names up in the database already when it checks the code, and
    # so before the first migration.
    def has_retry_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        return request.user.has_perm("classifier.change_comment")

    @action(description="Try again", url_path="retry", permissions=["retry"])
    def retry(self, request: HttpRequest, object_id: int) -> HttpResponse:
        comment = get_object_or_404(self.get_queryset(request), pk=object_id)
        back = reverse("admin:classifier_comment_change", args=[comment.pk])
        if request.method != "POST":
            return ask(
                self,
                request,
                title=f"Score comment {comment.pk} again",
                verb="Try again",
                explanation="The comment waits for the worker again, with three more attempts.",
                back=back,
                facts=[("Why it failed", comment.failure_reason)] if comment.failure_reason else [],
            )
        try:
            comment_retry(comment=comment, by=request.user, reason="tried again by hand")  # type: ignore[arg-type]
            messages.success(request, "The comment waits for the worker again.")
        except (IllegalTransition, LostRace):
            messages.error(request, "Only a comment whose scoring failed can be tried again.")
        return HttpResponseRedirect(back)


@admin.register(Source)
class SourceAdmin(ModelAdmin):  # type: ignore[misc]
    list_display = ["name", "slug", "retention_days"]
    readonly_fields = [
        "slug",
        "retention_days",
    ]  # set on the privacy page, which says first what it will purge
    actions = None
    actions_on_top = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Source]:
        own = sources_of(request.user)  # type: ignore[arg-type]
        return super().get_queryset(request) if own is None else own

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Source | None = None) -> bool:
        return False
