"""History, people and privacy: no serious accessibility fault, no sideways scrolling, in both schemes and sizes."""

import pytest
from django.test import Client
from playwright.sync_api import Browser
from pytest_django.live_server_helper import LiveServer

from classifier.accounts.roles import ADMIN, LEAD, MODERATOR
from classifier.accounts.services import person_create
from classifier.core.audit import audit_record
from classifier.models import AUTHOR_REF_MAX_CHARACTERS, Comment, Decision, Source, User
from classifier.tests.accessibility import problems_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
ADDRESSES = ("/history/", "/history/?kind=policy&deed=x", "/people/", "/people/new/", "/privacy/")


@pytest.fixture
def admin(transactional_db: None) -> User:
    forum = Source.objects.create(slug="forum", name="The forum", retention_days=30)
    made = person_create(username="ada", password="a-long-enough-pass", roles=[ADMIN], by=None)
    person_create(username="lea", password="a-long-enough-pass", roles=[LEAD, MODERATOR], by=made)
    person_create(
        username="mo",
        password="a-long-enough-pass",
        roles=[MODERATOR],
        all_sources=False,
        sources=[forum],
        by=made,
    )
    comment = Comment.objects.create(
        source=forum, text="What a day.", author_ref="a" * AUTHOR_REF_MAX_CHARACTERS
    )
    Comment.objects.create(source=forum, text="Another one.", author_ref="grace")
    Decision.objects.create(comment=comment, action="escalate", by=made, note="Is this a quote?")
    audit_record(
        verb="export.comments", by=made, source=forum, count=12_345, data={"filters": {"band": "remove"}}
    )
    return made


def test_the_pages_of_records_are_free_of_serious_problems(
    admin: User, browser: Browser, live_server: LiveServer
) -> None:
    client = Client()
    client.force_login(admin)
    context = browser.new_context(base_url=live_server.url)
    cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}
    context.add_cookies([cookie])  # type: ignore[list-item]
    page = context.new_page()
    problems = []
    for where in ADDRESSES:
        page.goto(where)
        problems += problems_of(page, where)
    page.goto("/privacy/")
    page.fill("#id_author", "grace")
    page.click("text=Erase…")
    page.wait_for_selector(".ask")
    problems += problems_of(page, "the question before erasing")
    page.click("text=Erase for good")
    page.wait_for_selector("text=The author is erased")
    assert not Comment.objects.filter(author_ref="grace").exists()
    context.close()
    assert not problems, "\n".join(problems)
