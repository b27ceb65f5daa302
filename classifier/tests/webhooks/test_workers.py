"""Several workers, killed ones too: each event arrives, with the same id whenever it comes twice."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from classifier.core.events import MODEL_PROMOTED
from classifier.models import Webhook, WebhookDelivery, WebhookEvent
from classifier.tests.webhooks.receiver import Receiver, says
from classifier.tests.worker_process import own_database_url
from classifier.webhooks.delivery import Courier
from classifier.webhooks.outbox import delivery_log_turn, outbox_write
from toxicsite.tests.waiting import wait_until

AddWebhook = Callable[..., tuple[Webhook, str]]


def happen(times: int) -> None:
    with transaction.atomic():
        outbox_write(MODEL_PROMOTED, [{"model_version": None}] * times)


def test_couriers_side_by_side_send_each_delivery_once(
    transactional_db: None, add_webhook: AddWebhook, receiver: Receiver
) -> None:
    webhook, _ = add_webhook(receiver.url)
    happen(60)

    def work() -> None:
        courier = Courier(threads=3)
        while courier.turn():
            pass
        courier.stop()
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(3)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    assert webhook.deliveries.filter(status="delivered").count() == 60
    assert len(receiver.ids) == len(set(receiver.ids)) == 60


@pytest.fixture
def start_deliverer(transactional_db: None, redis_clean: None) -> Iterator[Callable[[], Any]]:
    """Starts real workers of the queue `deliveries`; they are killed when the test ends."""
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "celery", "-A", "toxicsite", "worker", "-Q", "deliveries"]
        environment = {
            **os.environ,
            "DATABASE_URL": own_database_url(),
            "SECRET_KEY": settings.SECRET_KEY,
            "WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8",
            "WEBHOOK_ALLOWED_PORTS": ",".join(map(str, settings.WEBHOOK_ALLOWED_PORTS)),
        }
        options = ["--pool=solo", "--without-gossip", "--without-mingle", "-l", "WARNING"]
        started.append(
            subprocess.Popen(
                [*command, *options], cwd=settings.BASE_DIR, env=environment
            )  # its own module path
        )
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_a_worker_that_is_killed_in_the_middle_of_a_request_leaves_it_to_the_next_one(
    start_deliverer: Callable[[], Any], add_webhook: AddWebhook, receiver: Receiver, settings: Any
) -> None:
    settings.WEBHOOK_ALLOWED_PORTS = [receiver.port]
    asked = threading.Event()

    def never(handler: BaseHTTPRequestHandler) -> None:
        asked.set()
        time.sleep(5)

    receiver.answer = never
    webhook, _ = add_webhook(receiver.url)
    first = start_deliverer()
    happen(1)  # the commit rings, and the worker hears it
    assert asked.wait(60)
    first.kill()
    first.wait()
    assert webhook.deliveries.get().status == "waiting"
    receiver.answer = says(204)
    WebhookDelivery.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    start_deliverer()
    happen(1)
    wait_until(lambda: webhook.deliveries.filter(status="delivered").count() == 2)
    assert len(receiver.ids) == 3
    assert len(set(receiver.ids)) == 2
    assert receiver.ids.count(receiver.ids[0]) == 2


def test_the_log_forgets_what_is_old(add_webhook: AddWebhook, settings: Any) -> None:
    add_webhook("https://forum.example.org/")
    happen(3)
    old = timezone.now() - timedelta(days=settings.WEBHOOK_LOG_DAYS, minutes=1)
    WebhookEvent.objects.filter(pk__in=list(WebhookEvent.objects.values_list("pk", flat=True)[:2])).update(
        created_at=old
    )
    assert delivery_log_turn() == 2
    assert WebhookEvent.objects.count() == WebhookDelivery.objects.count() == 1
    assert delivery_log_turn() == 0
