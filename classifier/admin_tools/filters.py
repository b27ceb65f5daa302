"""Filters of admin lists: of a field by its kind, of persons, of sources that the reader sees, of days and months."""

from datetime import UTC, datetime, timedelta
from typing import Any, cast

from django.contrib.admin import FieldListFilter
from django.contrib.admin.utils import get_fields_from_path
from django.db.models import BooleanField, Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.contrib.filters.admin import (
    BooleanRadioFilter,
    ChoicesDropdownFilter,
    DropdownFilter,
    RelatedDropdownFilter,
)

from classifier.core.visibility import seen_by
from classifier.models import Source, User

MONTHS = 12


class SourceFilter(RelatedDropdownFilter):  # type: ignore[misc]
    """Offer the sources that the reader sees; the names of others are not theirs to know."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> list[Any]:
        seen = seen_by(cast(User, request.user), "pk")
        choices: list[Any] = field.get_choices(include_blank=False, limit_choices_to=seen)
        return choices


class PersonFilter(RelatedDropdownFilter):  # type: ignore[misc]
    """Filter by the person in a field `by`; the theme puts the word "By" before the title."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = "person"


class WhenFilter(DropdownFilter):  # type: ignore[misc]
    """Offer the last days and months without looking at every row, as Django's hierarchy of dates would."""

    title = "time"
    parameter_name = "when"
    field = "created_at"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        months, day = [], timezone.now().replace(day=1)
        for _ in range(MONTHS):
            months.append((f"{day:%Y-%m}", f"{day:%B %Y}"))
            day = (day - timedelta(days=1)).replace(day=1)
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


def filter_class(model: type[Model], path: str) -> type[FieldListFilter] | None:
    """Choose the filter that suits the field at `path`; None where Django's own does."""
    field: Any = get_fields_from_path(model, path)[-1]
    kind: Any = None
    if field.is_relation:
        kind = PersonFilter if path == "by" else RelatedDropdownFilter
        kind = SourceFilter if field.related_model is Source else kind
    elif field.choices:
        kind = ChoicesDropdownFilter
    elif isinstance(field, BooleanField):
        kind = BooleanRadioFilter
    return cast("type[FieldListFilter] | None", kind)
