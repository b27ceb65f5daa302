"""Pages for who is signed in already, for browser tests; those of the review queue where no other is named."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.test import Client
from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer

from classifier.models import User
from classifier.tests.browser_fixtures import PATIENCE


@contextmanager
def browser_of(browser: Browser, live_server: LiveServer, user: User, at: str = "/queue/") -> Iterator[Page]:
    """A browser context of this person's own, at one page; script errors fail the test."""
    client = Client()
    client.force_login(user)
    context = browser.new_context(
        base_url=live_server.url, viewport={"width": 1280, "height": 900}, reduced_motion="reduce"
    )
    cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}
    context.add_cookies([cookie])  # type: ignore[list-item]
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda line: faults.append(line.text) if "Content Security" in line.text else None)
    page.goto(at)
    yield page
    context.close()
    assert not faults, faults
