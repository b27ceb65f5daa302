"""The Celery application: `celery -A toxicsite worker -Q classify`, `-Q training`, and `celery -A toxicsite beat`."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "toxicsite.settings")

app = Celery("toxicsite")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
