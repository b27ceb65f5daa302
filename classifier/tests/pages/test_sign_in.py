"""Signing in: who gets in, what a wrong password tells, what guessing costs."""

import pytest
from django.test import Client
from pytest_django import Settings

from classifier.models import User
from classifier.tests.pages.conftest import HTMX, PASSWORD


def test_it_sends_a_stranger_to_sign_in_and_back_again(client: Client, owner: User) -> None:
    response = client.get("/comments/?status=pending")
    assert response.status_code == 302
    assert response.headers["Location"] == "/sign-in/?next=/comments/%3Fstatus%3Dpending"
    done = client.post(response.headers["Location"], {"username": "owner", "password": PASSWORD})
    assert done.status_code == 302
    assert done.headers["Location"] == "/comments/?status=pending"
    assert client.get("/sign-in/").headers["Location"] == "/"


def test_it_goes_on_to_the_page_that_was_asked_for(client: Client, owner: User) -> None:
    body = {"username": "owner", "password": PASSWORD, "next": "/comments/"}
    assert client.post("/sign-in/", body).headers["Location"] == "/comments/"


def test_it_never_goes_on_to_another_site(client: Client, owner: User) -> None:
    body = {"username": "owner", "password": PASSWORD, "next": "https://elsewhere.example/"}
    assert client.post("/sign-in/", body).headers["Location"] == "/"


def test_it_does_not_tell_a_wrong_name_from_a_wrong_password(client: Client, owner: User) -> None:
    User.objects.create_user("closed", password=PASSWORD, is_active=False)
    answers = set()
    for name, password in (("owner", "wrong"), ("nobody", "wrong"), ("closed", PASSWORD)):
        response = client.post("/sign-in/", {"username": name, "password": password})
        assert response.status_code == 422
        assert "do not match an account" in response.content.decode()
        answers.add(response.content.decode().split('role="alert"')[1].split("</div>")[0])
    assert len(answers) == 1


def test_it_names_the_field_that_was_left_empty(client: Client, owner: User) -> None:
    page = client.post("/sign-in/", {"username": "owner", "password": ""}).content.decode()
    assert "type your password" in page
    assert "type your user name" not in page
    assert 'value="owner"' in page


def test_it_makes_a_guesser_wait_and_nobody_else(client: Client, owner: User, settings: Settings) -> None:
    settings.SIGN_IN_FAILURES_MAX = 3
    for _ in range(3):
        assert client.post("/sign-in/", {"username": "owner", "password": "no"}).status_code == 422
    blocked = client.post("/sign-in/", {"username": "owner", "password": PASSWORD})
    assert blocked.status_code == 429
    assert int(blocked.headers["Retry-After"]) > 0
    assert "Too many wrong tries" in blocked.content.decode()
    elsewhere = Client(REMOTE_ADDR="10.1.2.3")
    assert elsewhere.post("/sign-in/", {"username": "owner", "password": PASSWORD}).status_code == 302


@pytest.mark.parametrize("path", ["/preview/", "/words/"])
def test_an_htmx_request_without_a_session_leads_to_sign_in_as_a_whole(
    client: Client, owner: User, path: str
) -> None:
    response = client.post(path, {"text": "x"}, headers=HTMX)
    assert response.headers["HX-Redirect"] == "/sign-in/?next=/"


def test_signing_out_takes_a_post_and_ends_the_session(as_owner: Client) -> None:
    assert as_owner.get("/sign-out/").status_code == 405
    assert as_owner.post("/sign-out/").status_code == 302
    assert as_owner.get("/").status_code == 302
