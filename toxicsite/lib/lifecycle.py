"""Status changes by compare-and-swap, each leaving a history row; the one way any status changes.

After healthchecks' `sendalerts` (`filter(status=old).update(status=new)` and count the rows) and its `Flip` rows.
"""

from collections.abc import Mapping
from typing import Any

from django.db import models, transaction


class IllegalTransition(Exception):
    """The life of this object knows no step from its status to the one asked for."""


class LostRace(Exception):
    """Somebody else changed the object's status between reading and writing it."""


def transition(
    obj: models.Model,
    *,
    to: str,
    allowed: Mapping[str, frozenset[str]],
    by: Any = None,
    reason: str = "",
    **fields: Any,
) -> None:
    """Move `obj.status` to `to`, write `fields` with it, and add a row to `obj.history`.

    `allowed` maps each status to the statuses that may follow it. The update happens only where the row still has
    the status that `obj` was read with. Raises IllegalTransition or LostRace, and then nothing is written.
    """
    old: str = obj.status  # type: ignore[attr-defined]
    if to not in allowed.get(old, frozenset()):
        raise IllegalTransition(f"{obj._meta.verbose_name} {obj.pk} cannot go from {old} to {to}")
    manager = type(obj)._default_manager
    with transaction.atomic():
        if manager.filter(pk=obj.pk, status=old).update(status=to, **fields) != 1:
            raise LostRace(f"{obj._meta.verbose_name} {obj.pk} is no longer {old}")
        obj.history.create(old=old, new=to, actor=by, reason=reason)  # type: ignore[attr-defined]
    obj.status = to  # type: ignore[attr-defined]
    for name, value in fields.items():
        setattr(obj, name, value)
