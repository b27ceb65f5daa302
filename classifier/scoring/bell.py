"""Calls to the classification workers: any of them for a turn, or each of them by its own queue."""

import logging

from classifier.scoring.heartbeat import workers
from toxicsite.lib.broker import NoBroker
from toxicsite.lib.jobs import enqueue_for_worker, enqueue_now

CLASSIFY_TASK = "classifier.classify"

logger = logging.getLogger(__name__)


def ring_worker() -> None:
    """Ask for a turn of one worker; without Redis the sweep asks for it later."""
    try:
        enqueue_now(CLASSIFY_TASK)
    except NoBroker:
        logger.warning("Redis does not answer; the sweep will find what waits")


def ring_all_workers() -> None:
    """Ask each worker for a turn, since only some of them have loaded what a text waits for; the sweep asks again."""
    try:
        for status in workers():
            enqueue_for_worker(CLASSIFY_TASK, status.name)
    except NoBroker:
        logger.warning("Redis does not answer; the sweep will find what waits")
