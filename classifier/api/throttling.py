"""A limit on requests a minute for each key or person, counted atomically in Redis.

DRF's own throttles read and write a list without a lock, so parallel calls slip through; a counter
is exact.
"""

import logging
import time
from typing import Any

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from classifier.api.permissions import api_key_of
from toxicsite.lib.broker import NoBroker, broker_errors, client, key

logger = logging.getLogger(__name__)
WINDOW_SECONDS = 60


class RequestsPerMinute(BaseThrottle):
    """Counts in windows of a minute. Lets calls pass when Redis is down: the limit protects, no more."""

    def __init__(self) -> None:
        self._wait = 0.0

    def allow_request(self, request: Request, view: Any) -> bool:
        limit = settings.API_REQUESTS_PER_MINUTE
        now = time.time()
        window = int(now // WINDOW_SECONDS)
        try:
            used = _count(f"api-requests:{_caller(request)}:{window}")
        except NoBroker:
            logger.warning("the request limit is not enforced: Redis does not answer")
            return True
        if used <= limit:
            return True
        self._wait = (window + 1) * WINDOW_SECONDS - now
        return False

    def wait(self) -> float:
        return self._wait + 1


def _count(name: str) -> int:
    """Add one and return the sum, in one round trip: every request pays for it."""
    with broker_errors(), client().pipeline(transaction=False) as pipe:
        pipe.set(key(name), 0, nx=True, ex=2 * WINDOW_SECONDS)
        pipe.incr(key(name))
        return int(pipe.execute()[1])


def _caller(request: Request) -> str:
    api_key = api_key_of(request)
    return f"key-{api_key.pk}" if api_key is not None else f"user-{request.user.pk}"
