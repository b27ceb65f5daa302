"""Every answer tells browsers what they may do with it: pages, the API, the admin, errors and files."""

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import Client

from classifier.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_clean")]
PATHS = ("/sign-in/", "/", "/nowhere/", "/healthz", "/api/v1/", "/api/v1/nowhere/", "/admin/", "/metrics")


@pytest.fixture
def owner() -> User:
    return User.objects.create_superuser("owner", password="a long password of ours")


def answer(path: str, person: User | None = None) -> HttpResponse:
    client = Client()
    if person is not None:
        client.force_login(person)
    response = client.get(path)
    assert isinstance(response, HttpResponse)
    return response


@pytest.mark.parametrize("path", PATHS)
def test_no_answer_is_guessed_framed_or_told_to_others(path: str, owner: User) -> None:
    for person in (None, owner):
        headers = answer(path, person).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


def test_neither_is_a_refusal_nor_a_file() -> None:
    too_large = Client().post(
        "/api/v1/comments/", b"x", content_type="application/json", CONTENT_LENGTH="99999999"
    )
    assert too_large.status_code == 413
    file = Client().get("/static/css/admin.css")
    for response in (too_large, file):
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["/sign-in/", "/", "/admin/"])
def test_a_page_shares_no_window_with_other_sites(path: str, owner: User) -> None:
    headers = answer(path, owner).headers
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_has_a_type_with_its_encoding(path: str, owner: User) -> None:
    response = answer(path, owner)
    kind = response.headers["Content-Type"]
    assert "charset=utf-8" in kind or kind.startswith("application/") or not response.content, kind


@pytest.mark.parametrize("path", ["/sign-in/", "/nowhere/", "/api/v1/", "/admin/"])
def test_the_content_policy_allows_no_plugin_no_base_and_no_frame(path: str, owner: User) -> None:
    header = answer(path, owner).headers["Content-Security-Policy"]
    directives = dict(part.strip().split(" ", 1) for part in header.split(";") if part.strip())
    assert directives["default-src"] == "'none'"  # and with it object-src
    assert "object-src" not in directives
    assert directives["base-uri"] == "'none'"
    assert directives["frame-ancestors"] == "'none'"
    assert directives["form-action"] == "'self'"


def test_the_session_cookie_is_closed_to_scripts_and_other_sites(owner: User) -> None:
    client = Client()
    sent = {"username": "owner", "password": "a long password of ours"}
    response = client.post("/sign-in/", sent)
    assert response.status_code == 302
    cookie = response.cookies[settings.SESSION_COOKIE_NAME]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert len(cookie.value) >= 32


def test_signing_in_makes_a_new_session(owner: User) -> None:
    client = Client()
    session = client.session
    session["planted"] = True
    session.save()
    planted = session.session_key
    client.cookies[settings.SESSION_COOKIE_NAME] = str(planted)
    client.post("/sign-in/", {"username": "owner", "password": "a long password of ours"})
    assert client.cookies[settings.SESSION_COOKIE_NAME].value != planted


def test_a_new_password_ends_the_other_sessions(owner: User) -> None:
    client = Client()
    client.force_login(owner)
    assert client.get("/history/").status_code == 200
    owner.set_password("another long password")
    owner.save()
    assert client.get("/history/").status_code == 302


@pytest.mark.parametrize("path", ["/", "/sign-in/", "/api/v1/comments/", "/healthz"])
def test_trace_sends_nothing_back(path: str, owner: User) -> None:
    client = Client()
    client.force_login(owner)
    response = client.generic(
        "TRACE", path, "unrepeatable words", headers={"X-Planted": "unrepeatable words"}
    )
    assert "unrepeatable words" not in response.content.decode()
