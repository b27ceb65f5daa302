"""A Chromium, a live server and a real worker with the starter model; a page that reports what it complains of."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import Group
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright
from pytest_django import DjangoDbBlocker
from pytest_django.live_server_helper import LiveServer

from classifier.accounts.roles import MODERATOR
from classifier.model_versions.services import model_version_activate, model_version_register
from classifier.models import ModelVersion, User
from classifier.scoring.heartbeat import worker_status
from classifier.scoring.score_texts import score_texts
from classifier.tests.tiny_artifact import tiny_artifact
from classifier.tests.worker_process import own_database_url, running_worker
from toxicsite.tests.waiting import wait_until

PASSWORD = "a-long-enough-password"
START_SECONDS = 60.0
PATIENCE = 20_000
"""Milliseconds that a page may take on a busy machine; an idle one needs a tenth of a second."""
BROWSERS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def starter_folder() -> Path | None:
    """The shipped starter model, or the one that TOXICSITE_TEST_MODEL names; None where there is none."""
    folder = Path(os.environ.get("TOXICSITE_TEST_MODEL") or settings.STARTER_MODEL_DIR)
    return folder if (folder / "manifest.json").is_file() else None


_OPEN: list[Browser] = []


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium a process, also where another folder's tests import this fixture and so have one of their own."""
    if _OPEN:
        yield _OPEN[0]
        return
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.fail("The browser tests need Chromium: `make test` installs it, or set CHROMIUM to its path.")
    # Playwright's loop lives in this thread, which makes Django suspect every query of being asynchronous.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    expect.set_options(timeout=PATIENCE)
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
            _OPEN.append(browser)
            yield browser
            _OPEN.clear()
            browser.close()
    finally:
        os.environ.pop("DJANGO_ALLOW_ASYNC_UNSAFE", None)


@pytest.fixture(scope="module")
def worker(browser: Browser, django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """A worker process on the tests' own database and Redis."""
    with django_db_blocker.unblock():
        url = own_database_url()
    with running_worker(url):
        yield


@pytest.fixture
def model(transactional_db: None, tmp_path: Path) -> ModelVersion:
    """The starter model where it is, else a random one: enough for every test that does not ask for a verdict."""
    folder = starter_folder() or tiny_artifact(tmp_path / "tiny")
    version = model_version_register(directory=folder)
    model_version_activate(model_version=version, by=None)
    return version


@pytest.fixture
def ready(worker: None, model: ModelVersion) -> ModelVersion:
    """The version that the worker has loaded and explained with once: pages then wait for the score alone."""
    score_texts(texts=["warm up"], explain=True, deadline=START_SECONDS)
    wait_until(
        lambda: worker_status().model_version == model.version
    )  # the heartbeat tells it a moment later
    return model


@pytest.fixture
def starter(ready: ModelVersion) -> ModelVersion:
    if starter_folder() is None:
        pytest.skip("models/starter holds no model")
    return ready


@pytest.fixture
def moderator(transactional_db: None) -> User:
    user = User.objects.create_user("moderator", password=PASSWORD)
    user.groups.add(Group.objects.get(name=MODERATOR))
    return user


@pytest.fixture
def meant() -> list[str]:
    """How console messages begin that no test minds: statuses other than 2xx; a test may add its own."""
    return ["Failed to load resource: the server responded", "Response Status Error"]


@pytest.fixture
def page(browser: Browser, live_server: LiveServer, meant: list[str]) -> Iterator[Page]:
    """A fresh page; the test fails when the console reports an error that was not meant."""
    complaints: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(tuple(meant)):
            complaints.append(message.text)

    context = browser.new_context(
        base_url=live_server.url, viewport={"width": 1280, "height": 860}, reduced_motion="reduce"
    )
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.on("console", listen)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert not complaints, complaints


@pytest.fixture
def at_the_box(page: Page, moderator: User) -> Page:
    """The page after signing in."""
    page.goto("/")
    page.fill("#id_username", moderator.username)
    page.fill("#id_password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector("#id_text")
    return page


def classify(page: Page, text: str) -> Any:
    """Type `text` into the box, send it with the keyboard, and return the verdict's element."""
    page.fill("#id_text", text)
    page.focus("#id_text")
    page.keyboard.press("Control+Enter")
    return page.wait_for_selector(".verdict--toxic, .verdict--calm")
