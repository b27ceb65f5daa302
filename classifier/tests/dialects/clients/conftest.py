"""The server, a worker with the shipped model, a key, and Node with the clients from npm."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from pytest_django import DjangoDbBlocker

from classifier.api_keys.services import api_key_create
from classifier.model_versions.services import model_version_activate, model_version_register
from classifier.models import ModelVersion, User
from classifier.scoring.score_texts import score_texts
from classifier.tests.api.conftest import person
from classifier.tests.dialects.clients.server_process import running_server
from classifier.tests.tiny_artifact import tiny_artifact
from classifier.tests.worker_process import own_database_url, running_worker

NODE = Path(__file__).parent / "node"
RUDE, KIND = "You are a stupid idiot and I hate you.", "Thank you, that was kind of you."
START_SECONDS = 60.0


@pytest.fixture(scope="package")
def database_url(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> str:
    with django_db_blocker.unblock():
        return own_database_url()


@pytest.fixture(scope="package")
def worker(database_url: str) -> Iterator[None]:
    with running_worker(database_url):
        yield


@pytest.fixture(scope="package")
def server(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the server; what it logs meanwhile holds no failure, no comment and no key."""
    log = tmp_path_factory.mktemp("server") / "log"
    with running_server(database_url, log) as url:
        yield url
    written = log.read_text()
    assert "Traceback" not in written, written
    for secret in (RUDE, KIND, "tox_"):
        assert secret not in written


@pytest.fixture
def model(transactional_db: None, tmp_path: Path, worker: None) -> ModelVersion:
    """The shipped model in production and loaded (a random one where the project lies without it)."""
    folder = Path(os.environ.get("TOXICSITE_TEST_MODEL") or settings.STARTER_MODEL_DIR)
    if not (folder / "manifest.json").is_file():
        folder = tiny_artifact(tmp_path / "tiny")
    version = model_version_register(directory=folder)
    model_version_activate(model_version=version, by=None)
    score_texts(texts=["warm up"], deadline=START_SECONDS)
    return version


@pytest.fixture
def owner(transactional_db: None) -> User:
    return person("owner", "add_comment")


@pytest.fixture
def key(owner: User) -> str:
    return api_key_create(name="client", owner=owner, scopes=["score", "submit"])[1]


RunNode = Callable[..., dict[str, Any]]


@pytest.fixture
def node(server: str, key: str) -> RunNode:
    """Runs one of the scripts and gives what it prints, one JSON object."""
    program = shutil.which("node")
    if program is None:
        pytest.skip("Node is not installed; these tests need Node 20 or later")
    if not (NODE / "node_modules").is_dir():
        pytest.fail("The npm clients are not installed: `make install-test` does it")

    def run(script: str, *more: str) -> dict[str, Any]:
        done = subprocess.run(
            [program, script, server, key, *more],
            cwd=NODE,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout))

    return run
