"""Errors wear the site's look, fit where htmx puts them, and never show what is inside."""

import errno
from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client

from classifier.models import User
from classifier.tests.page_fixtures import HTMX


def test_an_unknown_address_is_a_page_of_the_site(as_owner: Client) -> None:
    response = as_owner.get("/nothing/here/")
    page = response.content.decode()
    assert response.status_code == 404
    assert "Page not found" in page
    assert ">Comments<" in page
    assert "urlpatterns" not in page


def test_also_for_who_is_not_signed_in(client: Client, db: None) -> None:
    assert "Page not found" in client.get("/nothing/").content.decode()


def test_a_form_without_its_token_is_refused_in_plain_words(owner: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)
    page = client.post("/", {"text": "x"})
    assert page.status_code == 403
    assert "open too long" in page.content.decode()
    part = client.post("/", {"text": "x"}, headers=HTMX).content.decode()
    assert "open too long" in part
    assert "<html" not in part


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_a_crash_shows_nothing_of_the_inside(
    as_owner: Client, answers: Callable[[Any], None], headers: dict[str, str]
) -> None:
    answers(RuntimeError("the password is swordfish"))
    response = as_owner.post("/", {"text": "my own words", "discard": "on"}, headers=headers)
    page = response.content.decode()
    assert response.status_code == 500
    assert "Something broke on the server" in page
    assert "swordfish" not in page
    assert "Traceback" not in page
    assert ("<html" in page) is not bool(headers)


@pytest.mark.parametrize("headers", [{}, HTMX])
@pytest.mark.parametrize(
    ("error", "status", "heading"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), 507, "The server has no room"),
        (OperationalError("server closed the connection at 10.0.0.7"), 503, "The database does not answer"),
    ],
)
def test_a_full_disk_and_a_database_that_is_away_are_told_in_words(
    as_owner: Client,
    answers: Callable[[Any], None],
    error: Exception,
    status: int,
    heading: str,
    headers: dict[str, str],
) -> None:
    answers(error)
    response = as_owner.post("/", {"text": "my own words", "discard": "on"}, headers=headers)
    page = response.content.decode()
    assert response.status_code == status
    assert response.headers["Retry-After"]
    assert heading in page
    assert "Something broke" not in page
    assert "10.0.0.7" not in page


def test_a_crash_of_the_templates_too_is_still_answered(
    as_owner: Client, answers: Callable[[Any], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    answers(RuntimeError("first"))

    def broken(*args: Any, **kwargs: Any) -> str:
        raise RuntimeError("second")

    monkeypatch.setattr("classifier.web.error_pages.loader.render_to_string", broken)
    response = as_owner.post("/", {"text": "x", "discard": "on"})
    assert response.status_code == 500
    assert "Something broke" in response.content.decode()


def test_every_page_forbids_inline_scripts_and_styles(as_owner: Client) -> None:
    policy = as_owner.get("/").headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "script-src 'self'" in policy


@pytest.mark.parametrize("path", ["/comments/1/edit/", "/preferences/blur/"])
def test_an_address_that_takes_a_form_only_says_so_when_it_is_opened(path: str, as_owner: Client) -> None:
    response = as_owner.get(path)
    page = response.content.decode()
    assert (response.status_code, response.headers["Allow"]) == (405, "POST")
    assert "This address only takes a form" in page
    assert ">Classify<" in page


def test_a_wrong_method_of_the_api_is_still_a_problem_of_the_api(as_owner: Client) -> None:
    response = as_owner.delete("/api/v1/score/")
    assert response.headers["Content-Type"].startswith("application/problem+json")
