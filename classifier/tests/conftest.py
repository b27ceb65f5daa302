"""What the classifier's tests share: people with roles, a tiny real model, and real worker processes."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from classifier.accounts.roles import ADMIN, MODEL_ADMIN, MODERATOR, user_roles_set
from classifier.model_versions.promotion_gate import gate_register, language_gate_register
from classifier.model_versions.services import model_version_activate, model_version_register
from classifier.models import ModelVersion, User
from classifier.tests.tiny_artifact import tiny_artifact
from classifier.tests.worker_process import WorkerProcess
from classifier.webhooks import outbox as webhook_outbox


@pytest.fixture(autouse=True)
def no_gate() -> Iterator[None]:
    """The classifier alone: no other application has registered a quality gate."""
    before, of_languages = gate_register(None), language_gate_register(None)
    yield
    gate_register(before)
    language_gate_register(of_languages)


@pytest.fixture(autouse=True)
def no_webhooks_remembered() -> Iterator[None]:
    """What a test has rolled back is not told of in the next one."""
    yield
    webhook_outbox.forget()


@pytest.fixture(scope="session")
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two different model folders, made once."""
    folder = tmp_path_factory.mktemp("artifacts")
    return tiny_artifact(folder / "one", seed=1), tiny_artifact(folder / "two", seed=2)


@pytest.fixture
def models_dir(tmp_path: Path, settings: Any) -> Path:
    settings.MODELS_DIR = tmp_path / "models"
    return tmp_path / "models"


@pytest.fixture
def candidates(db: None, models_dir: Path, artifacts: tuple[Path, Path]) -> tuple[ModelVersion, ModelVersion]:
    """Two registered versions, none of them active."""
    one, two = (model_version_register(directory=folder) for folder in artifacts)
    return one, two


@pytest.fixture
def active_version(candidates: tuple[ModelVersion, ModelVersion]) -> ModelVersion:
    model_version_activate(model_version=candidates[0], by=None)
    return candidates[0]


@pytest.fixture
def start_worker(
    transactional_db: None, redis_clean: None, models_dir: Path
) -> Iterator[Callable[..., WorkerProcess]]:
    """Starts real Celery workers on the test's database; they are killed when the test ends."""
    started: list[WorkerProcess] = []

    def start(queue: str = "classify", **environment: str) -> WorkerProcess:
        process = WorkerProcess(models_dir, f"w{len(started)}", environment, queue)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()


def person(username: str, role: str) -> User:
    user = User.objects.create_user(username=username, password="a-long-enough-pass")
    user_roles_set(user=user, roles=[role], by=None)
    return user


@pytest.fixture
def moderator(db: None) -> User:
    return person("moderator", MODERATOR)


@pytest.fixture
def model_admin(db: None) -> User:
    return person("model-admin", MODEL_ADMIN)


@pytest.fixture
def admin_person(db: None) -> User:
    return person("admin-person", ADMIN)
