"""Ringing a Celery queue by task name, only after the surrounding transaction has committed.

By name, so that nobody who rings has to import the task (and with it torch).
"""

from typing import Any

from django.db import transaction
from kombu.exceptions import OperationalError

from toxicsite.lib.broker import NoBroker

ONE_NEW_CONNECTION = {"max_retries": 1, "interval_start": 0, "interval_step": 0}


def enqueue_on_commit(task_name: str, **kwargs: Any) -> None:
    """Send `task_name` once the current transaction commits; at once outside one; never when it rolls back.

    The queue is a bell and not the truth: a broker that is down is logged and left to the periodic sweep.
    """
    transaction.on_commit(lambda: ring(task_name, **kwargs), robust=True)


def ring(task_name: str, **kwargs: Any) -> None:
    """Send `task_name` to its queue now. Raises NoBroker."""
    from toxicsite.celery import app

    try:
        app.send_task(task_name, kwargs=kwargs, retry=True, retry_policy=ONE_NEW_CONNECTION)
    except OperationalError as error:
        raise NoBroker("Redis does not answer.") from error
