"""The page of a comparison in a browser: the slider, and a text kept by one key."""

import re

import pytest
from django.test import Client
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from classifier.accounts.roles import ADMIN
from classifier.models import ModelVersion, ReferenceService, Source, Suggestion, User
from classifier.references.agreement import agreement_at
from classifier.tests.accessibility import problems_of
from classifier.tests.conftest import person
from classifier.tests.references.comparison.conftest import make_calls, other_score, own_score
from classifier.tests.statistics.browser.test_numbers_pages import signed_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
COUNT = 400


@pytest.fixture
def admin(transactional_db: None) -> User:
    return person("ada", ADMIN)


@pytest.fixture
def service(transactional_db: None, redis_clean: None, model: ModelVersion) -> ReferenceService:
    service = ReferenceService.objects.create(
        name="Perspective", wire="perspective", url="https://commentanalyzer.example"
    )
    forum = Source.objects.create(slug="forum", name="The forum")
    make_calls(COUNT, service=service, version=model, source=forum)
    return service


def number(page: Page, name: str) -> str:
    return page.locator(f"[data-out={name}]").first.inner_text()


def test_the_slider_says_at_once_what_the_server_says_and_the_address_keeps_it(
    browser: Browser, live_server: LiveServer, admin: User, service: ReferenceService
) -> None:
    page = signed_in(browser, live_server, admin)
    page.goto(f"/references/{service.pk}/compare/")
    page.locator("#scores-title").scroll_into_view_if_needed()
    expect(page.locator("[data-chart] canvas")).to_have_count(2)
    page.locator("#c-slider").focus()
    for _ in range(25):
        page.keyboard.press("ArrowLeft")
    expect(page).to_have_url(re.compile(r"threshold=0\.55$"))
    at = agreement_at([own_score(n) for n in range(COUNT)], [other_score(n) for n in range(COUNT)], 0.55)
    assert page.locator("#c-threshold").input_value() == "0.55"
    live = {
        name: number(page, name) for name in ("share", "interval", "kappa", "kappa_interval", "only_theirs")
    }
    assert live["share"] == f"{at.share:.1%}"
    page.reload()
    assert {name: number(page, name) for name in live} == live
    expect(page.locator("[data-at-threshold]")).to_have_attribute("href", re.compile(r"threshold=0\.55"))
    assert problems_of(page, "the comparison") == []


def test_one_key_suggests_the_text_that_has_the_focus(
    browser: Browser, live_server: LiveServer, admin: User, service: ReferenceService
) -> None:
    page = signed_in(browser, live_server, admin)
    page.goto(f"/references/{service.pk}/compare/")
    ranked = sorted(range(COUNT), key=lambda n: -abs(own_score(n) - other_score(n)))
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("3")
    row = page.locator("[data-compare-row]").nth(1)
    expect(row).to_contain_text("Suggested: toxic")
    expect(page.locator("#announce")).to_have_text("Suggested: toxic")
    assert [each.text for each in Suggestion.objects.all()] == [f"row {ranked[1]}"]
    assert row.locator(".veil").evaluate("el => el === document.activeElement")


def test_without_scripts_a_number_field_and_buttons_do_the_same(
    admin: User, service: ReferenceService, client: Client
) -> None:
    client.force_login(admin)
    shown = client.get(f"/references/{service.pk}/compare/?threshold=0.55").content.decode()
    assert re.search(r'<input[^>]*name="threshold"[^>]*type="number"[^>]*value="0.55"', shown)
    assert shown.count('value="toxic" data-key="3"') == 25
