"""The request to a Celery worker to stop: long work checks for it between its steps and leaves the rest."""

from typing import Any

from billiard import Event
from celery.signals import celeryd_init, worker_shutting_down

_state: dict[str, Any] = {}  # "event": made before the pool forks, so that its processes see it


def shutdown_requested() -> bool:
    """Return whether this worker has been asked to stop; never outside of a worker."""
    event = _state.get("event")
    return event is not None and bool(event.is_set())


def create_event(**kwargs: Any) -> None:
    _state["event"] = Event()


def request_shutdown(**kwargs: Any) -> None:
    if (event := _state.get("event")) is not None:
        event.set()


celeryd_init.connect(create_event)
worker_shutting_down.connect(request_shutdown)
