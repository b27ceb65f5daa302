"""axe finds nothing serious on any page of the site, with data, wide and narrow, light and dark."""

from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer

from classifier.models import ModelVersion
from classifier.tests.accessibility import problems_of
from classifier.tests.browser_fixtures import PATIENCE, browser
from classifier.tests.conftest import active_version, artifacts, candidates, models_dir
from toxicsite.tests.every_page import Site, build_site

__all__ = ["active_version", "artifacts", "browser", "candidates", "models_dir"]
pytestmark = [pytest.mark.long, pytest.mark.browser, pytest.mark.django_db(transaction=True)]


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


def test_no_page_has_a_serious_fault(page: Page, site: Site) -> None:
    found: list[str] = []
    for where in site.addresses():
        answer = page.goto(where)
        if answer is None or answer.status != 200:
            found.append(f"{where} answers {answer.status if answer else 'nothing'}")
            continue
        found += problems_of(page, where)
    assert not found, "\n".join(found)
