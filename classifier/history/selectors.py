"""One history of everything: decisions, events of comments and model versions, policies, and the audit.

Five tables, each read newest first by an index on its time and never further than the page needs; their rows are
merged here. Pages go on by keyset (time, kind, id), so that page 1,000 costs as page 1 with millions of rows.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from django.db.models import Q, QuerySet

from classifier.history.tables import BRANCHES, RANKS, Entry, HistoryFilters, Values
from classifier.models import User

CHUNK = 2_000


class WrongCursor(ValueError):
    """The cursor does not name a row of the history."""


@dataclass(frozen=True)
class HistoryPage:
    """Newest first; `newer` and `older` are cursors to go on from, None at an end."""

    entries: list[Entry]
    newer: str | None
    older: str | None


def history_page(
    *, user: User | None, filters: HistoryFilters, size: int, before: str = "", after: str = ""
) -> HistoryPage:
    """Return the `size` rows right before (older than) or after (newer than) a cursor, else the newest.

    Raises WrongCursor.
    """
    cursor = after or before
    place = _place(cursor) if cursor else None
    rising = bool(after)
    merged = list(islice(_merged(user, filters, place, rising=rising, limit=size + 1), size + 1))
    entries = merged[:size][::-1] if rising else merged[:size]
    has_more = len(merged) > size  # in the direction of reading
    is_newer_there, is_older_there = (has_more, True) if rising else (bool(before), has_more)
    return HistoryPage(
        entries,
        newer=entries[0].cursor if entries and is_newer_there else None,
        older=entries[-1].cursor if entries and is_older_there else None,
    )


def history_stream(*, user: User | None, filters: HistoryFilters) -> Iterator[Entry]:
    """Yield every row, newest first, in bounded memory: each table by a server-side cursor, within a transaction."""
    return _merged(user, filters, None, rising=False, limit=None)


def _merged(
    user: User | None,
    filters: HistoryFilters,
    place: tuple[datetime, int, int] | None,
    *,
    rising: bool,
    limit: int | None,
) -> Iterator[Entry]:
    streams = []
    for branch in BRANCHES:
        if filters.kind and filters.kind != branch.kind:
            continue
        rows = branch.rows(filters, user)
        if rows is None:
            continue
        rows = _within(rows, filters, place, RANKS[branch.kind], rising)
        order = ("created_at", "pk") if rising else ("-created_at", "-pk")
        values = rows.order_by(*order).values("id", "created_at", *branch.columns)
        stream: Iterator[Values] = (
            values.iterator(chunk_size=CHUNK) if limit is None else iter(values[:limit])
        )
        streams.append(map(branch.read, stream))
    return heapq.merge(*streams, key=lambda entry: entry.key, reverse=not rising)


def _within(
    rows: QuerySet[Any],
    filters: HistoryFilters,
    place: tuple[datetime, int, int] | None,
    rank: int,
    rising: bool,
) -> QuerySet[Any]:
    if filters.since is not None:
        rows = rows.filter(created_at__gte=filters.since)
    if filters.until is not None:
        rows = rows.filter(created_at__lt=filters.until)
    if place is None:
        return rows
    at, its_rank, pk = place
    beyond, upto = ("gt", "gte") if rising else ("lt", "lte")
    same: Q | None = None
    if rank == its_rank:
        same = Q(created_at=at, **{f"pk__{beyond}": pk})
    elif (rank > its_rank) is rising:
        same = Q(created_at=at)
    past = Q(**{f"created_at__{beyond}": at})
    # The plain bound lets Postgres start inside the index; the rest settles what happened in the same moment.
    return rows.filter(Q(**{f"created_at__{upto}": at}) & (past if same is None else past | same))


def _place(cursor: str) -> tuple[datetime, int, int]:
    try:
        at, kind, number = cursor.split("~")
        pk = int(number)
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None or not 0 <= pk < 2**63:
            raise ValueError(cursor)
        return moment, RANKS[kind], pk
    except (KeyError, ValueError) as error:
        raise WrongCursor("This page does not exist any more.") from error
