"""WSGI entry point, served by gunicorn with threads (docs/decisions/0003-gunicorn-threads.md says why)."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "toxicsite.settings")
application = get_wsgi_application()
