"""A real Celery worker of imports is killed in the middle; another goes on and nothing is stored twice."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.utils import timezone

from classifier.models import Comment, Transfer
from classifier.tests.transfers.conftest import bring
from classifier.tests.worker_process import own_database_url
from classifier.transfers.services import transfers_sweep

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis_clean")]
ROWS = 12_000
SECONDS = 60.0
COMMAND = [
    *(sys.executable, "-m", "celery", "-A", "toxicsite", "worker", "-Q", "transfers", "-c", "1"),
    *("--without-gossip", "--without-mingle", "-l", "WARNING"),
]


@pytest.fixture
def start(settings: Any) -> Iterator[Callable[[], "subprocess.Popen[bytes]"]]:
    started: list[subprocess.Popen[bytes]] = []

    def run() -> "subprocess.Popen[bytes]":
        environment = {
            **os.environ,
            "DATABASE_URL": own_database_url(),
            "TRANSFERS_DIR": str(settings.TRANSFERS_DIR),
            "SECRET_KEY": settings.SECRET_KEY,
        }
        process = subprocess.Popen(
            COMMAND, cwd=django_settings.BASE_DIR, env=environment, start_new_session=True
        )
        started.append(process)
        return process

    yield run
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(20)


def until(done: Callable[[Transfer], bool], transfer: Transfer) -> None:
    end = time.monotonic() + SECONDS
    while not done(transfer):
        assert time.monotonic() < end, f"{transfer.status} at {transfer.done_rows}"
        time.sleep(0.02)
        transfer.refresh_from_db()


def test_a_killed_worker_is_followed_by_another_that_goes_on(
    start: Callable[[], "subprocess.Popen[bytes]"],
) -> None:
    transfer = bring("text\n" + "".join(f"row number {number}\n" for number in range(ROWS)))
    first = start()
    until(lambda row: row.done_rows > 0, transfer)
    os.killpg(first.pid, signal.SIGKILL)
    first.wait(20)
    transfer.refresh_from_db()
    assert (transfer.status, 0 < transfer.done_rows < ROWS) == ("running", True)
    Transfer.objects.filter(pk=transfer.pk).update(heartbeat_at=timezone.now() - timedelta(hours=1))
    start()
    transfers_sweep()
    until(lambda row: row.status == "succeeded", transfer)
    texts = list(Comment.objects.order_by("id").values_list("text", flat=True))
    assert texts == [f"row number {number}" for number in range(ROWS)]
