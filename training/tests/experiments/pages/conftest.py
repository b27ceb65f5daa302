"""Three people, signed in, and places of the tests' own."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from classifier.accounts.roles import MODEL_ADMIN, MODERATOR
from classifier.models import User
from classifier.tests.conftest import person
from training.models import Dataset
from training.tests.experiments.pages.builders import make_dataset


@pytest.fixture(autouse=True)
def places(tmp_path: Path, settings: Any) -> Path:
    settings.RUNS_DIR = tmp_path / "runs"
    settings.DATASETS_DIR = tmp_path / "datasets"
    settings.MODELS_DIR = tmp_path / "models"
    return tmp_path


def client_of(user: User) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client


@pytest.fixture
def model_admin(db: None, redis_clean: None) -> User:
    return person("model-admin", MODEL_ADMIN)


@pytest.fixture
def as_admin(model_admin: User) -> Client:
    return client_of(model_admin)


@pytest.fixture
def as_moderator(db: None, redis_clean: None) -> Client:
    return client_of(person("moderator", MODERATOR))


@pytest.fixture
def dataset(db: None) -> Dataset:
    return make_dataset(is_test_set=True)
