"""That a run has ended is told to receivers of events, in the transaction that ended it; trials of a sweep are not."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from classifier.models import WebhookEvent
from classifier.webhooks import outbox as webhook_outbox
from classifier.webhooks.services import webhook_create
from training.experiments.services import experiment_cancel, tell_ended
from training.models import Dataset, Experiment, RunStatus
from training.stale_run_sweeper import MAX_ATTEMPTS, runs_reclaim

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_clean", "webhook")]
QueueRun = Callable[..., Experiment]
MakeDataset = Callable[..., Dataset]


@pytest.fixture
def webhook(db: None) -> Iterator[None]:
    webhook_create(name="Us", url="https://us.example.org/", events=["experiment.finished"], by=None)
    yield
    webhook_outbox.forget()


def told() -> list[dict[str, Any]]:
    return list(WebhookEvent.objects.filter(type="experiment.finished").values_list("data", flat=True))


def test_a_run_that_is_cancelled_is_told_with_its_page(
    make_dataset: MakeDataset, queue_run: QueueRun
) -> None:
    run = queue_run(make_dataset())
    assert told() == []
    experiment_cancel(experiment=run, by=None)
    assert told() == [
        {
            "experiment_id": run.pk,
            "name": "Tiny",
            "status": "cancelled",
            "model_version": None,
            "url": f"/training/experiments/{run.pk}/",
        }
    ]


def test_a_run_whose_worker_died_too_often_is_told_and_one_that_is_tried_again_is_not(
    make_dataset: MakeDataset, queue_run: QueueRun
) -> None:
    dataset = make_dataset()
    again, over = queue_run(dataset), queue_run(dataset, "Over")
    for run, attempts in ((again, 1), (over, MAX_ATTEMPTS)):
        Experiment.objects.filter(pk=run.pk).update(
            status=RunStatus.RUNNING, attempts=attempts, device=f"cpu {run.pk}", worker="one"
        )
    assert runs_reclaim(worker="one") == 2
    assert [(data["experiment_id"], data["status"]) for data in told()] == [(over.pk, "failed")]


def test_trials_of_a_sweep_are_not_told() -> None:
    tell_ended(Experiment(pk=7, sweep_id=3, status=RunStatus.SUCCEEDED))
    tell_ended(Experiment(pk=8, status=RunStatus.RUNNING))
    assert told() == []
