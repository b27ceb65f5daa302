"""A signed-in model admin before a Chromium, and what the tests of runs have: rows, a tiny encoder, real workers."""

from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from classifier.accounts.roles import MODEL_ADMIN
from classifier.models import User
from classifier.tests.browser_fixtures import browser, meant, page
from classifier.tests.conftest import person
from training.tests.experiments.runs.conftest import base, make_dataset, places, start_worker

__all__ = ["base", "browser", "make_dataset", "meant", "page", "places", "start_worker"]

PATIENCE = 60_000
"""Milliseconds: these pages carry charts, and a run is learning beside them."""


@pytest.fixture
def model_admin(transactional_db: None, redis_clean: None) -> User:
    return person("model-admin", MODEL_ADMIN)


@pytest.fixture
def signed_in(page: Page, model_admin: User, live_server: LiveServer) -> Page:
    """The page of a model admin; the console's errors, the content policy's among them, fail the test."""
    client = Client()
    client.force_login(model_admin)
    cookie: Any = {
        "name": settings.SESSION_COOKIE_NAME,
        "value": client.cookies[settings.SESSION_COOKIE_NAME].value,
        "url": live_server.url,
    }
    page.context.add_cookies([cookie])
    page.set_default_timeout(PATIENCE)
    return page
