"""`/healthz` answers by itself; `/readyz` names what is missing."""

import pytest
from django.conf import LazySettings
from django.db import OperationalError, connection
from django.test import Client

from classifier.scoring.engine import EngineHolder
from classifier.scoring.heartbeat import WorkerStatus, beat
from toxicsite import views
from toxicsite.lib import broker

pytestmark = pytest.mark.django_db
ALIVE = WorkerStatus(alive=True, model_version="starter-1a2b3c4d", backend="torch")


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "worker_status", lambda: ALIVE)
    monkeypatch.setattr(views, "workers", lambda: [ALIVE])


@pytest.fixture(autouse=True)
def room(settings: LazySettings) -> None:
    """Let the answers not depend on how full this machine's disk is."""
    settings.DISK_WARN_MIB = settings.DISK_FULL_MIB = 0


def test_healthz_answers_under_any_host_name_and_without_https(
    client: Client, settings: LazySettings
) -> None:
    settings.SECURE_SSL_REDIRECT = True
    response = client.get("/healthz", headers={"host": "10.1.2.3:8000"})
    assert (response.status_code, response.json()) == (200, {"status": "ok"})
    assert "no-store" in response.headers["Cache-Control"]


@pytest.mark.usefixtures("worker")
def test_readyz_is_ready_when_everything_is_there(client: Client) -> None:
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json() == {
        "status": "ready",
        "checks": {"database": "ok", "redis": "ok", "worker": "ok", "model": "ok", "disk": "ok"},
        "warnings": [],
    }


def test_readyz_says_that_no_worker_is_running(client: Client, redis_clean: None) -> None:
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["checks"] == {
        "database": "ok",
        "redis": "ok",
        "worker": "no classification worker is running",
        "model": "no classification worker is running",
        "disk": "ok",
    }


def test_readyz_passes_on_why_a_worker_cannot_score(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    without = WorkerStatus(alive=True, problem="no model version is active")
    monkeypatch.setattr(views, "worker_status", lambda: without)
    monkeypatch.setattr(views, "workers", lambda: [without])
    response = client.get("/readyz")
    assert response.status_code == 503
    checks = response.json()["checks"]
    assert (checks["worker"], checks["model"]) == ("ok", "no model version is active")


@pytest.mark.usefixtures("redis_clean")
def test_readyz_tells_strangers_no_paths(client: Client) -> None:
    path = "/srv/toxicsite/var/models/starter-1a2b3c4d"
    beat("w", model_version=None, backend="", problem=f"starter cannot be loaded: {path} is not a folder")
    response = client.get("/readyz")
    assert response.json()["checks"]["model"] == "the active model version cannot be loaded"
    assert path not in response.content.decode()


def test_readyz_tells_the_states_that_the_worker_itself_words(
    client: Client, redis_clean: None, settings: LazySettings
) -> None:
    holder = EngineHolder()
    for expected in ("loading the model", "no model version is active"):
        beat("w", **holder.state())
        assert client.get("/readyz").json()["checks"]["model"] == expected
        holder.current()


@pytest.mark.usefixtures("worker")
def test_readyz_says_that_the_database_does_not_answer(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise OperationalError("connection refused at 10.9.8.7")

    with monkeypatch.context() as patch:
        patch.setattr(connection, "cursor", broken)
        patch.setattr(connection, "close", lambda: None)
        response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["checks"]["database"] == "does not answer"
    assert "10.9.8.7" not in response.content.decode()


@pytest.mark.usefixtures("worker")
def test_readyz_says_that_redis_does_not_answer(client: Client, settings: LazySettings) -> None:
    broker.client.cache_clear()
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    response = client.get("/readyz")
    broker.client.cache_clear()
    assert response.status_code == 503
    assert response.json()["checks"] == {
        "database": "ok",
        "redis": "does not answer",
        "worker": "ok",
        "model": "ok",
        "disk": "ok",
    }


def test_without_redis_nobody_knows_whether_a_worker_runs(client: Client, settings: LazySettings) -> None:
    broker.client.cache_clear()
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    checks = client.get("/readyz").json()["checks"]
    broker.client.cache_clear()
    assert checks["redis"] == "does not answer"
    assert checks["worker"] == checks["model"] == "not known while Redis does not answer"


def test_a_probe_cannot_be_posted_to(client: Client) -> None:
    assert client.post("/healthz").status_code == 405
