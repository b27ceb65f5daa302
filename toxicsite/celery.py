"""The Celery application: `celery -A toxicsite worker -Q classify` (or `-Q training`), and `… beat`."""

import logging.config
import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging, task_postrun, task_prerun

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "toxicsite.settings")

app = Celery("toxicsite")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


def use_our_logging(**_: Any) -> None:
    """Log as settings.LOGGING says; connecting here is what keeps Celery from setting up its own."""
    from django.conf import settings

    logging.config.dictConfig(settings.LOGGING)


setup_logging.connect(use_our_logging)


def mind_connections(sender: Any = None, **_: Any) -> None:
    """Keep the database connection from task to task, as between requests: dropped when broken or too old.

    A new one for every comment would cost more than all the statements on it.
    """
    from django.db import close_old_connections

    if not getattr(sender.request, "is_eager", False):
        close_old_connections()


task_prerun.connect(mind_connections)
task_postrun.connect(mind_connections)
