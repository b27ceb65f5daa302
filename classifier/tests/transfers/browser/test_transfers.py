"""Imports and exports in a browser: without and with scripts, free of serious accessibility faults."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from classifier.accounts.roles import ADMIN
from classifier.accounts.services import person_create
from classifier.models import Comment, Transfer, User
from classifier.tests.accessibility import problems_of
from classifier.tests.transfers.conftest import bring
from classifier.transfers.exports import export_create, filters_of
from classifier.transfers.worker import transfer_work

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
CSV = "Text;ID;colour\nThank you!;1;red\n;2;blue\nI hate rain;3;\n"


@pytest.fixture(autouse=True)
def transfers_dir(tmp_path: Path, settings: Any) -> None:
    settings.TRANSFERS_DIR = tmp_path / "transfers"


@pytest.fixture
def admin(transactional_db: None) -> User:
    return person_create(username="ada", password="a-long-enough-pass", roles=[ADMIN], by=None)


@pytest.fixture
def open_page(admin: User, browser: Browser, live_server: LiveServer) -> Iterator[Callable[..., Page]]:
    """A signed-in page, with or without scripts."""
    contexts = []

    def make(**options: Any) -> Page:
        client = Client()
        client.force_login(admin)
        context = browser.new_context(base_url=live_server.url, **options)
        cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}
        context.add_cookies([cookie])  # type: ignore[list-item]
        contexts.append(context)
        return context.new_page()

    yield make
    for context in contexts:
        context.close()


def brought(page: Page, tmp_path: Path) -> None:
    file = tmp_path / "forum.csv"
    file.write_text(CSV)
    page.goto("/transfers/")
    page.set_input_files("#id_file", str(file))
    page.fill("#id_source", "forum")
    page.click("text=Look at it")


def test_a_file_is_brought_looked_at_started_and_watched_until_it_is_done(
    open_page: Callable[..., Page], tmp_path: Path
) -> None:
    page = open_page()
    brought(page, tmp_path)
    expect(page.locator("#c-text")).to_have_value("Text")
    expect(page.locator("text=Not read: colour.")).to_be_visible()
    page.click("button:text-is('Import')")
    expect(page.locator("text=Waits for the worker")).to_be_visible()
    transfer_work(transfer_id=Transfer.objects.get().pk)
    expect(page.locator(".state--green")).to_be_visible()  # by itself
    assert Comment.objects.count() == 2
    with page.expect_download() as download:
        page.click("text=Rows that were not taken")
    assert "3,text,This field may not be empty." in Path(download.value.path()).read_text()


def test_everything_works_without_scripts(open_page: Callable[..., Page], tmp_path: Path) -> None:
    page = open_page(java_script_enabled=False)
    brought(page, tmp_path)
    page.click("button:text-is('Import')")
    transfer_work(transfer_id=Transfer.objects.get().pk)
    page.goto(page.url)
    expect(page.locator(".state--green")).to_be_visible()
    page.goto("/transfers/export/")
    page.fill("#f-text", "rain")
    page.click("text=Count")
    with page.expect_download() as download:
        page.click("text=Export as CSV")
    assert "I hate rain" in Path(download.value.path()).read_text()


def transfers_in_every_state(admin: User) -> list[str]:
    """One of each kind and state; returns the addresses that show them."""
    draft = bring(CSV, draft=True, by=admin)
    done = bring(CSV, by=admin)
    transfer_work(transfer_id=done.pk)
    failed = bring("text\n" + "hello\n" * 300 + '"open\n', by=admin)
    transfer_work(transfer_id=failed.pk)
    export = export_create(filters=filters_of({"text": "rain"}), file_format="csv", by=admin)
    transfer_work(transfer_id=export.pk)
    running = bring(CSV, by=admin)
    Transfer.objects.filter(pk=running.pk).update(
        status="running",
        done_rows=412_000,
        total_rows=1_000_000,
        error_rows=31,
        started_at=timezone.now() - timedelta(seconds=80),
        heartbeat_at=timezone.now(),
    )
    bring(CSV, by=admin)
    pages = [f"/transfers/{row.pk}/" for row in (draft, done, failed, export, running)]
    return ["/transfers/", *pages, "/transfers/export/", "/transfers/export/?threshold=7"]


def test_no_page_has_a_serious_problem(admin: User, open_page: Callable[..., Page]) -> None:
    page = open_page()
    problems = []
    page.goto("/transfers/")
    problems += problems_of(page, "no transfer yet")
    for where in transfers_in_every_state(admin):
        page.goto(where)
        problems += problems_of(page, where)
    assert not problems, "\n".join(problems)
