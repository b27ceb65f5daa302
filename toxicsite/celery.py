"""The Celery application: `celery -A toxicsite worker -Q classify` (or `-Q training`), and `… beat`."""

import logging.config
import os
import time
from typing import Any

from celery import Celery
from celery.signals import before_task_publish, setup_logging, task_postrun, task_prerun

from toxicsite.lib import metrics, request_id

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


def send_request_id(headers: dict[str, Any] | None = None, **_: Any) -> None:
    """Give a task the id of the request that sent it; messages hold nothing else about the request."""
    if headers is not None and request_id.current():
        headers["request_id"] = request_id.current()


def take_request_id(sender: Any = None, **_: Any) -> None:
    request_id.begin(str(sender.request.get("request_id") or "") or str(sender.request.id or ""))


def forget_request_id(sender: Any = None, **_: Any) -> None:
    if not getattr(sender.request, "is_eager", False):
        request_id.begin("")


before_task_publish.connect(send_request_id)
task_prerun.connect(take_request_id)
task_postrun.connect(forget_request_id)


def start_clock(sender: Any = None, **_: Any) -> None:
    sender.request.began = time.perf_counter()


def count_task(sender: Any = None, state: Any = None, **_: Any) -> None:
    name = str(sender.name)
    metrics.count(metrics.TASKS, name, str(state or "unknown"))
    began = getattr(sender.request, "began", None)
    if began is not None:
        metrics.observe(metrics.TASK_SECONDS, time.perf_counter() - began, name)


task_prerun.connect(start_clock)
task_postrun.connect(count_task)
