"""Whatever goes wrong under a dialect's paths, before or around its view, has the dialect's own form."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from classifier.tests.dialects.conftest import ANALYZE, MODERATIONS, PREDICT, Sender

FORMS: dict[str, Callable[[Any], Any]] = {
    "/v1alpha1/": lambda body: body["error"]["status"] and body["error"]["code"],
    "/v1/": lambda body: body["error"].keys() == {"message", "type", "param", "code"},
    "/predict": lambda body: body.keys() == {"error", "error_type"},
}
PATHS = [ANALYZE, MODERATIONS, PREDICT]


def assert_own_form(path: str, response: Any) -> None:
    assert response.headers["Content-Type"].startswith("application/json"), response.content
    assert next(form for prefix, form in FORMS.items() if path.startswith(prefix))(response.json())


@pytest.mark.parametrize("path", ["/v1alpha1/comments:nothing", "/v1/chat/completions", "/v1/", "/predict/"])
def test_an_unknown_path_is_a_404(db: None, path: str) -> None:
    for response in (Client().get(path), Client(enforce_csrf_checks=True).post(path)):
        assert response.status_code == 404
        assert_own_form(path, response)
        assert response.templates == [], "no page is made to be thrown away"


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS"])
def test_another_method_is_a_405_that_names_the_right_one(db: None, path: str, method: str) -> None:
    response = Client().generic(method, path)
    assert (response.status_code, response.headers["Allow"]) == (405, "POST")
    assert_own_form(path, response)


@pytest.mark.parametrize("path", PATHS)
def test_a_body_over_the_limit_is_a_413(sender: Sender, settings: Settings, path: str) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000
    response = sender.post(path, b"x" * 1_001)
    assert response.status_code == 413
    assert_own_form(path, response)
    multipart = sender.client.post(
        path,
        b"x" * 1_001,
        content_type="multipart/form-data; boundary=x",
        headers={"Authorization": f"Bearer {sender.plaintext}"},
    )
    assert multipart.status_code == 413
    assert_own_form(path, multipart)


@pytest.mark.parametrize("path", PATHS)
def test_a_host_that_is_not_ours_is_refused_in_the_dialects_form(db: None, path: str) -> None:
    response = Client(raise_request_exception=False).post(path, headers={"Host": "evil.example"})
    assert response.status_code == 400
    assert_own_form(path, response)


@pytest.mark.parametrize("path", PATHS)
def test_a_bug_is_a_500_without_its_words(sender: Sender, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("secret words")

    monkeypatch.setattr("classifier.dialects.view.read_body", fail)
    response = sender.post(path, {})
    assert response.status_code == 500
    assert b"secret" not in response.content
    assert_own_form(path, response)


@pytest.mark.parametrize("path", PATHS)
def test_a_session_is_no_key(admin_client: Client, path: str) -> None:
    response = admin_client.post(path, {}, content_type="application/json")
    assert response.status_code in (400, 401)
    assert_own_form(path, response)


def test_pages_and_version_1_keep_their_own_errors(db: None) -> None:
    assert Client().get("/nothing/").headers["Content-Type"].startswith("text/html")
    assert Client().get("/api/v1/nothing/").headers["Content-Type"] == "application/problem+json"
    assert Client().get("/information/").headers["Content-Type"].startswith("text/html")
