"""Answers where no worker runs, or one that does not answer: soon, honest, and with what to do next."""

import time

import pytest
from pytest_django import Settings

from classifier.scoring.heartbeat import beat
from classifier.tests.api.conftest import COMMENTS, SCORE, Caller, assert_problem

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_clean")]


def test_no_worker_is_a_503_at_once_with_retry_after(program: Caller) -> None:
    started = time.monotonic()
    response = program.post(SCORE, {"text": "x"})
    assert_problem(response, 503, "no-worker")
    assert int(response.headers["Retry-After"]) > 0
    assert time.monotonic() - started < 2


def test_a_worker_that_does_not_answer_is_a_504_after_the_deadline(
    program: Caller, settings: Settings
) -> None:
    settings.SCORE_DEADLINE_SECONDS = 0.3
    beat("stuck", model_version="tiny", backend="none", problem="")
    response = program.post(SCORE, {"text": "x"})
    assert_problem(response, 504, "deadline-passed")
    assert response.headers["Retry-After"]


def test_waiting_on_a_worker_that_does_not_answer_ends_pending(program: Caller) -> None:
    beat("stuck", model_version="tiny", backend="none", problem="")
    started = time.monotonic()
    response = program.post(f"{COMMENTS}?wait=0.3", {"items": [{"text": "x"}, {"text": "y"}]})
    assert response.status_code == 202
    assert 0.3 <= time.monotonic() - started < 3
    assert {item["status"] for item in response.json()["items"]} == {"pending"}
