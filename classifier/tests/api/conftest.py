"""People, keys and a client that speaks JSON."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from classifier.api_keys.services import api_key_create
from classifier.models import ApiKey, User

COMMENTS = "/api/v1/comments/"
SCORE = "/api/v1/score/"


def person(name: str, *codenames: str) -> User:
    user = User.objects.create_user(name)
    found = Permission.objects.filter(content_type__app_label="classifier", codename__in=codenames)
    assert found.count() == len(codenames)
    user.user_permissions.set(found)
    return user


@pytest.fixture
def owner(db: None) -> User:
    """May submit, and sees what is theirs."""
    return person("owner", "add_comment")


@pytest.fixture
def colleague(db: None) -> User:
    """May submit, and sees every comment."""
    return person("colleague", "add_comment", "view_comment")


@pytest.fixture
def stranger(db: None) -> User:
    """May submit, and sees what is theirs: nothing of the owner's."""
    return person("stranger", "add_comment")


class Caller:
    """A program with a key (or none), as a test sees it."""

    def __init__(self, plaintext: str | None = None, key: ApiKey | None = None) -> None:
        self.key = key
        self.client = Client(raise_request_exception=False)
        self.headers = {"Authorization": f"Bearer {plaintext}"} if plaintext else {}

    def post(self, path: str, body: Any, **headers: str) -> Any:
        return self.post_raw(path, json.dumps(body).encode(), **headers)

    def post_raw(self, path: str, body: bytes, content_type: str = "application/json", **headers: str) -> Any:
        return self.client.post(path, body, content_type=content_type, headers={**self.headers, **headers})

    def get(self, path: str, **query: Any) -> Any:
        return self.client.get(path, query, headers=self.headers)

    def delete(self, path: str) -> Any:
        return self.client.delete(path, headers=self.headers)


MakeCaller = Callable[..., Caller]


@pytest.fixture
def caller_for(db: None) -> MakeCaller:
    def make(user: User, *scopes: str) -> Caller:
        key, plaintext = api_key_create(name="test", owner=user, scopes=scopes or ("submit", "read", "score"))
        return Caller(plaintext, key)

    return make


@pytest.fixture
def program(owner: User, caller_for: MakeCaller) -> Caller:
    """The owner's program, with a key that may do everything."""
    return caller_for(owner)


def assert_problem(response: Any, status: int, kind: str) -> Any:
    """The answer is a problem of this status and kind and leaks nothing; returns its body."""
    assert response.status_code == status, response.content
    assert response.headers["Content-Type"] == "application/problem+json"
    body = response.json()
    assert body["type"] == f"urn:problem-type:toxicsite:{kind}"
    assert body["status"] == status
    assert body["title"]
    assert body["detail"]
    assert isinstance(body["errors"], list)
    assert "Traceback" not in response.content.decode()
    return body
