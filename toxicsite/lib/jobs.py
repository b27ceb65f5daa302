"""Celery tasks sent by name, so that the sender does not have to import the task (and with it torch)."""

from typing import Any

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
    from toxicsite.celery import app

    try:
        app.send_task(task_name, kwargs=kwargs, retry=True, retry_policy=ONE_NEW_CONNECTION)
    except OperationalError as error:
        raise NoBroker("Redis does not answer.") from error
