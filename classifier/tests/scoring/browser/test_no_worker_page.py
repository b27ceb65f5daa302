"""What a page says when no worker is there, or no server."""

import pytest
from playwright.sync_api import Page, expect

from classifier.models import Comment

pytestmark = pytest.mark.browser


def test_without_a_worker_the_comment_is_kept_and_the_page_says_so(
    redis_clean: None, at_the_box: Page
) -> None:
    page = at_the_box
    expect(page.locator("#worker")).to_contain_text("No worker is running")
    page.fill("#id_text", "is anybody there?")
    page.click(".go")
    expect(page.locator(".verdict__word")).to_have_text("Pending")
    expect(page.locator("#verdict")).to_contain_text("your comment is stored and will be scored")
    assert Comment.objects.get().status == "pending"
    page.check("[name=discard]")
    page.click(".go")
    expect(page.locator("#result .notice")).to_contain_text("nothing was stored")
    assert Comment.objects.count() == 1


def test_a_lost_connection_keeps_the_text(redis_clean: None, at_the_box: Page, meant: list[str]) -> None:
    page = at_the_box
    page.fill("#id_text", "is anybody there?")
    page.wait_for_timeout(600)
    meant += ["Failed to load resource: net::ERR_FAILED", "htmx:"]
    page.route("**/*", lambda route: route.abort())
    page.click(".go")
    expect(page.locator("#result .notice")).to_contain_text("could not be reached")
    assert page.input_value("#id_text") == "is anybody there?"
