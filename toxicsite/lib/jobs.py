"""Celery tasks sent by name, so that the sender does not have to import the task (and with it torch)."""

from typing import Any

from celery.utils.nodenames import worker_direct
from django.db import transaction
from kombu.exceptions import OperationalError

from toxicsite.lib.broker import NoBroker

ONE_NEW_CONNECTION = {"max_retries": 1, "interval_start": 0, "interval_step": 0}


def enqueue_on_commit(task_name: str, **kwargs: Any) -> None:
    """Send `task_name` once the current transaction commits; at once outside one; never when it rolls back.

    The database is the truth, so a broker that is down is only logged: the periodic sweep finds the work.
    """
    transaction.on_commit(lambda: enqueue_now(task_name, **kwargs), robust=True)


def enqueue_now(task_name: str, **kwargs: Any) -> None:
    """Send `task_name` to its queue now. Raises NoBroker."""
    _send(task_name, kwargs=kwargs)


def enqueue_for_worker(task_name: str, worker: str) -> None:
    """Send `task_name` now to the one worker of this Celery node name, whatever its queues. Raises NoBroker."""
    _send(task_name, queue=worker_direct(worker))


def _send(task_name: str, **options: Any) -> None:
    from toxicsite.celery import app

    try:
        app.send_task(task_name, retry=True, retry_policy=ONE_NEW_CONNECTION, **options)
    except OperationalError as error:
        raise NoBroker("Redis does not answer.") from error
