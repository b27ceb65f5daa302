"""Periodic upkeep of training work: queued runs whose message was lost, and runs whose worker is gone."""

import logging
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from toxicsite.lib.lifecycle import transition
from training.datasets.hub import datasets_announce
from training.evaluations.hub_suites import suites_announce
from training.evaluations.services import evaluations_announce
from training.experiments.services import announce_queued, tell_ended
from training.models import RUN_TRANSITIONS, Experiment, RunStatus
from training.retraining.services import retraining_check
from training.sweeps.steps import sweeps_step

MAX_ATTEMPTS = 5
GONE = "its worker is gone; goes on from the checkpoint"
TOO_OFTEN = (
    f"Its worker was lost {MAX_ATTEMPTS} times while it ran, most likely because memory ran out: lower "
    "loop.token_budget or data.max_length, or turn on loop.gradient_checkpointing, then clone or resume it."
)

logger = logging.getLogger(__name__)


def runs_reclaim(*, worker: str = "") -> int:
    """Queue again the runs whose heartbeat stopped, or all of `worker`, which has just started; return how many.

    A run that was asked to stop is cancelled instead, and a run that lost its worker too often fails.
    """
    running = Experiment.objects.filter(status=RunStatus.RUNNING)
    if worker:
        running = running.filter(worker=worker)
    else:
        running = running.filter(heartbeat_at__lt=Now() - timedelta(seconds=settings.TRAIN_CLAIM_SECONDS))
    with transaction.atomic():
        lost = list(running.select_for_update(skip_locked=True).order_by("id"))
        for row in lost:
            _reclaim(row)
    return len(lost)


def sweep_up_all() -> None:
    """Run every job of the periodic sweep."""
    runs_reclaim()
    announce_queued()
    evaluations_announce()
    datasets_announce()
    suites_announce()
    sweeps_step()
    retraining_check()


def _reclaim(row: Experiment) -> None:
    fields: dict[str, Any]
    if row.cancel_requested_at is not None:
        to, reason, fields = RunStatus.CANCELLED, "cancelled; its worker is gone", {"finished_at": Now()}
    elif row.attempts >= MAX_ATTEMPTS:
        to, reason = RunStatus.FAILED, TOO_OFTEN
        fields = {"finished_at": Now(), "failure_reason": TOO_OFTEN}
    else:
        to, reason, fields = RunStatus.QUEUED, GONE, {}
    transition(row, to=to, allowed=RUN_TRANSITIONS, reason=reason, run_token=None, **fields)
    tell_ended(row)
