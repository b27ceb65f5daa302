"""The tasks of the queues `classify` (`celery -A toxicsite worker -Q classify --pool=solo`) and `transfers` (`-c 1`).

Imports, exports and jobs of large batches have a queue and a worker of their own: they take minutes and must not delay
verdicts, nor wait for a training run that takes hours.
"""

import logging
import os
from collections.abc import Callable
from typing import Any

from celery import shared_task
from celery.signals import celeryd_after_setup, worker_shutdown
from django.contrib.sessions.backends.db import SessionStore
from django.db import InterfaceError, OperationalError, connection

from classifier.api_keys.usage import beat_seen, usage_flush
from classifier.notices.checks import checks_turn
from classifier.notices.sending import claims_release as notices_release
from classifier.notices.sending import notify_turn, this_messenger
from classifier.privacy.services import retention_turn
from classifier.references.calls import reference_log_turn
from classifier.references.worker import reference_turn, this_asker
from classifier.scoring.bell import ring_all_workers
from classifier.scoring.score_jobs import job_turn
from classifier.scoring.worker import classify_turn, this_worker
from classifier.statistics.daily_counts import statistics_turn
from classifier.transfers.services import transfers_release, transfers_sweep
from classifier.transfers.worker import transfer_work
from classifier.webhooks.delivery import claims_release as deliveries_release
from classifier.webhooks.delivery import deliver_turn, this_courier
from classifier.webhooks.outbox import delivery_log_turn
from toxicsite.lib.broker import NoBroker
from toxicsite.lib.graceful_shutdown import shutdown_requested

QUEUE = "classify"
RETENTION_TURN_SECONDS = 0.2
RETENTION_PAUSE_SECONDS = 1.0
STATISTICS_PAUSE_SECONDS = 1.0

logger = logging.getLogger(__name__)
_transfers_worker = ""  # the name of this worker, where it runs transfers one at a time
_began_in = 0  # the process that has begun with transfers


@shared_task(name="classifier.classify")
def classify() -> None:
    """Take a turn of the classification worker; called when a comment or a request comes in."""
    classify_turn()


@shared_task(name="classifier.sweep")
def sweep() -> None:
    """Find comments that no message announced, claims whose worker died, and a newly active version (sent by beat).

    Every worker looks, since a comment may wait for a version that this one lacks.
    """
    classify_turn()
    ring_all_workers()


@shared_task(name="classifier.retention", ignore_result=True)
def retention() -> None:
    """Purge texts older than their source's retention (sent by beat), in short turns, so that scoring goes on."""
    if retention_turn(seconds=RETENTION_TURN_SECONDS):
        retention.apply_async(countdown=RETENTION_PAUSE_SECONDS)


@shared_task(name="classifier.statistics", ignore_result=True)
def statistics() -> None:
    """Count one day that is over (sent by beat), then go on after a pause, so that scoring goes on in between."""
    if statistics_turn():
        statistics.apply_async(countdown=STATISTICS_PAUSE_SECONDS)


@shared_task(name="classifier.score_job", ignore_result=True)
def score_job(job_id: str) -> None:
    """Score some texts of a batch, then go on after other tasks of the queue, or after a pause without a worker."""
    seconds = None if shutdown_requested() else job_turn(job_id=job_id, shutdown_requested=shutdown_requested)
    if seconds is not None:
        score_job.apply_async(kwargs={"job_id": job_id}, countdown=seconds)


@shared_task(name="classifier.transfer_run", bind=True)
def transfer_run(self: Any, transfer_id: int) -> None:
    """Run an import or export; a message that is delivered twice does nothing the second time."""
    _replace_process()
    if not shutdown_requested():
        transfer_work(
            transfer_id=transfer_id,
            shutdown_requested=shutdown_requested,
            worker=self.request.hostname or "",
        )


@shared_task(name="classifier.transfers_sweep")
def transfers_sweep_up() -> None:
    """Find transfers whose worker is gone or that no message announced, and delete expired files (sent by beat)."""
    _replace_process()
    if not shutdown_requested():
        transfers_sweep()


@shared_task(name="classifier.usage", ignore_result=True)
def usage() -> None:
    """Write the usage of API keys, and note that beat is alive (sent by beat)."""
    beat_seen()
    usage_flush()


@shared_task(name="classifier.deliver")
def deliver() -> None:
    """Send the deliveries of webhooks that are due (called after commits and by beat)."""
    deliver_turn()


@shared_task(name="classifier.delivery_log")
def delivery_log() -> None:
    """Delete webhook events and deliveries older than WEBHOOK_LOG_DAYS (sent by beat)."""
    delivery_log_turn()


@shared_task(name="classifier.notify", ignore_result=True)
def notify() -> None:
    """Send the notices that are due (called after commits and by beat)."""
    notify_turn()


@shared_task(name="classifier.notices", ignore_result=True)
def notices() -> None:
    """Look whether a queue, a disk or the hour of a digest asks for a notice (sent by beat)."""
    checks_turn()


@shared_task(name="classifier.sessions")
def sessions() -> None:
    """Delete the rows of sessions that are over (sent by beat)."""
    SessionStore.clear_expired()


@shared_task(name="classifier.reference", ignore_result=True)
def reference(again: bool = False) -> None:
    """Ask reference services and write their answers, then go on after a pause, so that webhooks are sent in between.

    Called by observed calls and by beat.
    """
    seconds = reference_turn(again=again)
    if seconds is not None:
        reference.apply_async(kwargs={"again": True}, countdown=seconds)


@shared_task(name="classifier.reference_log", ignore_result=True)
def reference_log() -> None:
    """Delete the records of calls to reference services that are too old (sent by beat)."""
    reference_log_turn()


@celeryd_after_setup.connect
def start_worker(sender: str, instance: Any, **kwargs: Any) -> None:
    """Begin as the worker of this name; what the one before it had claimed when it was killed is free at once."""
    global _transfers_worker
    queues = instance.app.amqp.queues.consume_from
    if QUEUE in queues:
        this_worker().start(sender)
    if "deliveries" in queues:
        this_courier().name = sender
        _release(deliveries_release, sender)
        this_messenger().name = sender
        _release(notices_release, sender)
    if "transfers" in queues:
        _transfers_worker = sender if instance.concurrency == 1 else ""
        _release(transfers_release, sender)


def _replace_process() -> None:
    """Free the transfer of the process that this one replaces, before its own first work.

    Only where a worker has one process at a time: else another process of the same name may be at work.
    """
    global _began_in
    if _transfers_worker and _began_in != os.getpid():
        _began_in = os.getpid()
        _release(transfers_release, _transfers_worker)


def _release(release: Callable[..., int], worker: str) -> None:
    try:
        count = release(worker=worker)
    except (OperationalError, InterfaceError, NoBroker) as error:
        logger.warning("What %s had claimed waits until its claim expires: %s", worker, type(error).__name__)
    else:
        if count:
            logger.warning("%s was killed; %d of its claims are free again", worker, count)
    finally:
        connection.close()  # a process that is forked later must not share it


@worker_shutdown.connect
def stop_worker(**kwargs: Any) -> None:
    this_worker().stop()
    this_courier().stop()
    this_messenger().stop()
    this_asker().stop()
