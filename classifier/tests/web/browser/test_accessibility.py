"""axe finds nothing serious on any page, light and dark, desktop and phone; nothing scrolls sideways."""

from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from classifier.models import Comment, ModelVersion
from classifier.tests.browser_fixtures import classify

pytestmark = pytest.mark.browser
SIZES = [(1280, 860), (360, 740)]
SCHEMES: list[Literal["light", "dark"]] = ["light", "dark"]


def problems_of(page: Page, where: str) -> list[str]:
    found = []
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            name = f"{where} at {width} px, {scheme}"
            results: dict[str, Any] = Axe().run(page).response
            for violation in results["violations"]:
                if violation["impact"] in ("serious", "critical"):
                    nodes = [node["html"][:120] for node in violation["nodes"]]
                    found.append(f"{name}: {violation['id']}: {nodes}")
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            found.append(f"{where} scrolls sideways at {width} px")
    return found


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
