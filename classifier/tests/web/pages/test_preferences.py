"""Blurred text and colours: kept, switched without a reload, and harmless with odd input."""

from typing import Any

from django.test import Client

from classifier.models import User
from classifier.tests.page_fixtures import HTMX


def test_blur_is_on_until_somebody_switches_it_off(as_owner: Client, owner: User) -> None:
    assert 'data-blur="on"' in as_owner.get("/").content.decode()
    response = as_owner.post("/preferences/blur/", {"blur": "off", "next": "/comments/"})
    assert response.headers["Location"] == "/comments/"
    owner.refresh_from_db()
    assert owner.blur_text is False
    assert 'data-blur="off"' in as_owner.get("/").content.decode()


def test_the_site_chooses_how_new_people_begin(owner: User, settings: Any) -> None:
    settings.BLUR_TEXT_DEFAULT = False
    assert User.objects.create_user("later").blur_text is False
    owner.refresh_from_db()
    assert owner.blur_text is True


def test_with_htmx_the_switch_answers_itself_and_tells_the_page(as_owner: Client) -> None:
    response = as_owner.post("/preferences/blur/", {"blur": "off"}, headers=HTMX)
    assert '"site:blur": {"blur": "off"}' in response.headers["HX-Trigger"]
    assert "Blur off" in response.content.decode()


def test_an_odd_value_changes_nothing(as_owner: Client, owner: User) -> None:
    as_owner.post("/preferences/blur/", {"blur": "perhaps"})
    owner.refresh_from_db()
    assert owner.blur_text is True


def test_colours_are_kept_in_a_cookie_also_before_sign_in(client: Client) -> None:
    response = client.post("/preferences/theme/", {"theme": "dark", "next": "/sign-in/"})
    assert response.headers["Location"] == "/sign-in/"
    assert response.cookies["theme"]["httponly"]
    client.cookies["theme"] = "dark"
    assert 'data-theme="dark"' in client.get("/sign-in/").content.decode()


def test_an_odd_colour_is_the_device_s_own(client: Client) -> None:
    client.cookies["theme"] = '"><script>'
    page = client.get("/sign-in/").content.decode()
    assert "data-theme" not in page
    assert client.post("/preferences/theme/", {"theme": "<b>"}).cookies["theme"].value == "auto"


def test_it_never_leads_to_another_site(as_owner: Client) -> None:
    body = {"blur": "off", "next": "//elsewhere.example/"}
    assert as_owner.post("/preferences/blur/", body).headers["Location"] == "/"


def test_a_get_changes_nothing(as_owner: Client) -> None:
    assert as_owner.get("/preferences/blur/?blur=off").status_code == 405
    assert as_owner.get("/preferences/theme/").status_code == 405
