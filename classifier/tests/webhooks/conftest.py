"""What the tests of webhooks share: receivers on the loopback, allowed here, and deliveries sent at once."""

from collections.abc import Callable, Iterator
from ipaddress import ip_network
from typing import Any

import pytest

from classifier.models import Source, Webhook, WebhookDelivery
from classifier.tests.webhooks.receiver import Receiver, receiving
from classifier.webhooks.delivery import Courier
from classifier.webhooks.services import CHOOSABLE, webhook_create


@pytest.fixture(autouse=True)
def loopback_allowed(settings: Any) -> None:
    settings.WEBHOOK_ALLOWED_NETWORKS = [ip_network("127.0.0.0/8")]
    settings.WEBHOOK_ALLOWED_PORTS = []
    settings.WEBHOOK_TOTAL_SECONDS = 2.0
    settings.WEBHOOK_CONNECT_SECONDS = 1.0


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


@pytest.fixture
def forum(db: None) -> Source:
    return Source.objects.create(slug="forum", name="Forum")


@pytest.fixture
def add_webhook(db: None) -> Callable[..., tuple[Webhook, str]]:
    """Makes a webhook for everything, or for what is given."""

    def add(url: str, **fields: Any) -> tuple[Webhook, str]:
        fields = {"name": "Forum", "events": [kind.value for kind in CHOOSABLE], "by": None, **fields}
        return webhook_create(url=url, **fields)

    return add


@pytest.fixture
def deliver() -> Iterator[Callable[[], None]]:
    """Sends everything that is due, and writes what came of it."""
    courier = Courier(threads=4)

    def turn() -> None:
        while courier.turn():
            pass

    yield turn
    courier.stop()


def states(webhook: Webhook) -> list[str]:
    return list(
        WebhookDelivery.objects.filter(webhook=webhook).order_by("pk").values_list("status", flat=True)
    )
