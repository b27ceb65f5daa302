"""One id goes with a request through its reply, its log lines and the tasks it rings for."""

import json
import logging
from types import SimpleNamespace
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from toxicsite import celery
from toxicsite.lib import request_id
from toxicsite.lib.logging import JsonFormatter, TextFormatter
from toxicsite.middleware import RequestIdMiddleware

RECORD = logging.LogRecord("some.logger", logging.INFO, __file__, 1, "done", (), None)


def replied(sent: str | None) -> tuple[str, str]:
    """The id of the reply, and the one that code saw meanwhile."""
    seen: list[str] = []

    def view(request: HttpRequest) -> HttpResponse:
        seen.append(request_id.current())
        return HttpResponse()

    headers: Any = {} if sent is None else {"X-Request-ID": sent}
    response = RequestIdMiddleware(view)(RequestFactory().get("/", headers=headers))
    return response.headers["X-Request-ID"], seen[0]


def test_a_sane_id_of_the_caller_is_kept_and_given_back() -> None:
    assert replied("order-4711.a_b") == ("order-4711.a_b", "order-4711.a_b")


@pytest.mark.parametrize(
    "sent",
    [None, "", "short", "a" * 65, "two words", 'a"b{c}d', "line\tend", "tox_1a2b3c4d_secret", "ünïcödé"],
)
def test_anything_else_gets_a_new_id(sent: str | None) -> None:
    told, seen = replied(sent)
    assert told == seen
    assert told != sent
    assert len(told) == 32


def test_the_id_ends_with_the_request() -> None:
    replied("order-4711")
    assert request_id.current() == ""


def test_every_reply_has_one_also_probes_and_problems(db: None) -> None:
    for path in ("/healthz", "/sign-in/", "/nothing-here/", "/api/v1/comments/", "/api/nothing/"):
        assert (
            Client().get(path, headers={"X-Request-ID": "order-4711"}).headers["X-Request-ID"] == "order-4711"
        )


def test_both_forms_of_log_lines_carry_it() -> None:
    with request_id.bound("order-4711"):
        assert json.loads(JsonFormatter().format(RECORD))["request_id"] == "order-4711"
        assert "some.logger [order-4711]: done" in TextFormatter().format(RECORD)
    assert "request_id" not in json.loads(JsonFormatter().format(RECORD))


def test_a_task_is_sent_with_the_id_and_works_under_it() -> None:
    headers: dict[str, Any] = {}
    with request_id.bound("order-4711"):
        celery.send_request_id(headers=headers)
    task = SimpleNamespace(request=SimpleNamespace(get=headers.get, id="task-id", is_eager=False))
    celery.take_request_id(sender=task)
    assert request_id.current() == "order-4711"
    celery.forget_request_id(sender=task)
    assert request_id.current() == ""
