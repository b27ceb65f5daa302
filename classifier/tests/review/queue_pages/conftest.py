"""Moderators and leads, signed in, and comments that wait for them."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from classifier.accounts.roles import LEAD, MODERATOR
from classifier.models import User
from classifier.tests.conftest import person
from classifier.tests.page_fixtures import (  # noqa: F401
    answers,
    as_owner,
    colleague,
    comment_with,
    owner,
    stranger,
    version,
)

HTMX = {"HX-Request": "true"}


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def mo(db: None, redis_clean: None) -> User:
    return person("mo", MODERATOR)


@pytest.fixture
def kim(mo: User) -> User:
    return person("kim", MODERATOR)


@pytest.fixture
def lea(mo: User) -> User:
    return person("lea", LEAD)


@pytest.fixture
def as_mo(mo: User) -> Client:
    return client_of(mo)


@pytest.fixture
def as_kim(kim: User) -> Client:
    return client_of(kim)


@pytest.fixture
def as_lea(lea: User) -> Client:
    return client_of(lea)


Decide = Callable[..., Any]


@pytest.fixture
def decide() -> Decide:
    """Post a decision on the comment that a client has on screen, as its form would."""

    def post(client: Client, action: str, *, htmx: bool = False, **data: Any) -> Any:
        item = client.get("/queue/").context["item"]
        fields = {"prediction": item.comment.current_prediction_id, "seen": item.seen_decision or "", **data}
        headers = HTMX if htmx else {}
        return client.post(f"/queue/{item.comment.pk}/decide/", {"action": action, **fields}, headers=headers)

    return post
