"""The same pages with JavaScript switched off."""

import pytest
from playwright.sync_api import Browser, expect
from pytest_django.live_server_helper import LiveServer

from classifier.models import Comment, ModelVersion, User
from classifier.tests.browser_fixtures import PASSWORD, PATIENCE

pytestmark = pytest.mark.browser


def test_signing_in_classifying_and_seeing_the_words_needs_no_script(
    ready: ModelVersion, browser: Browser, live_server: LiveServer, moderator: User
) -> None:
    context = browser.new_context(java_script_enabled=False, base_url=live_server.url)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto("/")
    page.fill("#id_username", moderator.username)
    page.fill("#id_password", PASSWORD)
    page.click("main button[type=submit]")
    page.fill("#id_text", "thank you, that helps")
    page.click(".go")
    expect(page.locator("h1")).to_have_text(f"Comment {Comment.objects.get().pk}")
    expect(page.locator(".verdict__word")).to_be_visible()
    page.click("text=Show the words behind the score")
    expect(page.locator("#words h2")).to_have_text("Words behind the score")
    page.click("#blur-toggle button")
    expect(page.locator("html")).to_have_attribute("data-blur", "off")
    page.goto("/")
    page.fill("#id_text", "thank you, that helps")
    page.check("[name=discard]")
    page.click(".go")
    expect(page.locator(".verdict__meta")).to_contain_text("Not stored")
    expect(page.locator("#words h2")).to_have_text("Words behind the score")
    context.close()
