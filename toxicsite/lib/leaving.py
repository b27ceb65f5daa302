"""Whether this Celery worker has been asked to stop: what takes long asks between its steps and leaves the rest."""

from typing import Any

from billiard import Event
from celery.signals import celeryd_init, worker_shutting_down

_leaving: dict[str, Any] = {}  # "event": made before the pool forks, so that its processes see it


def leaving() -> bool:
    """Whether this worker has been asked to stop; never outside of a worker."""
    event = _leaving.get("event")
    return event is not None and bool(event.is_set())


def prepare_to_leave(**kwargs: Any) -> None:
    _leaving["event"] = Event()


def leave(**kwargs: Any) -> None:
    if (event := _leaving.get("event")) is not None:
        event.set()


celeryd_init.connect(prepare_to_leave)
worker_shutting_down.connect(leave)
