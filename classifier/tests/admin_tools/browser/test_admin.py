"""The administration in a real browser: works under the content policy, at phone width, light and dark."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page
from pytest_django.live_server_helper import LiveServer

from classifier.models import ModelVersion, User
from classifier.tests.browser_fixtures import PATIENCE
from classifier.tests.builders import classified_comment

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WIDE, PHONE = {"width": 1280, "height": 860}, {"width": 390, "height": 844}


@pytest.fixture
def context(browser: Browser, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    size, scheme = request.param
    context = browser.new_context(viewport=size, color_scheme=scheme)
    context.set_default_timeout(PATIENCE)
    yield context
    context.close()


@pytest.fixture
def complaints(context: BrowserContext) -> list[str]:
    found: list[str] = []
    context.on("console", lambda message: found.append(message.text) if message.type == "error" else None)
    context.on("weberror", lambda error: found.append(str(error.error)))
    return found


def sign_in(page: Page, live_server: LiveServer, username: str) -> None:
    page.goto(f"{live_server.url}/admin/")
    page.fill("input[name=username]", username)
    page.fill("input[name=password]", "a-long-enough-pass")
    page.press("input[name=password]", "Enter")
    page.wait_for_url(f"{live_server.url}/admin/")


@pytest.mark.parametrize("context", [(WIDE, "light"), (PHONE, "dark")], indirect=True)
def test_no_page_breaks_the_content_policy_or_its_width(
    context: BrowserContext,
    complaints: list[str],
    live_server: LiveServer,
    admin_person: User,
    active_version: ModelVersion,
) -> None:
    comment = classified_comment(active_version)
    assert comment.current_prediction is not None
    page = context.new_page()
    sign_in(page, live_server, admin_person.username)
    paths = ["", "password_change/"]
    for kind, pk in (
        ("comment", comment.pk),
        ("prediction", comment.current_prediction.pk),
        ("modelversion", active_version.pk),
        ("user", admin_person.pk),
        ("apikey", "add"),
        ("commentevent", None),
        ("modelversionevent", None),
        ("source", comment.source_id),
    ):
        paths.append(f"classifier/{kind}/")
        if pk is not None:
            paths.append(f"classifier/{kind}/add/" if pk == "add" else f"classifier/{kind}/{pk}/change/")
    for path in paths:
        response = page.goto(f"{live_server.url}/admin/{path}")
        assert response is not None
        assert response.status == 200, path
        page.wait_for_timeout(100)
        wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0, f"{path} is {wide} pixels too wide"
        assert complaints == [], path


@pytest.mark.parametrize("context", [(WIDE, "light")], indirect=True)
def test_a_model_admin_activates_with_a_reason(
    context: BrowserContext,
    complaints: list[str],
    live_server: LiveServer,
    model_admin: User,
    candidates: tuple[ModelVersion, ModelVersion],
) -> None:
    page = context.new_page()
    sign_in(page, live_server, model_admin.username)
    page.goto(f"{live_server.url}/admin/classifier/modelversion/{candidates[0].pk}/change/")
    page.get_by_role("link", name="Activate").click()
    page.get_by_label("Reason").fill("the first one")
    page.get_by_role("button", name="Activate").click()
    page.get_by_text("is in production; workers load it within seconds.").wait_for()
    assert ModelVersion.objects.active() == candidates[0]
    assert candidates[0].history.get().reason == "the first one"
    assert complaints == []
