"""Compared calls made by a fixed function, so that every number of a test can be worked out again."""

import math
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from classifier.accounts.roles import LEAD
from classifier.api_keys.services import api_key_create
from classifier.models import (
    ApiKey,
    ModelVersion,
    ReferenceCall,
    ReferenceService,
    Source,
    User,
)
from classifier.tests.builders import version_row
from classifier.tests.conftest import person

LABELS = ["toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate"]


def own_score(number: int) -> float:
    """Scores between 0 and 1, few of them high, all different up to 10,007."""
    return float(((number * 7919) % 10_007 / 10_007) ** 3)


def other_score(number: int) -> float:
    """The other service scores higher, with some noise, and only in hundredths."""
    noise = 0.12 * math.sin(number * 12.9898)
    return round(min(1.0, max(0.0, math.sqrt(own_score(number)) + noise)), 2)


def make_calls(
    count: int,
    *,
    service: ReferenceService | None,
    version: ModelVersion,
    attribute: str = "TOXICITY",
    text: str = "row {}",
    **fields: Any,
) -> list[ReferenceCall]:
    """`count` calls that both answered, one a second, the newest now."""
    now = timezone.now()
    usual: dict[str, Any] = {"wire": "perspective", "mode": "observe", "service": service}
    return ReferenceCall.objects.bulk_create(
        ReferenceCall(
            **{**usual, **fields},
            model_version=version,
            ours={attribute: own_score(number)},
            theirs={attribute: other_score(number)},
            text=text.format(number) if text else "",
            milliseconds=80,
            created_at=now - timedelta(seconds=count - number),
        )
        for number in range(count)
    )


@pytest.fixture(autouse=True)
def transfers_dir(tmp_path: Path, settings: Any) -> Path:
    settings.TRANSFERS_DIR = tmp_path / "transfers"
    return tmp_path / "transfers"


@pytest.fixture
def version(db: None) -> ModelVersion:
    return version_row("starter-1a2b3c4d", LABELS, status="active", activated_at=timezone.now())


@pytest.fixture
def service(db: None) -> ReferenceService:
    return ReferenceService.objects.create(
        name="Perspective", wire="perspective", url="https://commentanalyzer.example"
    )


@pytest.fixture
def forum(db: None) -> Source:
    return Source.objects.create(slug="forum", name="The forum")


@pytest.fixture
def lead(db: None) -> User:
    return person("lee", LEAD)


@pytest.fixture
def key(admin_person: User) -> ApiKey:
    return api_key_create(name="The forum's key", owner=admin_person, scopes=["score", "submit"])[0]


@pytest.fixture
def client_of() -> Callable[[User], Client]:
    def make(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return make
