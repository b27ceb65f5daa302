"""toxicsite: the Django project (settings, URLs, Celery application) and leaf helpers; imports nothing by itself."""
