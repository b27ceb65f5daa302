"""The browsable API page: works under the site's strict CSP, reaches no other host, and really calls the API."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser

from classifier.models import Comment
from classifier.tests.api.conftest import person

OPENAPI_FILE = Path(settings.BASE_DIR) / "classifier" / "api" / "openapi.yaml"
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@contextmanager
def api_page(browser: Browser, live_server: Any) -> Iterator[Any]:
    """The API page in a browser of a signed-in person; fails on errors in the console and on other hosts."""
    client = Client()
    client.force_login(person("owner", "add_comment"))
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    trouble: list[str] = []
    with browser.new_context() as context:
        cookie = {"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}
        context.add_cookies([cookie])  # type: ignore[list-item]
        page = context.new_page()
        page.on("console", lambda message: trouble.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: trouble.append(str(error)))
        page.on("request", lambda request: _note_other_host(request.url, live_server.url, trouble))
        page.goto(f"{live_server.url}/api/docs/")
        yield page
    assert trouble == []


def _note_other_host(url: str, own: str, trouble: list[str]) -> None:
    if (
        urlsplit(url).scheme in ("http", "https", "ws", "wss")
        and urlsplit(url).netloc != urlsplit(own).netloc
    ):
        trouble.append(f"asked another host: {url}")


def operations() -> int:
    """How many operations the committed OpenAPI file has."""
    paths = yaml.safe_load(OPENAPI_FILE.read_text())["paths"]
    verbs = {"get", "post", "put", "patch", "delete"}
    return sum(verb in verbs for methods in paths.values() for verb in methods)


def operations_shown(page: Any) -> set[str]:
    """Scroll through the page, which draws only what is in view, and return the ids of all operations."""
    shown: set[str] = set()
    expected = operations()
    page.mouse.move(400, 400)
    for _ in range(200):
        shown |= set(page.eval_on_selector_all(".opblock", "blocks => blocks.map(block => block.id)"))
        if len(shown) == expected:
            break
        page.mouse.wheel(0, 300)
        page.wait_for_timeout(40)
    return shown


def test_it_shows_every_operation_and_submits_a_comment_with_the_readers_session(
    browser: Browser, live_server: Any
) -> None:
    with api_page(browser, live_server) as page:
        page.wait_for_selector(".opblock")
        assert len(operations_shown(page)) == operations()
        page.evaluate("window.scrollTo(0, 0)")
        operation = page.locator("#operations-comments-submit_comments")
        for _ in range(40):
            if operation.count():
                break
            page.mouse.wheel(0, 200)
            page.wait_for_timeout(40)
        operation.locator(".opblock-summary-control").click()
        operation.locator(".try-out__btn").click()
        operation.locator("button.execute").click()
        answer = operation.locator(".live-responses-table .response-col_status").last
        answer.wait_for()
        assert answer.inner_text().startswith("202")
    assert Comment.objects.get().text == "You are a worthless idiot."


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_an_opened_operation_has_no_serious_finding_of_axe(
    theme: str, browser: Browser, live_server: Any
) -> None:
    with api_page(browser, live_server) as page:
        page.emulate_media(color_scheme=theme)
        for method in ("get", "post"):
            page.locator(f".opblock-{method} .opblock-summary-control").first.click()
        page.locator(".try-out__btn").last.click()
        page.wait_for_timeout(300)
        page.keyboard.press("Home")
        found = Axe().run(page).response["violations"]
    serious = [
        (one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in ("serious", "critical")
    ]
    assert serious == []


def test_the_page_keeps_the_strict_policy(client: Client) -> None:
    policy = client.get("/api/docs/").headers["Content-Security-Policy"]
    assert "unsafe-inline" not in policy
    assert "unsafe-eval" not in policy
    assert "script-src 'self'" in policy
