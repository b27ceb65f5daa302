"""The read-only admin that every feature's admin declares: rows to look at, seen by source or owner, never edited."""

from functools import cached_property
from typing import Any, cast
from urllib.parse import urlencode

from django.contrib.admin import ShowFacets
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet, Value
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import action

from classifier.admin_tools.actions import permission_check
from classifier.admin_tools.columns import json_column
from classifier.admin_tools.filters import filter_class
from classifier.core.validation import whole_number
from classifier.core.visibility import seen_by
from classifier.models import User

COUNT_MOST = 10_000


class ReadOnlyAdmin(ModelAdmin):  # type: ignore[misc]
    """Rows that people look at and services write.

    An admin declares columns, filters and fields; what follows from the model is worked out here: the kind of each
    filter, the relations to join for the columns, and that nothing is edited. Rows that a person must not see are
    not there for them:

    - `source_path` leads from a row to its source. Who sees some sources sees the rows of these;
      with `shared_without_source` also rows of no source, which concern all.
    - `owner_path` leads to a person, who sees the row in any case.

    Without either path everybody who may view the list sees all of it.
    """

    list_per_page = 50
    show_full_result_count = False
    actions_on_top = True
    actions: list[str] | None = None
    list_fullwidth = True
    list_filter_submit = True
    list_select_related: list[str] = []  # besides the relations among the columns
    source_path = ""
    shared_without_source = False
    owner_path = ""
    shows_texts = False  # see columns.text_columns

    def visible_to(self, user: User) -> Q:
        """Return the condition on the rows that `user` sees."""
        if user.sees_all_sources or not (self.source_path or self.owner_path):
            return Q()
        condition = seen_by(user, self.source_path) if self.source_path else Q(pk__in=[])
        if self.shared_without_source:
            condition |= Q(**{f"{self.source_path}__isnull": True})
        return condition | Q(**{self.owner_path: user}) if self.owner_path else condition

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        user = cast(User, request.user)
        rows: QuerySet[Any] = super().get_queryset(request).filter(self.visible_to(user))
        return rows.annotate(reader_blurs=Value(user.blur_text)) if self.shows_texts else rows

    def get_row(self, request: HttpRequest, object_id: str) -> Any:
        """Return the row of an action on its page, or answer 404 where this person does not see it."""
        row = self.get_object(request, object_id)
        if row is None:
            raise Http404(f"No {self.opts.verbose_name} {object_id}.")
        return row

    def address_of(self, row: Any) -> str:
        """Return the address of a row's page, or of the list where there is no row."""
        kind = f"admin:{self.opts.app_label}_{self.opts.model_name}"
        return reverse(f"{kind}_changelist") if row is None else reverse(f"{kind}_change", args=[row.pk])

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        declared = super().get_list_filter(request)
        kinds = {path: filter_class(self.model, path) for path in declared if isinstance(path, str)}
        return [(path, kinds[path]) if kinds.get(path) else path for path in declared]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Return the fields of a row's page; JSON as a column, since unfold's colours for it break our CSP."""
        fields = super().get_fields(request, obj)
        return list(dict.fromkeys(json_column(self.model, name) or name for name in fields))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        columns = (json_column(self.model, field.name) for field in self.opts.concrete_fields)
        return [*super().get_readonly_fields(request, obj), *filter(None, columns)]

    def get_list_select_related(self, request: HttpRequest) -> list[str]:
        relations = {field.name for field in self.opts.concrete_fields if field.is_relation}
        shown = [name for name in self.get_list_display(request) if name in relations]
        return [*shown, *self.list_select_related]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class BoundedPaginator(Paginator):  # type: ignore[type-arg]
    """Counts no further than COUNT_MOST rows, so that a page costs the same with millions behind it.

    Older rows are reached by the filters, and all of them on the history page, which goes on by keyset.
    """

    @cached_property
    def count(self) -> int:
        rows = cast("QuerySet[Any]", self.object_list)
        return len(rows.order_by().values_list("pk", flat=True)[:COUNT_MOST])


class RecordAdmin(ReadOnlyAdmin):
    """A history of any length: newest first, found by `numbers` (paths to whole numbers) and exact `words`.

    `history_kind` is what its link to the history page, which exports it, chooses there.
    """

    paginator = BoundedPaginator
    show_facets = ShowFacets.NEVER
    ordering = ["-pk"]
    sortable_by = ["id"]
    numbers: tuple[str, ...] = ("pk",)
    words: tuple[str, ...] = ()
    history_kind = ""
    actions_list = ["to_history"]
    has_to_history_permission = permission_check("classifier.view_auditentry")

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        return (*self.numbers, *self.words)

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[Any]", search_term: str
    ) -> tuple["QuerySet[Any]", bool]:
        """Search by indexes; Django would cast numbers to text and read every row."""
        term = search_term.strip()
        if not term:
            return queryset, False
        matches = Q(pk__in=[])
        for word in self.words:
            matches |= Q(**{word: term})
        if (number := whole_number(term)) is not None:
            for path in self.numbers:
                matches |= Q(**{path: number})
        return queryset.filter(matches), False

    @action(
        description="History and export", url_path="to-history", permissions=["to_history"], icon="history"
    )
    def to_history(self, request: HttpRequest) -> HttpResponse:
        chosen = f"?{urlencode({'kind': self.history_kind})}" if self.history_kind else ""
        return HttpResponseRedirect(f"{reverse('history')}{chosen}")


class ReadOnlyInline(TabularInline):  # type: ignore[misc]
    """Rows that belong to the row of a page, to be looked at."""

    extra = 0
    can_delete = False
    show_change_link = False
    hide_title = True

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class HistoryInline(ReadOnlyInline):
    """The changes of a row's status; who made each of them and why."""

    verbose_name_plural = "history, newest first"
    fields = ["created_at", "old", "new", "actor", "reason"]
