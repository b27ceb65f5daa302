"""Errors that no endpoint raises itself are problems too."""

import errno
from typing import Any

import pytest
from django.db import InterfaceError, OperationalError, connection
from django.test import Client

from classifier.models import Comment
from classifier.tests.api.conftest import COMMENTS, SCORE, Caller, assert_problem
from toxicsite.lib.storage_errors import NOTHING_STORED


@pytest.mark.parametrize(
    "path", ["/api/", "/api/v2/", "/api/v1/", "/api/v1/nothing/", f"{COMMENTS}x/", "/api/%00", "/api//"]
)
@pytest.mark.django_db
def test_an_unknown_address_is_a_404_problem(path: str) -> None:
    for response in (Client().get(path), Client().post(path)):
        assert "/api/docs/" in assert_problem(response, 404, "not-found")["detail"]


@pytest.mark.parametrize("pk", ["0", "999999", "9" * 30, "9" * 5_000])
def test_an_unknown_comment_is_a_404_problem(program: Caller, pk: str) -> None:
    assert_problem(program.get(f"{COMMENTS}{pk}/"), 404, "not-found")


def test_a_forgotten_slash_is_followed_for_reading_and_named_for_writing(program: Caller) -> None:
    response = program.get(COMMENTS.rstrip("/"), limit="1")
    assert (response.status_code, response.headers["Location"]) == (308, f"{COMMENTS}?limit=1")
    problem = assert_problem(program.post(COMMENTS.rstrip("/"), {"text": "x"}), 404, "not-found")
    assert COMMENTS in problem["detail"]
    assert not Comment.objects.exists()


@pytest.mark.parametrize("method", ["put", "patch", "delete", "options", "trace"])
def test_another_method_is_a_405_problem_with_allow(program: Caller, method: str) -> None:
    for path in (COMMENTS, SCORE, f"{COMMENTS}1/rescan/"):
        response = getattr(program.client, method)(path, headers=program.headers)
        assert_problem(response, 405, "method-not-allowed")
        assert response.headers["Allow"]


def test_any_accept_header_gets_json(program: Caller) -> None:
    response = program.client.get(
        COMMENTS, headers={**program.headers, "Accept": "text/html;q=0.9, image/png"}
    )
    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/json")


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
@pytest.mark.parametrize(
    ("path", "body"),
    [(COMMENTS, {"text": "x"}), ("/v1/moderations", {"input": "x"})],
    ids=["version 1", "a dialect"],
)
def test_a_database_that_is_away_is_a_503_that_asks_to_come_back(
    error: type[Exception], path: str, body: Any, program: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(**kwargs: Any) -> None:
        raise error("server closed the connection at 10.0.0.7")

    monkeypatch.setattr("classifier.api.authentication.api_key_authenticate", away)
    monkeypatch.setattr("classifier.dialects.view.api_key_authenticate", away)
    response = program.post(path, body)
    assert (response.status_code, response.headers["Retry-After"]) == (503, "5")
    assert "database" in response.content.decode()
    assert "10.0.0.7" not in response.content.decode()


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (COMMENTS, {"text": "x"}, 507),
        ("/v1/moderations", {"input": "x"}, 503),
        ("/predict", {"inputs": "x"}, 503),
        (
            "/v1alpha1/comments:analyze",
            {"comment": {"text": "x"}, "requestedAttributes": {"TOXICITY": {}}},
            503,
        ),
    ],
)
def test_a_full_disk_is_told_in_the_words_of_each_api(
    path: str, body: Any, status: int, program: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(**kwargs: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("DO $$ BEGIN RAISE EXCEPTION 'pg_wal/17' USING ERRCODE = '53100'; END $$")

    monkeypatch.setattr("classifier.api.authentication.api_key_authenticate", full)
    monkeypatch.setattr("classifier.dialects.view.api_key_authenticate", full)
    response = program.post(f"{path}?key=tox_0_0" if "alpha" in path else path, body)
    assert (response.status_code, response.headers["Retry-After"]) == (status, "30")
    said = response.json()
    if path == COMMENTS:
        assert_problem(response, 507, "no-room")
    elif path == "/predict":
        assert (said["error_type"], said["error"]) == ("Unhealthy", NOTHING_STORED)
    elif path == "/v1/moderations":
        assert (said["error"]["type"], said["error"]["message"]) == ("server_error", NOTHING_STORED)
    else:
        assert said["error"] == {"code": 503, "status": "UNAVAILABLE", "message": NOTHING_STORED}
    assert "pg_wal" not in response.content.decode()


@pytest.mark.parametrize(
    ("error", "status", "kind", "in_dialect"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), 507, "no-room", "disk is full"),
        (OperationalError("lost at 10.0.0.7"), 503, "unavailable", "database does not answer"),
    ],
)
def test_what_breaks_around_the_views_is_told_in_the_same_words(
    error: Exception,
    status: int,
    kind: str,
    in_dialect: str,
    program: Caller,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*args: Any) -> None:
        raise error

    monkeypatch.setattr("django.contrib.sessions.middleware.SessionMiddleware.process_request", broken)
    response = program.post(COMMENTS, {"text": "x"})
    assert_problem(response, status, kind)
    assert response.headers["Retry-After"]
    response = program.post("/v1/moderations", {"input": "x"})
    assert response.status_code == 503
    assert in_dialect in response.json()["error"]["message"]


def test_a_bug_is_a_500_problem_with_a_request_id_and_no_secret(
    program: Caller, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(**kwargs: Any) -> None:
        raise RuntimeError("the password is swordfish")

    monkeypatch.setattr("classifier.comments.api.submission.comment_submit", broken)
    response = program.post(COMMENTS, {"text": "x"})
    problem = assert_problem(response, 500, "server-error")
    assert "swordfish" not in response.content.decode()
    assert problem["request_id"] in caplog.text
    assert "swordfish" in caplog.text


@pytest.mark.django_db
def test_a_refused_host_is_a_problem_too() -> None:
    assert_problem(Client().get(COMMENTS, headers={"Host": "evil.example"}), 400, "malformed-body")
