"""Comments and their sources in the administration: view, search and, if scoring failed, try again."""

from typing import Any, cast

from django import forms
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from classifier.admin_tools.actions import Facts, confirmed_action, permission_check
from classifier.admin_tools.columns import choice_badge, column, follow, text_columns
from classifier.admin_tools.read_only import HistoryInline, ReadOnlyAdmin, ReadOnlyInline
from classifier.comments.search import text_condition
from classifier.comments.source_language import source_language_set
from classifier.comments.submission import comment_retry
from classifier.core.errors import NotPossibleNow
from classifier.core.validation import language_problem
from classifier.core.visibility import visible_sources
from classifier.models import Comment, CommentEvent, CommentStatus, Prediction, Source, User, Verdict
from classifier.review.filters import TEXT_CHARACTERS
from toxicsite.lib.lifecycle import IllegalTransition, LostRace


class PredictionInline(ReadOnlyInline):
    model = Prediction
    fk_name = "comment"
    verbose_name_plural = "predictions, newest first"
    fields = [
        *("verdict_badge", "score", "threshold", "windows", "language", "is_concern"),
        *("model_version", "created_at"),
    ]

    verdict_badge = choice_badge("verdict", Verdict)


class CommentEventInline(HistoryInline):
    model = CommentEvent


def failure_of(comment: Comment) -> Facts:
    return [("Why it failed", comment.failure_reason)] if comment.failure_reason else []


@admin.register(Comment)
class CommentAdmin(ReadOnlyAdmin):
    source_path = "source"
    shows_texts = True
    list_display = [
        *("id", "excerpt", "status_badge", "verdict_badge", "score", "source", "submitted_by", "created_at")
    ]
    list_display_links = ["id", "excerpt"]
    list_filter = [
        *("status", "current_prediction__verdict", "is_concern", "source"),
        *("current_prediction__language", "current_prediction__language_supported"),
    ]
    list_select_related = ["current_prediction"]
    search_fields = ["text", "=external_id", "=author_ref"]
    search_help_text = "Words in the text, or a whole external ID or author"
    inlines = [PredictionInline, CommentEventInline]
    actions_detail = ["retry"]
    fieldsets = [
        (None, {"fields": ["whole_text", "status_badge", "verdict_badge", "failure_reason"]}),
        ("Origin", {"fields": ["source", "external_id", "author_ref", "submitted_by", "api_key"]}),
        ("Times", {"fields": ["created_at", "classified_at", "attempts"]}),
    ]
    has_retry_permission = permission_check("classifier.change_comment")

    excerpt, whole_text = text_columns(
        "text", toxic=lambda comment: follow(comment, "current_prediction__verdict") == Verdict.TOXIC
    )
    status_badge = choice_badge("status", CommentStatus)
    verdict_badge = choice_badge("current_prediction__verdict", Verdict)
    score = column("Probability", "current_prediction__score", spec=".3f")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Comment], search_term: str
    ) -> tuple[QuerySet[Comment], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        if "\x00" in term or len(term) > TEXT_CHARACTERS:
            return queryset.none(), False
        return queryset.filter(text_condition(term) | Q(external_id=term) | Q(author_ref=term)), False

    @confirmed_action(
        "Try again",
        permission="retry",
        title="Score comment {row.pk} again",
        explanation="The comment waits for the worker again, with three more attempts.",
        facts=failure_of,
        done="The comment waits for the worker again.",
    )
    def retry(self, comment: Comment, by: User) -> None:
        try:
            comment_retry(comment=comment, by=by, reason="tried again by hand")
        except (IllegalTransition, LostRace) as error:
            raise NotPossibleNow("Only a comment whose scoring failed can be tried again.") from error


class SourceForm(forms.ModelForm):  # type: ignore[type-arg]
    """The name of a source, and the language of its comments."""

    class Meta:
        model = Source
        fields = ["name", "language", "language_fixed"]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        problem = language_problem(cleaned.get("language"))
        if problem is not None:
            self.add_error("language", problem.message)
        elif cleaned.get("language_fixed") and not cleaned.get("language"):
            self.add_error("language", "Name the language that every comment is in.")
        return cleaned


@admin.register(Source)
class SourceAdmin(ModelAdmin):  # type: ignore[misc]
    form = SourceForm
    list_display = ["name", "slug", "language", "language_fixed", "retention_days"]
    # The retention is set on the privacy page, which first shows what it will purge.
    readonly_fields = ["slug", "retention_days"]
    actions = None
    actions_on_top = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Source]:
        return visible_sources(cast(User, request.user))

    def save_model(self, request: HttpRequest, obj: Source, form: Any, change: bool) -> None:
        """Save the name, and set the language by the service, which writes it into the audit."""
        chosen = obj.language, obj.language_fixed
        kept = Source.objects.get(pk=obj.pk)
        obj.language, obj.language_fixed = kept.language, kept.language_fixed
        super().save_model(request, obj, form, change)
        if chosen != (kept.language, kept.language_fixed):
            source_language_set(source=obj, language=chosen[0], fixed=chosen[1], by=cast(User, request.user))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Source | None = None) -> bool:
        return False
