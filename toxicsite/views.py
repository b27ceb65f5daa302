"""Health: `/healthz` says that this process answers, `/readyz` that a comment would be classified now."""

import logging
from collections.abc import Callable

from django.db import DatabaseError, InterfaceError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from classifier.scoring.heartbeat import worker_status, workers
from toxicsite.disks import disks, is_full, is_low
from toxicsite.lib.broker import NoBroker, broker_errors, client

OK = "ok"
UNKNOWN = "not known while Redis does not answer"

logger = logging.getLogger(__name__)


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer 200 as long as the process can answer at all; no other server is asked."""
    return JsonResponse({"status": OK})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Answer 200 when database, Redis, a worker, its model and room are there, else 503; each is named either way.

    A disk that gets full is a warning in the body before that.

    Anybody may ask, so the words are fixed; the reasons are in the logs and in `manage.py doctor`.
    """
    checks = {name: check() for name, check in CHECKS.items()}
    if checks["redis"] != OK:  # workers are known by what they say there
        checks |= {name: UNKNOWN for name in ("worker", "model") if checks[name] != OK}
    ready = all(state == OK for state in checks.values())
    answer = {"status": "ready" if ready else "not ready", "checks": checks, "warnings": _warnings()}
    return JsonResponse(answer, status=200 if ready else 503)


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except (DatabaseError, InterfaceError):
        logger.warning("the database does not answer", exc_info=True)
        connection.close()
        return "does not answer"
    return OK


def _redis() -> str:
    try:
        with broker_errors():
            client().ping()
    except NoBroker:
        return "does not answer"
    return OK


def _worker() -> str:
    if not worker_status().alive:
        return "no classification worker is running"
    return OK


def _model() -> str:
    """Return whether a worker that lives could score now."""
    statuses = workers()
    if any(status.model_version and not status.problem for status in statuses):
        return OK
    if not statuses:
        return "no classification worker is running"
    return statuses[0].public_problem or "the worker has no model"


def _disk() -> str:
    full = [kind for kind, use in disks() if is_full(use)]
    return f"the disk is full: {', '.join(full)}" if full else OK


def _warnings() -> list[str]:
    low = [kind for kind, use in disks() if is_low(use)]
    return [f"the disk gets full: {', '.join(low)}"] if low else []


CHECKS: dict[str, Callable[[], str]] = {
    "database": _database,
    "redis": _redis,
    "worker": _worker,
    "model": _model,
    "disk": _disk,
}
