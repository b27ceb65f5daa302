"""API keys in a browser: no serious accessibility fault, no sideways scrolling, and a key that is copied once."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer

from classifier.accounts.roles import ADMIN
from classifier.accounts.services import person_create
from classifier.api_keys.services import api_key_authenticate, api_key_create, api_key_revoke
from classifier.models import ApiKey, ApiKeyUsage, Source, User
from classifier.tests.accessibility import problems_of

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("redis_clean"),
]


@pytest.fixture
def admin(transactional_db: None) -> User:
    forum = Source.objects.create(slug="forum", name="The forum")
    Source.objects.create(slug="blog", name="The blog")
    made = person_create(username="ada", password="a-long-enough-pass", roles=[ADMIN], by=None)
    key, _ = api_key_create(
        name="The forum's moderation bridge",
        owner=made,
        scopes=["score", "submit", "read"],
        sources=[forum],
        texts_per_day=50_000,
        expires_at=datetime.now(UTC) + timedelta(days=90),
    )
    today = datetime.now(UTC).date()
    ApiKeyUsage.objects.bulk_create(
        ApiKeyUsage(
            api_key=key,
            day=today - timedelta(days=back),
            requests=900 + 37 * (back * 7 % 11),
            texts=2_400 + 410 * (back * 5 % 9),
            errors=back % 4,
            refused=12 * (back % 6 == 0),
        )
        for back in range(24)
    )
    api_key_revoke(api_key=api_key_create(name="old", owner=made, scopes=["train"])[0], by=None)
    return made


@pytest.fixture
def at_keys(admin: User, browser: Browser, live_server: LiveServer) -> Page:
    client = Client()
    client.force_login(admin)
    context = browser.new_context(base_url=live_server.url, viewport={"width": 1280, "height": 900})
    cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}
    context.add_cookies([cookie])  # type: ignore[list-item]
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    return context.new_page()


def test_the_pages_of_keys_are_free_of_serious_problems_and_a_key_is_copied(at_keys: Page) -> None:
    page = at_keys
    problems = []
    used = ApiKey.objects.earliest("id")
    for where in ("/keys/", "/keys/new/", f"/keys/{used.pk}/"):
        page.goto(where)
        problems += problems_of(page, where)
    page.goto("/keys/new/")
    page.fill("#id_name", "shop")
    page.check("input[value=score]")
    page.click("text=Create the key")
    page.wait_for_selector("#secret")
    problems += problems_of(page, "the key that is shown once")
    page.click("[data-copy]")
    page.wait_for_selector("text=Copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert api_key_authenticate(plaintext=copied).name == "shop"
    page.goto(f"/keys/{used.pk}/")
    page.click("text=Create the new key")
    page.wait_for_selector("text=Until then both work")
    page.context.close()
    assert not problems, "\n".join(problems)
