"""A real worker of the queue `deliveries`: it asks, writes, and a service that hangs holds no webhook up."""

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import transaction

from classifier.core.events import MODEL_PROMOTED
from classifier.models import ReferenceCall, WebhookDelivery
from classifier.tests.dialects.conftest import ANALYZE, Sender
from classifier.tests.references.conftest import ANALYZE_BODY, TEXT, add_service, let
from classifier.tests.references.stub import GOOD_KEY, Stub
from classifier.tests.webhooks.receiver import Receiver, receiving
from classifier.tests.worker_process import own_database_url
from classifier.webhooks.outbox import outbox_write
from classifier.webhooks.services import webhook_create
from toxicsite.tests.waiting import wait_until


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


@pytest.fixture
def worker_log(
    transactional_db: None, redis_clean: None, tmp_path: Any, stub: Stub, receiver: Receiver
) -> Iterator[Any]:
    log = tmp_path / "deliveries.log"
    command = [sys.executable, "-m", "celery", "-A", "toxicsite", "worker", "-Q", "deliveries", "--pool=solo"]
    environment = {
        **os.environ,
        "DATABASE_URL": own_database_url(),
        "SECRET_KEY": django_settings.SECRET_KEY,
        "WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8",
        "WEBHOOK_ALLOWED_PORTS": f"{stub.port},{receiver.port}",
    }
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [*command, "--without-gossip", "--without-mingle", "-l", "DEBUG"],
            cwd=django_settings.BASE_DIR,
            env=environment,
            stdout=stream,
            stderr=stream,
        )
    yield log
    process.terminate()
    process.wait(40)


def test_calls_are_asked_by_a_real_worker_and_a_hanging_one_holds_no_webhook_up(
    worker_log: Any, sender: Sender, asked: Any, stub: Stub, receiver: Receiver
) -> None:
    let(sender, "observe", add_service(stub.url, timeout_seconds=30.0))
    sender.post(ANALYZE, {**ANALYZE_BODY, "doNotStore": True})
    wait_until(lambda: ReferenceCall.objects.filter(failure="").count() == 1)
    stub.way = "hang"
    for _ in range(3):
        sender.post(ANALYZE, ANALYZE_BODY)
    wait_until(lambda: len(stub.asked) == 4)
    webhook_create(name="Forum", url=receiver.url, events=["model.promoted"], by=None)
    with transaction.atomic():
        outbox_write(MODEL_PROMOTED, [{"model_version": None}])
    wait_until(lambda: WebhookDelivery.objects.filter(status="delivered").count() == 1)
    assert ReferenceCall.objects.count() == 1  # all three still hang
    stub.released.set()
    wait_until(lambda: ReferenceCall.objects.count() == 4)
    said = worker_log.read_text(errors="replace")
    assert TEXT not in said
    assert GOOD_KEY not in said
