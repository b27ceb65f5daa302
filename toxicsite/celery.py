"""The Celery application: `celery -A toxicsite worker -Q classify` (or `-Q training`), and `… beat`."""

import logging.config
import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "toxicsite.settings")

app = Celery("toxicsite")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


def use_our_logging(**_: Any) -> None:
    """Log as settings.LOGGING says; connecting here is what keeps Celery from setting up its own."""
    from django.conf import settings

    logging.config.dictConfig(settings.LOGGING)


setup_logging.connect(use_our_logging)
