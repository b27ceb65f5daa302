"""axe finds nothing serious on any page of the site, with data, wide and narrow, light and dark."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer

from classifier.models import ModelVersion
from classifier.tests.browser_fixtures import PATIENCE, browser
from classifier.tests.conftest import active_version, artifacts, candidates, models_dir
from toxicsite.tests.every_page import Site, build_site

__all__ = ["active_version", "artifacts", "browser", "candidates", "models_dir"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WIDE, PHONE = {"width": 1280, "height": 860}, {"width": 360, "height": 740}
EVERY_RULE = {"resultTypes": ["violations"]}
COLOURS = {**EVERY_RULE, "runOnly": ["color-contrast"]}
# All rules where most rows are on screen, and again on a phone; only colours change with the scheme.
VIEWS: list[tuple[str, dict[str, int], Any, dict[str, Any]]] = [
    ("wide, light", WIDE, "light", EVERY_RULE),
    ("wide, dark", WIDE, "dark", COLOURS),
    ("phone, dark", PHONE, "dark", EVERY_RULE),
    ("phone, light", PHONE, "light", COLOURS),
]
SIDEWAYS = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


@pytest.fixture
def site(transactional_db: None, redis_clean: None, active_version: ModelVersion) -> Site:
    return build_site(active_version)


@pytest.fixture
def page(browser: Browser, live_server: LiveServer, site: Site) -> Any:
    """The page of an admin."""
    client = Client()
    client.force_login(site.admin)
    name = settings.SESSION_COOKIE_NAME
    context = browser.new_context(base_url=live_server.url, reduced_motion="reduce")
    context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": live_server.url}])
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    yield page
    context.close()


def faults(page: Page, where: str) -> list[str]:
    """What is serious on the page that is shown, in every view."""
    found = []
    page.evaluate(Axe().axe_script)
    for view, size, scheme, options in VIEWS:
        page.set_viewport_size(size)  # type: ignore[arg-type]
        page.emulate_media(color_scheme=scheme)
        violations = page.evaluate("o => axe.run(document, o).then(r => r.violations)", options)
        for one in violations:
            if one["impact"] in ("serious", "critical"):
                nodes = [node["html"][:160] for node in one["nodes"]]
                found.append(f"{where} ({view}): {one['id']}: {nodes}")
        if page.evaluate(SIDEWAYS):
            found.append(f"{where} ({view}) scrolls sideways")
    return found


def test_no_page_has_a_serious_fault(page: Page, site: Site) -> None:
    found: list[str] = []
    for where in site.addresses():
        answer = page.goto(where)
        if answer is None or answer.status != 200:
            found.append(f"{where} answers {answer.status if answer else 'nothing'}")
            continue
        found += faults(page, where)
    assert not found, "\n".join(found)
