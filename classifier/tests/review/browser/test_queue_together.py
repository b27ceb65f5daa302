"""Two people at the queue, and a server or worker that is away."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from classifier.accounts.roles import MODERATOR
from classifier.models import Comment, Decision, ModelVersion
from classifier.review.decisions import decision_record
from classifier.tests.browser_pages import browser_of
from classifier.tests.conftest import person
from classifier.tests.review.conftest import waiting

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def on_screen(page: Page) -> str:
    return page.locator("#work").get_attribute("data-comment") or ""


def test_two_moderators_never_get_the_same_comment_and_conflicts_keep_what_was_typed(
    redis_clean: None, active_version: ModelVersion, browser: Browser, live_server: LiveServer
) -> None:
    comments = waiting(active_version, *[f"i hate number {n}" for n in range(6)])
    ann, bob = person("ann", MODERATOR), person("bob", MODERATOR)
    seen: list[str] = []
    with browser_of(browser, live_server, ann) as one, browser_of(browser, live_server, bob) as two:
        for page in (one, two, one, two):
            here = on_screen(page)
            seen.append(here)
            page.keyboard.press("a")
            expect(page.locator("#work")).not_to_have_attribute("data-comment", here)
        assert len(set(seen)) == 4
        mine = Comment.objects.get(pk=on_screen(one))
        one.keyboard.press("n")
        one.keyboard.type("A long thought")
        Comment.objects.filter(pk=mine.pk).update(review_until=timezone.now() - timedelta(seconds=1))
        two.goto(f"/queue/?comment={mine.pk}")
        two.keyboard.press("a")
        expect(two.locator("#work")).not_to_have_attribute("data-comment", str(mine.pk))
        one.keyboard.press("Escape")
        one.keyboard.press("r")
        expect(one.locator("#queue-problem")).to_contain_text(
            "bob has decided on this comment in the meantime"
        )
        expect(one.locator("#queue-note")).to_have_value("A long thought")
        one.keyboard.press("j")
        expect(one.locator("#work")).not_to_have_attribute("data-comment", str(mine.pk))
    assert Decision.objects.filter(action="approve").count() == 5
    assert not Decision.objects.filter(action="remove").exists()
    assert len(comments) == 6


def test_a_lost_claim_is_told_and_can_be_taken_again_where_it_is_free(
    redis_clean: None, active_version: ModelVersion, browser: Browser, live_server: LiveServer
) -> None:
    (only,) = waiting(active_version, "i hate this")
    ann, bob = person("ann", MODERATOR), person("bob", MODERATOR)
    with browser_of(browser, live_server, ann) as page:
        expect(page.locator("#claim")).to_contain_text("Yours, ann, for 4:")
        page.evaluate("document.getElementById('claim').dataset.seconds = '1'")
        page.clock.install()
        page.reload()
        page.clock.fast_forward(301_000)
        expect(page.locator("#claim")).to_contain_text("has run out")
        page.click("[data-take]")
        expect(page.locator("#claim")).to_contain_text("Yours, ann, for ")
        decision_record(comment=only, action="approve", by=bob)
        page.clock.fast_forward(301_000)
        page.click("[data-take]")
        expect(page.locator("#claim")).to_contain_text("bob has approved this comment in the meantime")


def test_without_a_server_or_worker_nothing_is_lost(
    redis_clean: None, active_version: ModelVersion, browser: Browser, live_server: LiveServer
) -> None:
    first, second = waiting(active_version, "i hate this", "i hate that")
    ann = person("ann", MODERATOR)
    with browser_of(browser, live_server, ann) as page:
        expect(page.locator("#queue-worker")).to_contain_text("new comments are not being classified")
        page.fill("#queue-note", "Three sentences of thought")
        page.focus("#item-title")
        page.route("**/decide/", lambda route: route.abort())
        page.keyboard.press("a")
        expect(page.locator("#queue-problem")).to_contain_text("The server could not be reached")
        expect(page.locator("#queue-note")).to_have_value("Three sentences of thought")
        page.reload()
        expect(page.locator("#queue-note")).to_have_value("Three sentences of thought")
        page.unroute("**/decide/")
        page.route("**/decide/", lambda route: route.fulfill(status=502, body="Bad gateway"))
        page.keyboard.press("a")
        expect(page.locator("#queue-problem")).to_contain_text("answered with an error")
        expect(page.locator("#queue-note")).to_have_value("Three sentences of thought")
        page.unroute("**/decide/")
        page.keyboard.press("a")
        expect(page.locator("#item-title")).to_have_text(f"Comment {second.pk}")
    assert Decision.objects.get().note == "Three sentences of thought"
    assert Decision.objects.get().comment == first
