"""The tasks of the `training` queue: `celery -A toxicsite worker -Q training -c 1`."""

from typing import Any

from celery import shared_task
from celery.signals import celeryd_after_setup

from toxicsite.lib.graceful_shutdown import shutdown_requested
from training.datasets.hub import dataset_load
from training.evaluations.hub_suites import suite_load
from training.evaluations.services import evaluation_run
from training.experiments.runner import experiment_run
from training.experiments.services import announce_queued
from training.models import Sweep
from training.stale_run_sweeper import runs_reclaim, sweep_up_all
from training.sweeps.steps import sweep_step, trial_step

QUEUE = "training"


@shared_task(name="training.run", bind=True)
def run(self: Any, experiment_id: int) -> None:
    """Run a queued experiment; a second delivery of the same message finds nothing to do."""
    if not shutdown_requested():
        experiment_run(
            experiment_id=experiment_id,
            worker=self.request.hostname or "",
            shutdown_requested=shutdown_requested,
            scored=trial_step,
        )


@shared_task(name="training.evaluate")
def evaluate(model_version_id: int, dataset_id: int | None = None) -> None:
    """Measure a registered version, on the test set or on known answers."""
    if not shutdown_requested():
        evaluation_run(
            model_version_id=model_version_id, dataset_id=dataset_id, shutdown_requested=shutdown_requested
        )


@shared_task(name="training.sweep")
def sweep(sweep_id: int) -> None:
    """Take one step of a sweep."""
    if not shutdown_requested() and (queued := Sweep.objects.filter(pk=sweep_id).first()) is not None:
        sweep_step(sweep=queued)


@shared_task(name="training.dataset_load")
def load_dataset(dataset_id: int) -> None:
    """Load a hub dataset; a second delivery of the same message finds nothing to do."""
    if not shutdown_requested():
        dataset_load(dataset_id=dataset_id)


@shared_task(name="training.suite_load")
def load_suite(key: str) -> None:
    """Load a test suite of the hub; a second delivery of the same message finds nothing to do."""
    if not shutdown_requested():
        suite_load(key=key)


@shared_task(name="training.sweep_up")
def sweep_up() -> None:
    """Do the periodic upkeep, sent by beat.

    Runs whose worker is gone, runs whose message was lost, and sweeps and retraining that are due go on with it.
    """
    sweep_up_all()


@celeryd_after_setup.connect
def take_back(sender: str, instance: Any, **kwargs: Any) -> None:
    """Let a worker that starts under the name of a killed one continue the runs of that one at once."""
    if QUEUE in instance.app.amqp.queues.consume_from:
        runs_reclaim(worker=sender)
        announce_queued()
