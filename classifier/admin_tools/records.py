"""What the pages of histories share: nothing is edited, counting ends early, numbers are searched by their indexes."""

from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, cast
from urllib.parse import urlencode

from django.contrib.admin import ShowFacets
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from unfold.contrib.filters.admin import DropdownFilter, RelatedDropdownFilter
from unfold.decorators import action

from classifier.admin_tools.base import ReadOnlyAdmin
from classifier.core.validation import whole_number
from classifier.core.visibility import seen_by
from classifier.models import User

COUNT_MOST = 10_000
MONTHS = 12


class BoundedPaginator(Paginator):  # type: ignore[type-arg]
    """Counts no further than COUNT_MOST rows, so that a page costs the same with millions behind it.

    Older rows are reached by the filters, and all of them on the history page, which goes on by keyset.
    """

    @cached_property
    def count(self) -> int:
        rows = cast("QuerySet[Any]", self.object_list)
        return len(rows.order_by().values_list("pk", flat=True)[:COUNT_MOST])


class PersonFilter(RelatedDropdownFilter):  # type: ignore[misc]
    """By whom; its title follows the word "By"."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = "person"


class WhenFilter(DropdownFilter):  # type: ignore[misc]
    """A hierarchy of dates without looking at every row: the last days, then month by month."""

    title = "time"
    parameter_name = "when"
    field = "created_at"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        now = timezone.now()
        months, at = [], now.replace(day=1)
        for _ in range(MONTHS):
            months.append((f"{at:%Y-%m}", f"{at:%B %Y}"))
            at = (at - timedelta(days=1)).replace(day=1)
        return [("1", "Today"), ("7", "Last 7 days"), ("30", "Last 30 days"), *months]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        value = self.value() or ""
        midnight = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
        if value in ("1", "7", "30"):
            return queryset.filter(**{f"{self.field}__gte": midnight - timedelta(days=int(value) - 1)})
        try:
            begin = datetime.strptime(value, "%Y-%m").replace(tzinfo=UTC)
        except ValueError:
            return queryset
        end = (begin + timedelta(days=31)).replace(day=1)
        return queryset.filter(**{f"{self.field}__gte": begin, f"{self.field}__lt": end})


class RecordAdmin(ReadOnlyAdmin):
    """A history: newest first, found by numbers (`numbers`, paths to whole numbers) and exact words (`words`).

    `alone`: rows without a source are seen by who sees every source, and by whom this path names.
    """

    paginator = BoundedPaginator
    show_facets = ShowFacets.NEVER
    ordering = ["-pk"]
    sortable_by = ["id"]
    list_filter_submit = True
    numbers: tuple[str, ...] = ("pk",)
    words: tuple[str, ...] = ()
    alone = ""
    history_kind = ""
    actions_list = ["to_history"]

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        rows = super().get_queryset(request)
        user = cast(User, request.user)
        return rows if user.all_sources or not self.alone else rows.filter(**{self.alone: user})

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[Any]", search_term: str
    ) -> tuple["QuerySet[Any]", bool]:
        """Django would cast numbers to text and read every row."""
        term = search_term.strip()
        if not term:
            return queryset, False
        found = Q(pk__in=[])
        for word in self.words:
            found |= Q(**{word: term})
        if (wanted := whole_number(term)) is not None:
            for number in self.numbers:
                found |= Q(**{number: wanted})
        return queryset.filter(found), False

    def has_to_history_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("classifier.view_auditentry")

    @action(
        description="History and export", url_path="to-history", permissions=["to_history"], icon="history"
    )
    def to_history(self, request: HttpRequest) -> HttpResponse:
        chosen = f"?{urlencode({'kind': self.history_kind})}" if self.history_kind else ""
        return HttpResponseRedirect(f"{reverse('history')}{chosen}")


def seen_or_own(request: HttpRequest, *, source: str = "source", actor: str = "") -> Q:
    """Rows of the sources that the person sees, rows of no source where those are everybody's or their own."""
    user = cast(User, request.user)
    condition = seen_by(user, source)
    if not condition:
        return Q()
    return condition | (Q(**{actor: user}) if actor else Q(**{f"{source}__isnull": True}))
