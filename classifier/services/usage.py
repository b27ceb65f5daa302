"""What keys use, day by day: counted in Redis while they are used, written to the database every minute."""

import logging

from django.utils import timezone

from classifier.models import ApiKey
from classifier.services.quotas import DAY, USAGE_KEPT_SECONDS, usage_key
from toxicsite.lib.broker import NoBroker, broker_errors, client

logger = logging.getLogger(__name__)


def usage_error_count(*, api_key: ApiKey) -> None:
    """Note that a call with this key was answered with an error (not: refused for its quota)."""
    name = usage_key(int(timezone.now().timestamp()) // DAY)
    try:
        with broker_errors(), client().pipeline(transaction=False) as pipe:
            pipe.hincrby(name, f"{api_key.pk}:errors", 1)
            pipe.expire(name, USAGE_KEPT_SECONDS)
            pipe.execute()
    except NoBroker:
        logger.warning("an error of %s is not counted: Redis does not answer", api_key.prefix)
