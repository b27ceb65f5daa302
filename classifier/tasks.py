"""The tasks of the `classify` queue: `celery -A toxicsite worker -Q classify --pool=solo`."""

from typing import Any

from celery import shared_task
from celery.signals import celeryd_after_setup, worker_shutdown

from classifier.services.privacy import retention_turn
from classifier.services.statistics import statistics_turn
from classifier.services.worker import classify_turn, this_worker

QUEUE = "classify"
RETENTION_TURN_SECONDS = 0.2
RETENTION_PAUSE_SECONDS = 1.0
STATISTICS_PAUSE_SECONDS = 1.0


@shared_task(name="classifier.classify")
def classify() -> None:
    """What the bell calls."""
    classify_turn()


@shared_task(name="classifier.sweep")
def sweep() -> None:
    """Sent by beat: finds what no bell announced, claims whose worker died, and a newly active version."""
    classify_turn()


@shared_task(name="classifier.retention", ignore_result=True)
def retention() -> None:
    """Sent by beat: purges what has outlived its source's retention, a moment at a time, so that scoring goes on."""
    if retention_turn(seconds=RETENTION_TURN_SECONDS):
        retention.apply_async(countdown=RETENTION_PAUSE_SECONDS)


@shared_task(name="classifier.statistics", ignore_result=True)
def statistics() -> None:
    """Sent by beat: counts one day that is over, then goes on after a pause, so that scoring goes on in between."""
    if statistics_turn():
        statistics.apply_async(countdown=STATISTICS_PAUSE_SECONDS)


@celeryd_after_setup.connect
def start_worker(sender: str, instance: Any, **kwargs: Any) -> None:
    if QUEUE in instance.app.amqp.queues.consume_from:
        this_worker().start(sender)


@worker_shutdown.connect
def stop_worker(**kwargs: Any) -> None:
    this_worker().stop()
