"""What endpoints share that read one thing, list many, or do something with a body of a few fields."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from django.db import models
from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response

from classifier.api.base import body_object, checked_body, refuse_unread_query
from classifier.api.fields import ClosedSerializer
from classifier.api.pagination import page_of
from classifier.api.values import refuse_unstorable

Row = TypeVar("Row", bound=models.Model)


class NothingInput(ClosedSerializer):
    """A verb that needs nothing further."""


def checked(serializer: type[ClosedSerializer], request: Request) -> dict[str, Any]:
    """The body, checked by `serializer`; nothing in it is beyond what the database can keep."""
    data = body_object(request)
    refuse_unstorable(data)
    return checked_body(serializer, data)


def optional(serializer: type[ClosedSerializer], request: Request) -> dict[str, Any]:
    """As `checked`, where no body at all is as good as `{}`."""
    refuse_unread_query(request)
    return checked_body(serializer, {}) if request.data == {} else checked(serializer, request)


def without_body(request: Request) -> None:
    """Refuse fields where a verb takes none; an empty body or `{}` is fine."""
    optional(NothingInput, request)


def found(rows: "models.QuerySet[Row]", pk: int) -> Row:
    """The row of the address. Raises Http404."""
    row = rows.filter(pk=pk).first()
    if row is None:
        raise Http404
    return row


def listed(
    rows: "models.QuerySet[Row]",
    query: Mapping[str, Any],
    request: Request,
    show: Callable[[Row], Any],
) -> Response:
    """A page of `rows`, newest first, shown by `show`."""
    page = page_of(rows, cursor=query["cursor"], size=query["limit"], request=request)
    return Response({"items": [show(row) for row in page.rows], "next": page.next_url})
