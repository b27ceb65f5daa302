"""The tasks of the queues `classify` (`celery -A toxicsite worker -Q classify --pool=solo`) and `transfers` (`-c 1`).

Imports and exports have a queue and a worker of their own: minutes of them must keep no comment from its verdict, nor
wait themselves until a training run of hours is over.
"""

from typing import Any

from celery import shared_task
from celery.signals import celeryd_after_setup, worker_shutdown

from classifier.api_keys.usage import beat_seen, usage_flush
from classifier.privacy.services import retention_turn
from classifier.references.calls import reference_log_turn
from classifier.references.worker import reference_turn, this_asker
from classifier.scoring.worker import classify_turn, this_worker
from classifier.statistics.daily_counts import statistics_turn
from classifier.transfers.services import transfers_sweep
from classifier.transfers.worker import transfer_work
from classifier.webhooks.delivery import deliver_turn, this_courier
from classifier.webhooks.outbox import delivery_log_turn
from toxicsite.lib.graceful_shutdown import shutdown_requested

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


@shared_task(name="classifier.transfer_run")
def transfer_run(transfer_id: int) -> None:
    """What the bell of an import or export calls; delivered twice, the second finds nothing to do."""
    if not shutdown_requested():
        transfer_work(transfer_id=transfer_id, shutdown_requested=shutdown_requested)


@shared_task(name="classifier.transfers_sweep")
def transfers_sweep_up() -> None:
    """Sent by beat: transfers whose worker is gone or that no bell announced, and files that are old enough to go."""
    if not shutdown_requested():
        transfers_sweep()


@shared_task(name="classifier.usage", ignore_result=True)
def usage() -> None:
    """Sent by beat: writes what API keys have used, and notes that beat is there."""
    beat_seen()
    usage_flush()


@shared_task(name="classifier.deliver")
def deliver() -> None:
    """Rung after commits and sent by beat: sends what webhooks are to be told."""
    deliver_turn()


@shared_task(name="classifier.delivery_log")
def delivery_log() -> None:
    """Sent by beat: deletes what the log of webhooks no longer keeps."""
    delivery_log_turn()


@shared_task(name="classifier.reference", ignore_result=True)
def reference(again: bool = False) -> None:
    """Rung by observed calls and sent by beat: asks reference services and writes what they said, then goes on after a
    pause, so that webhooks are sent in between."""
    seconds = reference_turn(again=again)
    if seconds is not None:
        reference.apply_async(kwargs={"again": True}, countdown=seconds)


@shared_task(name="classifier.reference_log", ignore_result=True)
def reference_log() -> None:
    """Sent by beat: deletes what is kept of reference services for too long."""
    reference_log_turn()


@celeryd_after_setup.connect
def start_worker(sender: str, instance: Any, **kwargs: Any) -> None:
    if QUEUE in instance.app.amqp.queues.consume_from:
        this_worker().start(sender)


@worker_shutdown.connect
def stop_worker(**kwargs: Any) -> None:
    this_worker().stop()
    this_courier().stop()
    this_asker().stop()
