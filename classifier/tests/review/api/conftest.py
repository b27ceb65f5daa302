"""Programs of a moderator, a lead and an admin, and comments of the moderator's site."""

import json
from typing import Any

import pytest

from classifier.accounts.roles import ADMIN, LEAD, MODERATOR
from classifier.api_keys.services import api_key_create
from classifier.models import Comment, ModelVersion, User
from classifier.tests.api.conftest import Caller
from classifier.tests.builders import classified_comment
from classifier.tests.conftest import person

V1 = "/api/v1/"
EVERYTHING = ("submit", "read", "moderate", "admin")


class Program(Caller):
    """A program with a key, which also changes and deletes."""

    user: User

    def change(self, method: str, path: str, body: Any, **headers: str) -> Any:
        sent = json.dumps(body).encode()
        ask = getattr(self.client, method)
        return ask(path, sent, content_type="application/json", headers={**self.headers, **headers})

    def delete(self, path: str, **headers: str) -> Any:
        return self.client.delete(path, headers={**self.headers, **headers})


def program_of(user: User, *scopes: str) -> Program:
    key, plaintext = api_key_create(name="test", owner=user, scopes=scopes or EVERYTHING)
    made = Program(plaintext, key)
    made.user = user
    return made


@pytest.fixture
def site(db: None, redis_clean: None) -> Program:
    """A site's program; its owner is a moderator."""
    return program_of(person("site", MODERATOR))


@pytest.fixture
def lead(site: Program) -> Program:
    return program_of(person("lead", LEAD))


@pytest.fixture
def boss(site: Program) -> Program:
    return program_of(person("boss", ADMIN))


@pytest.fixture
def comment(active_version: ModelVersion, site: Program) -> Comment:
    return classified_comment(active_version, by=site.user)


def address(comment: Comment, *more: str) -> str:
    return "/".join([f"{V1}comments/{comment.pk}", *more, ""])
