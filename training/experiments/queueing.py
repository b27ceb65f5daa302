"""Ring the training queue for experiments that wait."""

import logging

from toxicsite.lib.broker import NoBroker
from toxicsite.lib.jobs import enqueue_now
from training.experiments.job_spec import teacher_verdict
from training.experiments.services import RUN_TASK
from training.models import Experiment

RINGS_AT_ONCE = 5

logger = logging.getLogger(__name__)


def ring_queued() -> None:
    """Announce the oldest queued runs that could start now, or can never start."""
    queued = Experiment.objects.queued().select_related("teacher").order_by("id")
    ready = [row.pk for row in queued if teacher_verdict(row)[0] != "wait"][:RINGS_AT_ONCE]
    try:
        for pk in ready:
            enqueue_now(RUN_TASK, experiment_id=pk)
    except NoBroker:
        logger.warning("Redis does not answer; the next sweep rings for queued runs")
