"""A batch that takes longer than a call may is a job: real workers score it, and only its key sees it."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from pytest_django import Settings

from classifier.api_keys.services import api_key_create
from classifier.models import ModelVersion, User
from classifier.scoring import score_jobs
from classifier.scoring.heartbeat import beat
from classifier.tests.api.conftest import SCORE, Caller, assert_problem
from classifier.tests.api.conftest import person as api_person
from classifier.tests.scoring.worker.test_not_stored import MARK, tables_with_the_mark
from classifier.tests.scoring.worker.test_synchronous import redis_values
from classifier.tests.worker_process import WorkerProcess
from toxicsite.lib.broker import client

pytestmark = pytest.mark.django_db(transaction=True)
StartWorker = Callable[..., WorkerProcess]
TEXTS = [f"{MARK} number {number} i hate you" + " and rain" * 40 for number in range(60)]


@pytest.fixture
def owner(redis_clean: None, transactional_db: None) -> User:
    return api_person("owner")


@pytest.fixture
def program(owner: User) -> Caller:
    return Caller(api_key_create(name="k", owner=owner, scopes=["score"])[1])


@pytest.fixture
def hasty(settings: Settings) -> Settings:
    """A call that waits for nothing, so that every batch is a job."""
    settings.SCORE_DEADLINE_SECONDS = settings.SCORE_BATCH_SECONDS = 0.05
    return settings


def stuck() -> None:
    """Pretend that a worker runs, which never answers."""
    beat("stuck", model_version="v", backend="", problem="")


def path_of(job: dict[str, Any]) -> str:
    return str(job["url"]).removeprefix("http://testserver")


def finished(program: Caller, job: dict[str, Any], seconds: float = 90) -> dict[str, Any]:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = program.get(path_of(job))
        assert answer.status_code == 200, answer.content
        body: dict[str, Any] = answer.json()
        if body["status"] == "done":
            return body
        assert body["results"] is None
        assert answer.headers["Retry-After"]
        time.sleep(0.3)
    raise AssertionError(f"the job is not done: {body}")


def test_a_batch_that_takes_too_long_is_scored_by_the_workers_and_fetched(
    active_version: ModelVersion, start_worker: StartWorker, program: Caller, settings: Settings
) -> None:
    workers = [start_worker().wait_until_ready(), start_worker("transfers")]
    at_once = program.post(SCORE, {"texts": [*TEXTS[:3], " "], "spans": True}).json()["results"]
    settings.SCORE_DEADLINE_SECONDS = settings.SCORE_BATCH_SECONDS = 0.01
    answer = program.post(SCORE, {"texts": [*TEXTS[:3], " ", *TEXTS[3:]], "spans": True})
    assert answer.status_code == 202
    job = answer.json()
    assert answer.headers["Location"] == job["url"]
    assert (job["total_texts"], job["results"], job["action"]) == (61, None, "hold")
    done = finished(program, job)
    assert (done["done_texts"], len(done["results"])) == (61, 61)
    assert done["results"][3]["error"]["pointer"] == "#/texts/3"
    assert done["results"][3] == at_once[3]
    for result, expected in zip(done["results"][:3], at_once[:3], strict=True):
        assert result["verdict"] == expected["verdict"]
        assert result["score"] == pytest.approx(expected["score"], abs=1e-4)
        assert len(result["spans"]) == len(expected["spans"])
        assert result["sentences"] is None
    assert {result["model_version"] for result in done["results"] if result["error"] is None} == {
        active_version.version
    }
    assert program.get(path_of(job)).json()["results"] == done["results"]
    assert tables_with_the_mark() == []
    assert [name for name, value in redis_values().items() if MARK.encode() in value] == []
    assert program.delete(path_of(job)).status_code == 204
    assert program.get(path_of(job)).status_code == 404
    for worker in workers:
        worker.stop()
        assert MARK not in worker.output


def test_the_answers_until_then_are_kept_and_another_worker_goes_on_after_a_kill(
    active_version: ModelVersion, start_worker: StartWorker, program: Caller, settings: Settings
) -> None:
    start_worker().wait_until_ready()
    settings.SCORE_DEADLINE_SECONDS, settings.SCORE_BATCH_SECONDS = 30.0, 0.0
    monkey = pytest.MonkeyPatch()
    with monkey.context() as patch:
        patch.setattr(score_jobs, "LEASE_SECONDS", 1)
        patch.setattr("classifier.scoring.score_texts.PART_CHARACTERS", 2_000)
        settings.SCORE_DEADLINE_SECONDS = 1.5
        answer = program.post(SCORE, {"texts": TEXTS * 10})
    assert answer.status_code == 202
    job = answer.json()
    assert 0 < job["done_texts"] < job["total_texts"] == 600
    first = start_worker("transfers")
    end = time.monotonic() + 60
    while program.get(path_of(job)).json()["status"] != "running" and time.monotonic() < end:
        time.sleep(0.05)
    first.kill()
    lease = score_jobs._key(job["id"], "lease")
    for name in (lease, score_jobs._key(job["id"], "bell")):
        client().delete(name)  # as if the time of the killed worker were up
    begun = program.get(path_of(job)).json()
    assert begun["status"] == "waiting"
    start_worker("transfers")
    done = finished(program, job, 120)
    assert len(done["results"]) == 600
    assert all(result["verdict"] for result in done["results"])


def test_nobody_but_the_key_that_sent_a_batch_sees_its_job(
    hasty: Settings, program: Caller, owner: User
) -> None:
    stuck()
    job = program.post(SCORE, {"texts": TEXTS}).json()
    assert job["status"] == "waiting"
    other_key = Caller(api_key_create(name="other", owner=owner, scopes=["score"])[1])
    stranger = Caller(api_key_create(name="s", owner=api_person("stranger"), scopes=["score"])[1])
    for caller in (other_key, stranger):
        assert_problem(caller.get(path_of(job)), 404, "not-found")
        assert_problem(caller.delete(path_of(job)), 404, "not-found")
    assert program.get(path_of(job)).json()["done_texts"] == 0
    reads = Caller(api_key_create(name="r", owner=owner, scopes=["read"])[1])
    assert_problem(reads.get(path_of(job)), 403, "forbidden")
    assert_problem(program.get("/api/v1/score/jobs/nothing/"), 404, "not-found")


def test_a_job_expires(hasty: Settings, program: Caller) -> None:
    stuck()
    hasty.SCORE_JOB_SECONDS = 0.3
    job = program.post(SCORE, {"texts": TEXTS}).json()
    time.sleep(0.4)
    assert program.get(path_of(job)).status_code == 404
    left = [name for name in redis_values() if "score-job:" in name and not name.endswith(":bell")]
    assert left == []


def test_a_caller_has_some_jobs_at_a_time_and_the_quota_is_given_back(hasty: Settings, owner: User) -> None:
    stuck()
    most = (score_jobs.JOBS_MAX + 1) * len(TEXTS)
    program = Caller(api_key_create(name="k", owner=owner, scopes=["score"], texts_per_day=most)[1])
    for _ in range(score_jobs.JOBS_MAX):
        job = program.post(SCORE, {"texts": TEXTS})
        assert job.status_code == 202
    refused = program.post(SCORE, {"texts": TEXTS})
    assert_problem(refused, 504, "deadline-passed")
    assert refused.json()["action"] == "hold"
    program.delete(path_of(job.json()))
    assert program.post(SCORE, {"texts": TEXTS}).status_code == 202


def test_one_text_and_a_batch_without_a_worker_are_errors_as_before(hasty: Settings, program: Caller) -> None:
    assert_problem(program.post(SCORE, {"texts": TEXTS}), 503, "no-worker")
    stuck()
    assert_problem(program.post(SCORE, {"text": TEXTS[0]}), 504, "deadline-passed")
    for small in (TEXTS[:1], TEXTS[:4]):  # one question to the worker, as a job would ask it
        assert_problem(program.post(SCORE, {"texts": small}), 504, "deadline-passed")
