"""axe finds nothing serious on the queue, its list, the bulk preview and saved queues, in both schemes and sizes."""

import pytest
from playwright.sync_api import Browser, expect
from pytest_django.live_server_helper import LiveServer

from classifier.accounts.roles import LEAD, MODERATOR
from classifier.models import Appeal, Comment, ModelVersion, Report
from classifier.policies.services import policy_save
from classifier.review.decisions import decision_record
from classifier.review.placement import queue_put
from classifier.review.saved_queues import saved_queue_create
from classifier.tests.accessibility import problems_of
from classifier.tests.browser_pages import browser_of
from classifier.tests.conftest import person
from classifier.tests.review.conftest import waiting

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
COPY = "you write like somebody that i hate, and everybody who reads it knows it"


def test_the_pages_of_the_queue_are_free_of_serious_problems(
    redis_clean: None, active_version: ModelVersion, browser: Browser, live_server: LiveServer
) -> None:
    policy_save(source=None, bands={"toxic": {"review": 0.5}}, reasons=[{"code": "x", "title": "X"}], by=None)
    first, appealed, *_ = waiting(
        active_version, COPY, "i hate this", f"{COPY}!", f"{COPY}?", author_ref="a" * 200
    )
    moderator, lead = person("mo", MODERATOR), person("lea", LEAD)
    saved = saved_queue_create(name="Reported by readers", filters={"reported": True}, by=lead)
    Report.objects.create(comment=first, reporter_ref="r" * 200, reason="w" * 300)
    Comment.objects.filter(pk=first.pk).update(report_count=1, risk=0.99)
    queue_put(comment=first, kind="report")
    removal = decision_record(comment=appealed, action="remove", by=moderator)
    Appeal.objects.create(comment=appealed, decision=removal, message="It was a quote.")
    Comment.objects.filter(pk=appealed.pk).update(has_open_appeal=True)
    queue_put(comment=appealed, kind="appeal")
    problems: list[str] = []
    with browser_of(browser, live_server, lead) as page:
        page.wait_for_selector("#words:not([hx-trigger])")
        page.keyboard.press("b")
        page.click(".group summary")
        problems += problems_of(page, "a comment in the queue")
        page.goto("/queue/list/?threshold=7&age=x")
        problems += problems_of(page, "the list, with an error")
        page.goto("/queue/list/")
        page.click("button[value=filter]")
        expect(page.locator(".ask__counts dd")).to_have_text("3")
        problems += problems_of(page, "the bulk preview")
        page.goto("/queue/?text=xyzzy")
        problems += problems_of(page, "nothing matches")
        for where in ("saved/", f"saved/{saved.pk}/"):
            page.goto(f"/queue/{where}")
            problems += problems_of(page, where)
    assert not problems, "\n".join(problems)
