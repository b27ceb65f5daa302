"""Inserts of rows that another process may insert at the same moment, without an error of the database.

PostgreSQL may write a statement that fails into its log, with every value in it. ON CONFLICT DO NOTHING does not fail.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from django.db import connection
from django.db.models import Model, QuerySet

M = TypeVar("M", bound=Model)
ATTEMPTS = 5


def insert_unless_taken(rows: Sequence[M]) -> list[M]:
    """Insert those of `rows` (of one model) that violate no unique constraint, and return them, in their order.

    Where another transaction is inserting the same, this waits for its end. Other constraints fail as always.
    """
    if not rows:
        return []
    model = type(rows[0])
    for row, number in zip(rows, _numbers(model, len(rows)), strict=True):
        row.pk = number  # drawn before, so that what was inserted is known by it
    manager = model._base_manager
    manager.bulk_create(rows, ignore_conflicts=True)
    stored = set(manager.filter(pk__in=[row.pk for row in rows]).values_list("pk", flat=True))
    taken = [row for row in rows if row.pk not in stored]
    new = [row for row in rows if row.pk in stored]
    for row in taken:
        row.pk, row._state.adding = None, True
    return new


def try_insert(row: M) -> bool:
    """Insert `row` unless a unique value of it is taken; return whether it was inserted."""
    return bool(insert_unless_taken([row]))


def get_or_insert(
    rows: QuerySet[M], *, defaults: Mapping[str, Any] | None = None, **unique: Any
) -> tuple[M, bool]:
    """Do what Django's get_or_create does, without its failed INSERT; `rows` says how to read (locked, say)."""
    for _ in range(ATTEMPTS):  # more than once only where somebody deletes the row in between
        present = rows.filter(**unique).first()
        if present is not None:
            return present, False
        new = rows.model(**unique, **(defaults or {}))
        if try_insert(new):
            return new, True
    raise RuntimeError(f"{rows.model.__name__}: the same row is inserted and deleted again and again")


def update_or_insert(rows: QuerySet[M], *, defaults: Mapping[str, Any], **unique: Any) -> tuple[M, bool]:
    """Do what Django's update_or_create does, without its failed INSERT; in a transaction."""
    row, is_new = get_or_insert(rows.select_for_update(), defaults=defaults, **unique)
    if not is_new:
        for name, value in defaults.items():
            setattr(row, name, value)
        row.save(update_fields=list(defaults))
    return row, is_new


def _numbers(model: type[Model], count: int) -> list[int]:
    """Return the next ids of a model's table."""
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)",
            [quote(model._meta.db_table), model._meta.pk.column, count],
        )
        return [number for (number,) in cursor.fetchall()]
