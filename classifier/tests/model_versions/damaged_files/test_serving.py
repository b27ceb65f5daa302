"""A worker that cannot load the active version answers with an earlier one, and everybody is told the truth."""

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import pytest
from django.test import Client

from classifier.comments.submission import comment_submit
from classifier.core.errors import ModelBroken
from classifier.models import Comment, ModelVersion, Prediction, User
from classifier.scoring import engine
from classifier.scoring.heartbeat import beat, worker_status
from classifier.scoring.score_texts import ScoredText, score_texts
from classifier.scoring.worker import ClassifyWorker
from classifier.tests.api.conftest import SCORE, Caller, assert_problem, caller_for, owner, program
from classifier.tests.model_versions.damaged_files.conftest import Damage, Pair, every_damage, flip
from toxicsite.tests.waiting import wait_until

__all__ = ["caller_for", "owner", "program"]
T = TypeVar("T")
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis_clean")]


@pytest.fixture
def start() -> Iterator[Callable[[], ClassifyWorker]]:
    """A worker in this process, which works while a test has it take turns."""
    started: list[ClassifyWorker] = []

    def run() -> ClassifyWorker:
        worker = ClassifyWorker()
        started.append(worker)
        worker.start("w@test")
        wait_until(lambda: worker_status().problem != "loading the model")
        return worker

    yield run
    for worker in started:
        worker.stop()


def answered(worker: ClassifyWorker, ask: Callable[[], T]) -> T:
    """What `ask` gets while the worker takes its turns."""
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(ask)
        while not asked.done():
            worker.turn()
        return asked.result()


def public(version: ModelVersion) -> str:
    return f"The model version {version} cannot be loaded: one of its files is damaged."


@every_damage
def test_a_worker_makes_its_copy_of_the_shipped_model_again(
    active_version: ModelVersion, shipped: Path, damage: Damage, start: Callable[[], ClassifyWorker]
) -> None:
    damage(active_version.path)
    worker = start()
    assert worker.holder.engine is not None
    assert worker.holder.engine.model_version == active_version
    assert (worker.holder.problem, worker.holder.notice) == ("", "")


@every_damage
def test_the_version_before_answers_under_its_own_name(
    second_in_production: Pair, no_shipped_model: None, damage: Damage, start: Callable[[], ClassifyWorker]
) -> None:
    one, two = second_in_production
    name = damage(two.path)
    worker = start()
    comment = comment_submit(text="i hate you", source="web")
    worker.turn()
    comment.refresh_from_db()
    assert comment.current_prediction is not None
    assert comment.current_prediction.model_version == one
    assert ModelVersion.objects.active() == two, "which version is wanted is for people to say"
    wait_until(lambda: worker_status().model_version == one.version)
    status = worker_status()
    assert (status.problem, status.broken) == ("", two.version)
    assert status.notice == f"{public(two)} {one} answers instead."
    assert name in status.detail


def test_the_newest_earlier_version_that_can_be_loaded_answers(
    second_in_production: Pair,
    no_shipped_model: None,
    tmp_path: Path,
    start: Callable[[], ClassifyWorker],
) -> None:
    from classifier.model_versions.services import model_version_activate, model_version_register
    from classifier.tests.tiny_artifact import tiny_artifact

    one, two = second_in_production
    three = model_version_register(directory=tiny_artifact(tmp_path / "three", seed=3))
    model_version_register(directory=tiny_artifact(tmp_path / "four", seed=4))  # never was in production
    model_version_activate(model_version=three, by=None)
    flip(three.path / "model.safetensors")
    flip(two.path / "model.safetensors")
    worker = start()
    assert worker.holder.engine is not None
    assert worker.holder.engine.model_version == one


def test_the_active_version_takes_over_once_it_is_whole_again(
    second_in_production: Pair,
    no_shipped_model: None,
    monkeypatch: pytest.MonkeyPatch,
    artifacts: tuple[Path, Path],
    start: Callable[[], ClassifyWorker],
) -> None:
    monkeypatch.setattr(engine, "RETRY_SECONDS", 0.05)
    one, two = second_in_production
    flip(two.path / "model.safetensors")
    worker = start()
    wait_until(lambda: worker_status().model_version == one.version)
    shutil.copyfile(artifacts[1] / "model.safetensors", two.path / "model.safetensors")
    wait_until(lambda: not worker.turn() and worker_status().model_version == two.version)
    assert (worker_status().notice, worker_status().detail) == ("", "")
    first = comment_submit(text="i hate you", source="web")
    worker.turn()
    assert Prediction.objects.get(comment=first).model_version == two


@pytest.fixture
def broken_site(
    active_version: ModelVersion, no_shipped_model: None, start: Callable[[], ClassifyWorker]
) -> ClassifyWorker:
    """Its only version is damaged."""
    flip(active_version.path / "model.safetensors")
    worker = start()
    wait_until(lambda: worker_status().problem == public(active_version))
    return worker


def test_without_any_whole_version_comments_wait(
    broken_site: ClassifyWorker, active_version: ModelVersion
) -> None:
    comment_submit(text="i hate you", source="web")
    assert not broken_site.turn()
    assert Comment.objects.get().status == "pending"
    with pytest.raises(
        ModelBroken, match=r"^The model version tiny-\w{8} cannot be loaded: one of its files is"
    ) as raised:
        answered(broken_site, lambda: score_texts(texts=["i hate you"], deadline=30))
    assert str(raised.value) == public(active_version)
    assert worker_status().model_version is None
    assert "model.safetensors" in worker_status().detail


def test_the_api_says_that_the_model_is_broken_without_a_path(
    broken_site: ClassifyWorker, active_version: ModelVersion, program: Caller
) -> None:
    response = answered(broken_site, lambda: program.post(SCORE, {"text": "i hate you"}))
    problem = assert_problem(response, 503, "model-broken")
    assert problem["detail"].startswith(public(active_version))
    assert problem["action"]
    assert_no_path(response, active_version)
    assert response.headers["Retry-After"]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/v1/moderations", {"input": "i hate you"}, 503),
        (
            "/v1alpha1/comments:analyze",
            {"comment": {"text": "i hate you"}, "requestedAttributes": {"TOXICITY": {}}, "doNotStore": True},
            503,
        ),
        ("/predict", {"inputs": "i hate you"}, 424),
    ],
)
def test_the_dialects_say_it_in_their_own_words(
    broken_site: ClassifyWorker,
    active_version: ModelVersion,
    program: Caller,
    path: str,
    body: Any,
    status: int,
) -> None:
    response = answered(broken_site, lambda: program.post(path, body))
    assert response.status_code == status
    assert public(active_version) in response.content.decode()
    assert_no_path(response, active_version)


def test_without_an_active_version_the_answer_stays_what_it_was(
    candidates: Pair, start: Callable[[], ClassifyWorker], program: Caller
) -> None:
    worker = start()
    response = answered(worker, lambda: program.post(SCORE, {"text": "i hate you"}))
    assert "no active model version" in assert_problem(response, 503, "no-worker")["detail"]


def test_who_pastes_a_comment_reads_it_too(
    broken_site: ClassifyWorker, active_version: ModelVersion, owner: User
) -> None:
    client = Client()
    client.force_login(owner)
    response = answered(broken_site, lambda: client.post("/", {"text": "i hate you", "discard": "on"}))
    assert response.status_code == 503
    assert public(active_version) in response.content.decode()
    assert_no_path(response, active_version)
    head = client.get("/worker/")
    assert "the active model version cannot be loaded" in head.content.decode()
    assert_no_path(head, active_version)


def test_everybody_in_the_queue_reads_which_version_answers_and_nobody_a_path(
    second_in_production: Pair, moderator: User, admin_person: User
) -> None:
    one, two = second_in_production
    notice = f"{public(two)} {one} answers instead."
    detail = f"model.safetensors in {two.path} has 7 bytes"
    beat(
        "w",
        model_version=one.version,
        backend="fp32",
        problem="",
        notice=notice,
        broken=two.version,
        detail=detail,
    )
    for user in (moderator, admin_person):
        client = Client()
        client.force_login(user)
        for path in ("/worker/", "/queue/worker/"):
            page = client.get(path)
            assert notice in page.content.decode(), path
            assert_no_path(page, two)


def assert_no_path(response: Any, version: ModelVersion) -> None:
    said = response.content.decode()
    assert "safetensors" not in said
    assert str(version.path.parent) not in said


def test_scoring_says_which_version_it_was(
    second_in_production: Pair, no_shipped_model: None, start: Callable[[], ClassifyWorker], program: Caller
) -> None:
    one, two = second_in_production
    flip(two.path / "config.json")
    worker = start()
    body = answered(worker, lambda: program.post(SCORE, {"text": "i hate you"})).json()
    assert body["results"][0]["model_version"] == one.version
    [scored] = answered(worker, lambda: score_texts(texts=["i hate you"], deadline=30))
    assert isinstance(scored, ScoredText)
    assert scored.model_version == one.version
    client = Client()
    assert client.get("/readyz").status_code == 200
