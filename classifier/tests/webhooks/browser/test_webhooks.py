"""A webhook in a browser: made, tested, failing until it is given up, replayed, and its secret rolled."""

from collections.abc import Callable, Iterator

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer
from standardwebhooks.webhooks import Webhook as Verifier

from classifier.accounts.roles import ADMIN
from classifier.accounts.services import person_create
from classifier.core.events import MODEL_PROMOTED
from classifier.models import User, WebhookDelivery
from classifier.tests.accessibility import problems_of
from classifier.tests.browser_pages import browser_of
from classifier.tests.webhooks.conftest import deliver, loopback_allowed, receiver
from classifier.tests.webhooks.receiver import Receiver, says
from classifier.webhooks.outbox import outbox_write
from classifier.webhooks.retries import CAPS

__all__ = ["deliver", "loopback_allowed", "receiver"]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("redis_clean"),
]


@pytest.fixture
def admin(transactional_db: None) -> User:
    return person_create(username="ada", password="a-long-enough-pass", roles=[ADMIN], by=None)


@pytest.fixture
def page(admin: User, browser: Browser, live_server: LiveServer) -> Iterator[Page]:
    with browser_of(browser, live_server, admin, "/webhooks/") as page:
        yield page


def made(page: Page, url: str) -> str:
    """Makes a webhook; returns the secret that the page shows."""
    page.goto("/webhooks/")
    page.click("text=Create the first one")
    page.fill("#id_name", "The forum")
    page.fill("#id_url", url)
    page.check("input[value='model.promoted']")
    page.click("text=Create the webhook")
    secret = page.inner_text("#secret")
    assert secret.startswith("whsec_")
    return secret


def a_test_arrives(page: Page, send: Callable[[], None]) -> None:
    """Presses the test button and sees the page tell by itself what came of it."""
    page.click("text=Send a test")
    expect(page.locator("text=It is on its way.")).to_be_visible()
    send()
    expect(page.locator("#delivery .tag", has_text="Delivered").first).to_be_visible()
    page.click(".crumb >> text=The forum")


def test_a_webhook_from_making_to_a_new_secret(
    page: Page, receiver: Receiver, deliver: Callable[[], None]
) -> None:
    problems = []
    secret = made(page, receiver.url)
    problems += problems_of(page, "the secret that is shown once")
    page.click("text=I have copied it")
    assert secret not in page.content()
    a_test_arrives(page, deliver)
    Verifier(secret).verify(receiver.got[-1].body, receiver.got[-1].headers)
    expect(page.locator("#log tbody tr")).to_have_count(1)
    expect(page.locator("#log tbody")).to_contain_text("Delivered")

    receiver.answer = says(500, b"out of order")
    outbox_write(MODEL_PROMOTED, [{"model_version": None}])
    deliver()
    page.goto(page.url)
    expect(page.locator("text=Nothing could be delivered since")).to_be_visible()
    row = page.locator("#log tbody tr").first
    expect(row).to_contain_text("It answered 500")
    expect(row).to_contain_text("Waiting until")
    problems += problems_of(page, "a webhook that fails")
    for _ in CAPS:
        WebhookDelivery.objects.filter(status="waiting").update(next_at=timezone.now())  # the days pass
        deliver()
    page.goto(page.url)
    expect(row).to_contain_text("Given up")
    expect(row.locator("[data-label=Attempts]")).to_have_text(str(len(CAPS) + 1))
    page.select_option("#status", "dead")
    page.click("#log button:text-is('Show')")
    page.click("#log tbody tr a")
    expect(page.locator("#delivery .attempt")).to_have_count(len(CAPS) + 1)
    expect(page.locator("#delivery")).to_contain_text("out of order")
    problems += problems_of(page, "a delivery that was given up")

    receiver.answer = says(204)
    page.click(".crumb >> text=The forum")
    page.click("text=Send again")
    deliver()
    page.goto(page.url)
    expect(page.locator("#log tbody")).not_to_contain_text("Given up")
    expect(page.locator("text=Nothing could be delivered since")).to_have_count(0)
    assert len(set(receiver.ids[1:])) == 1, "the same id in every attempt and in the replay"

    page.click("text=Create a new secret")
    expect(page.locator("text=The old secret signs too until")).to_be_visible()
    new = page.inner_text("#secret")
    assert new != secret
    page.click("text=I have copied it")
    a_test_arrives(page, deliver)
    for each in (secret, new):
        Verifier(each).verify(receiver.got[-1].body, receiver.got[-1].headers)
    page.context.close()
    assert not problems, "\n".join(problems)
