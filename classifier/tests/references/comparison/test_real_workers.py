"""A file of old scores through real workers: the one that reads is killed in the middle, another goes on."""

import os
import signal
import subprocess
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from classifier.dialects.labels import labels_by_attribute
from classifier.models import ModelVersion, ReferenceCall, Transfer
from classifier.scoring.score_texts import score_texts
from classifier.tests.transfers.test_real_worker import start, until
from classifier.tests.worker_process import WorkerProcess
from classifier.transfers.comparisons import comparison_create, comparison_start
from classifier.transfers.services import transfers_sweep, upload_store

__all__ = ["start"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis_clean")]
ROWS = 600
DEADLINE = 60.0


@pytest.fixture
def classifying(start_worker: Callable[..., WorkerProcess], active_version: ModelVersion) -> ModelVersion:
    start_worker().wait_until_ready()
    return active_version


def test_a_killed_worker_is_followed_by_another_without_a_row_twice(
    classifying: ModelVersion, start: Callable[[], "subprocess.Popen[bytes]"]
) -> None:
    labels = labels_by_attribute("perspective")
    data = "text,TOXICITY\n" + "".join(f"row number {number},0.{number % 10}\n" for number in range(ROWS))
    transfer = comparison_create(
        file=upload_store([data.encode()]), name="old.csv", source="forum", labels=labels, wire="perspective", by=None
    )  # fmt: skip
    comparison_start(
        transfer=transfer, source="forum", text="text", columns={"TOXICITY": "TOXICITY"}, labels=labels,
        keeps_texts=True, by=None,
    )  # fmt: skip
    first = start()
    until(lambda row: row.done_rows > 0, transfer)
    os.killpg(first.pid, signal.SIGKILL)
    first.wait(20)
    transfer.refresh_from_db()
    assert 0 < transfer.done_rows < ROWS
    Transfer.objects.filter(pk=transfer.pk).update(heartbeat_at=timezone.now() - timedelta(hours=1))
    start()
    transfers_sweep()
    until(lambda row: row.status == "succeeded", transfer)
    calls = list(ReferenceCall.objects.filter(transfer=transfer).order_by("id"))
    assert [call.text for call in calls] == [f"row number {number}" for number in range(ROWS)]
    assert {call.model_version_id for call in calls} == {classifying.pk}
    one: Any = score_texts(texts=["row number 17"], deadline=DEADLINE)[0]
    assert calls[17].ours["TOXICITY"] == pytest.approx(one.scores["toxic"], abs=1e-3)
