"""Newest-first pages by keyset: stable while rows arrive, and as fast on page 1,000 as on page 1."""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Generic, TypeVar

from django.db import models
from drf_spectacular.drainage import get_override
from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from classifier.api.field_errors import parameter_error
from classifier.api.fields import ClosedSerializer, CountParameter, TextParameter
from classifier.api.problems import invalid

PAGE_SIZE, PAGE_SIZE_MAX = 50, 200
Row = TypeVar("Row", bound=models.Model)
_CURSOR = re.compile(r"before:([0-9]{1,18})\Z")


class PageQuery(ClosedSerializer):
    cursor = TextParameter(required=False, default="", help_text="The cursor in `next` of the page before.")
    limit = CountParameter(most=PAGE_SIZE_MAX, default=PAGE_SIZE, help_text="The number of items in a page.")


@dataclass(frozen=True)
class Page(Generic[Row]):
    rows: list[Row]
    next_url: str | None


@cache  # an item has one page, however many operations answer with it
def page_of(
    item: type[serializers.Serializer[Any]], name: str = "", *, order: str = "Newest first."
) -> type[serializers.Serializer[Any]]:
    """Make the serializer of a page of `item`; its `name` in the OpenAPI file is that of the item and `Page`."""
    name = name or f"{get_override(item, 'component_name', item.__name__).removesuffix('Output')}Page"
    fields = {
        "items": item(many=True, help_text=order),
        "next": serializers.URLField(
            allow_null=True, help_text="The address of the next page; null on the last page."
        ),
    }
    page = type(name, (serializers.Serializer,), fields)
    return extend_schema_serializer(component_name=name, many=False)(page)


def listed(
    rows: "models.QuerySet[Row]",
    query: Mapping[str, Any],
    request: Request,
    output: type[serializers.Serializer[Any]],
    columns: Mapping[str, str] | None = None,
) -> Response:
    """Answer with a page of `rows`, newest first, written by `output`.

    `columns` names the column that each filter of `query` compares; a filter that was not sent narrows nothing.
    """
    filters = {column: query[name] for name, column in (columns or {}).items() if name in query}
    page = newest_first(rows.filter(**filters), query, request)
    # One serializer for all rows: building its fields costs more than writing a row.
    serializer = output(context={"request": request})
    items = [serializer.to_representation(row) for row in page.rows]
    return Response({"items": items, "next": page.next_url})


def newest_first(rows: "models.QuerySet[Row]", query: Mapping[str, Any], request: Request) -> Page[Row]:
    """Return the rows before `query["cursor"]` ("" is the newest), and the address of the page after them."""
    rows, size = rows.order_by("-pk"), query["limit"]
    if query["cursor"]:
        rows = rows.filter(pk__lt=pk_of(query["cursor"]))
    page = list(rows[: size + 1])
    if len(page) <= size:
        return Page(page, None)
    return Page(page[:size], next_url(request, cursor_for(page[size - 1].pk)))


def next_url(request: Request, cursor: str) -> str:
    """Return the address of the call with another cursor."""
    query = request.GET.copy()
    query["cursor"] = cursor
    return str(request.build_absolute_uri(f"{request.path}?{query.urlencode()}"))


def cursor_for(pk: int) -> str:
    return base64.urlsafe_b64encode(f"before:{pk}".encode()).decode().rstrip("=")


def pk_of(cursor: str) -> int:
    """Return the primary key that `cursor` stands before. Raises the 400 problem for a cursor of no list."""
    try:
        decoded = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        match = _CURSOR.match(decoded.decode("ascii"))
    except (binascii.Error, ValueError):
        match = None
    if match is None:
        raise invalid(
            [parameter_error("cursor", "is not a cursor of this list; take it from `next`", "cursor")]
        )
    return int(match.group(1))
