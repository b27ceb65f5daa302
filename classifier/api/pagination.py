"""Newest-first pages by keyset: stable while rows arrive, and as fast on page 1,000 as on page 1."""

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.db import models
from django.http import HttpRequest

from classifier.api.field_errors import parameter_error
from classifier.api.problems import invalid

Row = TypeVar("Row", bound=models.Model)
_CURSOR = re.compile(r"before:([0-9]{1,18})\Z")


@dataclass(frozen=True)
class Page(Generic[Row]):
    rows: list[Row]
    next_url: str | None


def cursor_for(pk: int) -> str:
    return base64.urlsafe_b64encode(f"before:{pk}".encode()).decode().rstrip("=")


def pk_of(cursor: str) -> int:
    """The primary key that `cursor` stands before; raises the 400 problem when it was not made here."""
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


def page_of(rows: "models.QuerySet[Row]", *, cursor: str, size: int, request: HttpRequest) -> Page[Row]:
    """`size` rows before `cursor` ("" is the newest) and the address of the rows before those."""
    rows = rows.order_by("-pk")
    if cursor:
        rows = rows.filter(pk__lt=pk_of(cursor))
    found = list(rows[: size + 1])
    if len(found) <= size:
        return Page(found, None)
    query = request.GET.copy()
    query["cursor"] = cursor_for(found[size - 1].pk)
    return Page(found[:size], request.build_absolute_uri(f"{request.path}?{query.urlencode()}"))
