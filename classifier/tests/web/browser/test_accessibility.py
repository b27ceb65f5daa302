"""axe finds nothing serious on any page, light and dark, desktop and phone; nothing scrolls sideways."""

import pytest
from playwright.sync_api import Page

from classifier.models import Comment, ModelVersion
from classifier.tests.accessibility import problems_of
from classifier.tests.browser_fixtures import classify

pytestmark = pytest.mark.browser


def test_every_page_is_free_of_serious_problems(ready: ModelVersion, at_the_box: Page) -> None:
    page = at_the_box
    problems = problems_of(page, "the empty box")
    classify(page, "you are a worthless idiot, and I hate rain")
    page.wait_for_selector("#words .legend")
    page.click("#words summary")
    problems += problems_of(page, "the verdict")
    for where in ("/comments/", f"/comments/{Comment.objects.get().pk}/", "/comments/?q=xyzzy", "/nothing/"):
        page.goto(where)
        page.wait_for_load_state("networkidle")
        problems += problems_of(page, where)
    page.goto("/")
    page.click(".go")
    page.wait_for_selector(".field-error")
    problems += problems_of(page, "the refusal of an empty text")
    page.click("#theme-toggle button")
    page.keyboard.press("Tab")
    page.context.clear_cookies()
    page.goto("/sign-in/")
    page.fill("#id_username", "moderator")
    page.fill("#id_password", "wrong")
    page.keyboard.press("Enter")
    page.wait_for_selector(".notice--error")
    problems += problems_of(page, "sign-in refused")
    assert not problems, "\n".join(problems)
