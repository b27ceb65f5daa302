"""What axe finds serious on a page that is open in a browser, wide and on a phone, in light and dark."""

from typing import Any, Literal

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

Scheme = Literal["light", "dark"]
SCHEMES: list[Scheme] = ["light", "dark"]
WIDE, PHONE = (1280, 860), (360, 740)
EVERY_RULE = {"resultTypes": ["violations"]}
COLOURS = {**EVERY_RULE, "runOnly": ["color-contrast"]}
# All rules where most rows are on screen, and again on a phone; only colours change with the scheme.
VIEWS: list[tuple[tuple[int, int], Scheme, dict[str, Any]]] = [
    (WIDE, "light", EVERY_RULE),
    (WIDE, "dark", COLOURS),
    (PHONE, "dark", EVERY_RULE),
    (PHONE, "light", COLOURS),
]
SIDEWAYS = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


def problems_of(page: Page, name: str) -> list[str]:
    """Return what is serious on the page that is shown, in every view; `name` is what the sentences call it."""
    problems = []
    page.evaluate(Axe().axe_script)
    for (width, height), scheme, options in VIEWS:
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=scheme)
        view = f"{name} at {width} px, {scheme}"
        for violation in page.evaluate("o => axe.run(document, o).then(r => r.violations)", options):
            if violation["impact"] in ("serious", "critical"):
                nodes = [node["html"][:160] for node in violation["nodes"]]
                problems.append(f"{view}: {violation['id']}: {nodes}")
        if page.evaluate(SIDEWAYS):
            problems.append(f"{view} scrolls sideways")
    return problems
