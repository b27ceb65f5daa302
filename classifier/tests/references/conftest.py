"""A reference service on the loopback, keys that observe or follow it, and turns of the worker's asker."""

import time
from collections.abc import Callable, Iterator
from ipaddress import ip_network
from typing import Any

import pytest

from classifier.models import ApiKey, ReferenceMode, ReferenceService, User
from classifier.references.services import ReferenceFields, reference_create, reference_mode_set
from classifier.references.worker import Asker
from classifier.tests.dialects.conftest import Sender, asked, owner, score_only, sender
from classifier.tests.references.stub import GOOD_KEY, Stub, serving

__all__ = ["asked", "owner", "score_only", "sender"]

TEXT = "the harbour smells of fish and nonsense today"
ANALYZE_BODY = {
    "comment": {"text": TEXT},
    "requestedAttributes": {"TOXICITY": {}, "INSULT": {}},
    "languages": ["en"],
}


@pytest.fixture(autouse=True)
def loopback_allowed(settings: Any) -> None:
    settings.WEBHOOK_ALLOWED_NETWORKS = [ip_network("127.0.0.0/8")]
    settings.WEBHOOK_ALLOWED_PORTS = []
    settings.REFERENCE_THREADS = 4


@pytest.fixture
def stub() -> Iterator[Stub]:
    with serving() as one:
        yield one


@pytest.fixture
def service(stub: Stub, db: None, redis_clean: None) -> ReferenceService:
    return add_service(stub.url)


@pytest.fixture
def openai_service(stub: Stub, db: None, redis_clean: None) -> ReferenceService:
    return add_service(stub.url, wire="openai", name="OpenAI Moderation", model="omni")


def add_service(url: str, *, key: str = GOOD_KEY, **fields: Any) -> ReferenceService:
    given = {
        "name": "Perspective",
        "wire": "perspective",
        "timeout_seconds": 1.0,
        "calls_per_second": 1_000.0,
        **fields,
    }
    return reference_create(fields=ReferenceFields(url=url, **given), key=key, by=None)


def let(sender: Sender, mode: str, service: ReferenceService) -> ApiKey:
    """Give the sender's key this mode."""
    return reference_mode_set(api_key=sender.key, mode=ReferenceMode(mode), service=service, by=None)


Turns = Callable[[], Asker]


@pytest.fixture
def turns() -> Iterator[Turns]:
    """Asks and writes until nothing is left that can be done now."""
    asker = Asker(threads=4)

    def run() -> Asker:
        end = time.monotonic() + 20
        while (seconds := asker.turn()) is not None:
            assert time.monotonic() < end, "the calls did not come to their end"
            if not asker.under_way and not asker.unwritten and seconds > 0.5:
                break  # the pace makes the rest wait
            time.sleep(min(seconds, 0.02))
        return asker

    yield run
    asker.stop()


@pytest.fixture
def admin(admin_person: User) -> User:
    return admin_person
