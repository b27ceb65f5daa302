"""Everything can be done from the keyboard, and the focus is always to be seen."""

import pytest
from playwright.sync_api import Page, expect

from classifier.models import Comment, ModelVersion, User
from classifier.tests.browser_fixtures import PASSWORD

pytestmark = pytest.mark.browser


def test_signing_in_classifying_and_opening_the_comment_takes_no_mouse(
    ready: ModelVersion, page: Page, moderator: User
) -> None:
    page.goto("/")
    page.keyboard.type(moderator.username)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("#id_text")).to_be_focused()
    page.keyboard.type("thank you, that helps")
    page.keyboard.press("Tab")
    expect(page.locator("[name=discard]")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_label("Format")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator(".go")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#words mark, #words .said").first).to_be_visible()
    link = page.locator(".verdict__meta a")
    for _ in range(6):
        page.keyboard.press("Tab")
        if link.evaluate("link => link === document.activeElement"):
            break
    expect(link).to_be_focused()
    assert link.evaluate("link => getComputedStyle(link).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text(f"Comment {Comment.objects.get().pk}")


def test_shortcuts_lead_to_the_box_the_help_and_past_the_header(at_the_box: Page) -> None:
    page = at_the_box
    page.goto("/comments/")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    page.keyboard.press("/")
    expect(page.locator("#id_q")).to_be_focused()
    page.keyboard.type("/?")
    assert page.input_value("#id_q") == "/?"
    for _ in ("verdict", "language", "apply"):
        page.keyboard.press("Tab")
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#help")).to_be_hidden()
