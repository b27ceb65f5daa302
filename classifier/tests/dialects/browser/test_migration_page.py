"""The page about moving here, with a checklist: axe finds nothing serious, light and dark, desktop and phone."""

import pytest
from playwright.sync_api import Page

from classifier.accounts.roles import ADMIN, user_roles_set
from classifier.api_keys.clients_seen import MEMORY, client_seen
from classifier.api_keys.services import api_key_create
from classifier.models import ModelVersion, User
from classifier.tests.accessibility import problems_of
from classifier.tests.browser_fixtures import PASSWORD

pytestmark = pytest.mark.browser


def test_the_checklist_and_the_table_of_programs(model: ModelVersion, page: Page, moderator: User) -> None:
    user_roles_set(user=moderator, roles=[ADMIN], by=None)
    key, _ = api_key_create(name="my forum", owner=moderator, scopes=["score"])
    MEMORY.forget()
    client_seen(
        api_key=key,
        dialect="perspective",
        user_agent="a-program-with-a-very-long-name/" + "1" * 150,
        attributes=["TOXICITY", "SPAM"],
        languages=["en", "es"],
    )
    page.goto("/sign-in/?next=/api/migrate/")
    page.fill("#id_username", moderator.username)
    page.fill("#id_password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector(".steps")
    assert page.locator(".steps > li").count() == 8
    problems = problems_of(page, "/api/migrate/")
    assert not problems, "\n".join(problems)
