"""What all admin pages share: read-only by default, badges, and confirmed actions with a reason."""

from collections.abc import Sequence
from typing import Any, cast

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin, TabularInline
from unfold.contrib.filters.admin import RelatedDropdownFilter
from unfold.widgets import UnfoldAdminTextInputWidget

from classifier.core.visibility import seen_by
from classifier.models import User

BADGES = {"green": "calm", "blue": "info", "red": "toxic", "grey": "wait", "amber": "warn"}
EXCERPT_CHARACTERS = 90


def badge(label: str, colour: str) -> SafeString:
    """A word on a coloured ground; the word alone carries the meaning."""
    return format_html('<span class="badge badge-{}">{}</span>', BADGES[colour], label)


def excerpt(text: str) -> str:
    """The beginning of a text, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= EXCERPT_CHARACTERS else f"{line[: EXCERPT_CHARACTERS - 1]}…"


def comment_text(text: str, *, toxic: bool, request: HttpRequest) -> SafeString:
    """A text as its reader wants to see it: blurred until pointed at, where toxic and wished."""
    blurred = toxic and getattr(request.user, "blur_text", True)
    return format_html('<span class="{}">{}</span>', "said said-blurred" if blurred else "said", text)


class SourceFilter(RelatedDropdownFilter):  # type: ignore[misc]
    """Offers the sources that a person sees; the names of others are not theirs to know."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: ModelAdmin) -> list[Any]:
        seen = seen_by(cast(User, request.user), "pk")
        choices: list[Any] = field.get_choices(include_blank=False, limit_choices_to=seen)
        return choices


class ReadOnlyAdmin(ModelAdmin):  # type: ignore[misc]
    """Rows that people look at and services write."""

    list_per_page = 50
    show_full_result_count = False
    actions_on_top = True
    actions: list[str] | None = None
    list_fullwidth = True
    source_path = (
        ""  # from a row to its source; rows of sources that a person does not see are not there for them
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        if not self.source_path:
            return rows
        return rows.filter(seen_by(cast(User, request.user), self.source_path))

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        return [
            (each[0], SourceFilter)
            if isinstance(each, tuple) and each[0].rpartition("__")[2] == "source"
            else each
            for each in super().get_list_filter(request)
        ]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnlyInline(TabularInline):  # type: ignore[misc]
    extra = 0
    can_delete = False
    show_change_link = False
    hide_title = True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReasonForm(forms.Form):
    """Why something is done; it goes into the history."""

    reason = forms.CharField(
        max_length=300,
        widget=UnfoldAdminTextInputWidget(attrs={"autofocus": True}),
        help_text="Shown in the history, for whoever looks at this later.",
    )


def ask(
    model_admin: ModelAdmin,
    request: HttpRequest,
    *,
    title: str,
    verb: str,
    explanation: str,
    back: str,
    facts: Sequence[tuple[str, str]] = (),
    form: forms.Form | None = None,
    notes: Sequence[str] = (),
    notes_title: str = "",
) -> TemplateResponse:
    """A page that says what will happen and does it when its button is pressed (a link alone changes nothing)."""
    context = {
        **model_admin.admin_site.each_context(request),
        "title": title,
        "opts": model_admin.opts,
        "verb": verb,
        "explanation": explanation,
        "back": back,
        "facts": facts,
        "form": form,
        "notes": notes,
        "notes_title": notes_title,
    }
    return TemplateResponse(request, "admin/classifier/confirm.html", context)
