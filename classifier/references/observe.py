"""Observing: a call that was answered by this site is handed to the worker, which asks the reference service later."""

import logging
import random

from django.utils import timezone

from classifier.models import ApiKey, ReferenceMode
from classifier.references.calls import OwnAnswer, waiting_of
from classifier.references.queue import put
from classifier.references.selectors import why_over
from toxicsite.lib.broker import NoBroker

logger = logging.getLogger(__name__)


def observe(*, api_key: ApiKey, own: OwnAnswer) -> None:
    """Hand the call over where the key observes a service of its wire; one round trip to Redis, and never raises."""
    if api_key.reference_mode != ReferenceMode.OBSERVE:
        return
    try:
        service = api_key.reference
        if service is None or service.wire != own.wire or why_over(service, timezone.now()):
            return
        if not any(one.scores for one in own.texts):
            return
        if random.random() >= service.share:  # noqa: S311 - a draw, no secret
            return
        waiting = waiting_of(api_key=api_key, service=service, mode=ReferenceMode.OBSERVE, own=own, asks=True)
        put(waiting, calls_per_second=service.calls_per_second)
    except NoBroker:
        logger.warning("Redis does not answer; a call is not observed")
    except Exception as error:
        # Only the kind: the message of an exception may quote the text.
        logger.error("A call is not observed: %s", type(error).__name__)
