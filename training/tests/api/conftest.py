"""Three people, keys, and a caller that holds every answer against the committed OpenAPI file."""

import json
import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from jsonschema import Draft202012Validator

from classifier.accounts.roles import MODEL_ADMIN
from classifier.api import base as classifier_api
from classifier.api_keys.services import api_key_create
from classifier.models import User
from classifier.tests.conftest import artifacts, candidates, models_dir
from classifier.tests.conftest import person as person_with_role
from training.models import Dataset
from training.tests.experiments.pages.builders import make_dataset

__all__ = ["artifacts", "candidates", "models_dir"]

API = "/api/v1"
FILE = Path(classifier_api.__file__).parent / "openapi.yaml"


@cache
def document() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.load(FILE.read_text(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return loaded


@cache
def templates() -> list[tuple[re.Pattern[str], str]]:
    """Return the addresses, those without parameters first, as the server tries them."""
    found = sorted(document()["paths"], key=lambda path: path.count("{"))
    return [(re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path) + r"\Z"), path) for path in found]


def hold_against_the_file(method: str, path: str, response: Any) -> None:
    """Fail where the file does not describe this answer of this operation."""
    template = next((each for pattern, each in templates() if pattern.match(path)), None)
    assert template is not None, path
    answers = document()["paths"][template][method.lower()]["responses"]
    assert str(response.status_code) in answers, (response.status_code, response.content)
    content = answers[str(response.status_code)].get("content")
    if content is None:
        assert not response.content
        return
    kind = response.headers["Content-Type"].split(";")[0]
    assert kind in content
    if "json" in kind:
        schema = {**content[kind]["schema"], "components": document()["components"]}
        Draft202012Validator(schema).validate(response.json())


class Program:
    """A program with a key (or a session), as a test sees it."""

    def __init__(self, headers: Mapping[str, str] | None = None, session: User | None = None) -> None:
        self.client = Client(raise_request_exception=True)
        self.headers = dict(headers or {})
        if session is not None:
            self.client.force_login(session)

    def __call__(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        data = b"" if body is None else json.dumps(body).encode()
        return self._send(method, path, data, "application/json", query)

    def upload(self, path: str, form: Mapping[str, Any]) -> Any:
        return self._send("POST", path, encode_multipart(BOUNDARY, dict(form)), MULTIPART_CONTENT, {})

    def _send(self, method: str, path: str, data: bytes, content_type: str, query: Mapping[str, Any]) -> Any:
        response = self.client.generic(
            method, API + path, data, content_type=content_type, headers=self.headers, query_params=query
        )
        hold_against_the_file(method, API + path, response)
        return response


MakeProgram = Callable[..., Program]


@pytest.fixture
def program_for(db: None) -> MakeProgram:
    def make(user: User, *scopes: str) -> Program:
        _, plaintext = api_key_create(name="test", owner=user, scopes=scopes or ("train",))
        return Program({"Authorization": f"Bearer {plaintext}"})

    return make


@pytest.fixture
def trainer(db: None) -> User:
    """A model admin: may start, delete, promote."""
    return person_with_role("trainer", MODEL_ADMIN)


@pytest.fixture
def onlooker(db: None) -> User:
    """Return a user who may look at experiments, and nothing else."""
    from django.contrib.auth.models import Permission

    user = User.objects.create_user("onlooker")
    user.user_permissions.set(Permission.objects.filter(codename="view_experiment"))
    return user


@pytest.fixture
def stranger(db: None) -> User:
    """Return a user who has an account and no role."""
    return User.objects.create_user("stranger")


@pytest.fixture
def program(trainer: User, program_for: MakeProgram) -> Program:
    """The model admin's program, with a key that may train."""
    return program_for(trainer)


@pytest.fixture(autouse=True)
def places(tmp_path: Path, settings: Any) -> Path:
    settings.RUNS_DIR, settings.DATASETS_DIR = tmp_path / "runs", tmp_path / "datasets"
    settings.MODELS_DIR = tmp_path / "models"
    return tmp_path


@pytest.fixture
def dataset(db: None) -> Dataset:
    """Return a dataset that exists in the database only, without files."""
    return make_dataset()


def assert_problem(response: Any, status: int, kind: str, pointer: str | None = None) -> Any:
    """The answer is a problem of this status and kind, about this place of the body; returns its body."""
    assert response.status_code == status, response.content
    body = response.json()
    assert response.headers["Content-Type"] == "application/problem+json"
    assert body["type"] == f"urn:problem-type:toxicsite:{kind}"
    if pointer is not None:
        assert pointer in [error.get("pointer") or error.get("parameter") for error in body["errors"]], body
    return body
