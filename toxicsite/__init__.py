"""toxicsite: the Django project (settings, URLs, Celery application) and leaf helpers."""

from toxicsite.celery import app as celery_app

__all__ = ["celery_app"]
