"""Saved queues: a name for a filter, an order, and the roles that see it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import IntegrityError, transaction

from classifier.accounts.roles import ROLE_PERMISSIONS
from classifier.core.errors import WrongFilter
from classifier.core.permissions import require_permission
from classifier.core.validation import InvalidInput, ValidationProblem
from classifier.models import SavedQueue, User
from classifier.review.filters import QueueFilters
from classifier.review.selectors import queue_order
from toxicsite.lib.upsert import try_insert

NAME_CHARACTERS = 100
POSITION_MAX = 10_000


def saved_queue_create(
    *,
    name: str,
    filters: Mapping[str, Any] | QueueFilters,
    order: str = "risk",
    roles: Iterable[str] = (),
    position: int = 0,
    by: User | None,
) -> SavedQueue:
    """Save a queue under a name of its own; no `roles`: for everybody. Raises InvalidInput and PermissionDenied."""
    require_permission(by, "classifier.add_savedqueue")
    queue = SavedQueue(owner=by)
    return _save(queue, name, filters, order, roles, position)


def saved_queue_update(
    *,
    queue: SavedQueue,
    name: str,
    filters: Mapping[str, Any] | QueueFilters,
    order: str,
    roles: Iterable[str] = (),
    position: int = 0,
    by: User | None,
) -> SavedQueue:
    """Change all of a saved queue. Raises InvalidInput and PermissionDenied."""
    require_permission(by, "classifier.change_savedqueue")
    return _save(queue, name, filters, order, roles, position)


def saved_queues_arrange(*, queues: Sequence[SavedQueue], by: User | None) -> None:
    """Put saved queues into this order, the first first. Raises PermissionDenied."""
    require_permission(by, "classifier.change_savedqueue")
    for position, queue in enumerate(queues):
        queue.position = position
    SavedQueue.objects.bulk_update(queues, ["position"])


def saved_queue_delete(*, queue: SavedQueue, by: User | None) -> None:
    """Delete a saved queue; no comment is touched. Raises PermissionDenied."""
    require_permission(by, "classifier.delete_savedqueue")
    queue.delete()


def _save(
    queue: SavedQueue,
    name: str,
    filters: Mapping[str, Any] | QueueFilters,
    order: str,
    roles: Iterable[str],
    position: int,
) -> SavedQueue:
    problems = []
    name = name.strip()
    if not name or len(name) > NAME_CHARACTERS or "\x00" in name:
        message = f"A name has 1 to {NAME_CHARACTERS} characters."
        problems.append(ValidationProblem("name", message, "required" if not name else "max_length"))
    try:
        read = filters if isinstance(filters, QueueFilters) else QueueFilters.from_data(filters)
        queue_order(order)
    except WrongFilter as error:
        problems.append(ValidationProblem(error.field, str(error), "invalid"))
    chosen = list(dict.fromkeys(roles))
    if unknown := [role for role in chosen if role not in ROLE_PERMISSIONS]:
        problems.append(ValidationProblem("roles", f"There is no role {unknown[0]!r}.", "invalid_choice"))
    if not 0 <= position <= POSITION_MAX:
        problems.append(ValidationProblem("position", f"From 0 to {POSITION_MAX:,}.", "out_of_range"))
    if problems:
        raise InvalidInput(problems)
    queue.name, queue.filters, queue.order = name, read.to_data(), order
    queue.roles, queue.position = chosen, position
    taken = ValidationProblem("name", "Another queue has this name.", "unique")
    try:
        with transaction.atomic():
            if queue.pk is None:
                if not try_insert(queue):
                    raise InvalidInput([taken])
            elif SavedQueue.objects.exclude(pk=queue.pk).filter(name=name).exists():
                raise InvalidInput([taken])
            else:
                queue.save()
    except IntegrityError as error:  # somebody else took the name between the check and the change
        raise InvalidInput([taken]) from error
    return queue
