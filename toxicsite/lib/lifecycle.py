"""Status changes by compare-and-swap, each leaving a history row; the one way any status changes.

After healthchecks' `sendalerts` (`filter(status=old).update(status=new)` and count the rows) and its `Flip` rows.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import models, transaction


class IllegalTransition(Exception):
    """No transition leads from the object's status to the one asked for."""


class LostRace(Exception):
    """Somebody else changed the object's status between reading and writing it."""


def transition(
    obj: models.Model,
    *,
    to: str,
    allowed: Mapping[str, frozenset[str]],
    by: Any = None,
    reason: str = "",
    event: Mapping[str, Any] | None = None,
    **fields: Any,
) -> None:
    """Move `obj.status` to `to`, write `fields` with it, and add a row to `obj.history`.

    `allowed` maps each status to the statuses that may follow it; `event` is what the history row holds besides.
    The update happens only where the row still has the status that `obj` was read with. Raises IllegalTransition or
    LostRace, and then nothing is written.
    """
    old: str = obj.status  # type: ignore[attr-defined]
    if to not in allowed.get(old, frozenset()):
        raise IllegalTransition(f"{obj._meta.verbose_name} {obj.pk} cannot go from {old} to {to}")
    manager = type(obj)._default_manager
    with transaction.atomic():
        if manager.filter(pk=obj.pk, status=old).update(status=to, **fields) != 1:
            raise LostRace(f"{obj._meta.verbose_name} {obj.pk} is no longer {old}")
        obj.history.create(  # type: ignore[attr-defined]
            old=old, new=to, actor=by, reason=reason, **(event or {})
        )
    obj.status = to  # type: ignore[attr-defined]
    for name, value in fields.items():
        setattr(obj, name, value)


def transition_many(
    objs: Sequence[models.Model],
    *,
    to: str,
    allowed: Mapping[str, frozenset[str]],
    by: Any = None,
    reason: str = "",
    where: Mapping[str, Any] | None = None,
    savepoint: bool = True,
    **fields: Any,
) -> None:
    """Move many objects of one model and one status to `to` as `transition` does, all of them or none.

    `where` narrows the compare-and-swap (for instance to the holder of a claim); `fields` are the same for all, or
    database expressions, and are not copied to the objects. Raises IllegalTransition or LostRace. Without
    `savepoint`, that undoes the surrounding transaction, whose statements are then two fewer.
    """
    if not objs:
        return
    model = type(objs[0])
    statuses: set[str] = {obj.status for obj in objs}  # type: ignore[attr-defined]
    for old in statuses:
        if len(statuses) > 1 or to not in allowed.get(old, frozenset()):
            raise IllegalTransition(f"{model._meta.verbose_name_plural} cannot go from {old} to {to}")
    (old,) = statuses
    events = model._meta.get_field("history").related_model
    link = model._meta.get_field("history").remote_field.name  # type: ignore[union-attr]
    chosen = model._default_manager.filter(pk__in=[obj.pk for obj in objs], status=old, **(where or {}))
    with transaction.atomic(savepoint=savepoint):
        moved = chosen.update(status=to, **fields)
        if moved != len(objs):
            raise LostRace(f"only {moved} of {len(objs)} {model._meta.verbose_name_plural} were still {old}")
        events._default_manager.bulk_create(  # type: ignore[union-attr]
            [events(**{link: obj}, old=old, new=to, actor=by, reason=reason) for obj in objs]  # type: ignore
        )
    for obj in objs:
        obj.status = to  # type: ignore[attr-defined]
