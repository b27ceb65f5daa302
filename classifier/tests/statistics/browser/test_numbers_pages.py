"""Dashboard and quality pages: charts are drawn, keys answer a blind review, axe finds nothing, empty and full."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer

from classifier.accounts.roles import LEAD, MODERATOR
from classifier.accounts.services import person_create
from classifier.comments.submission import comments_submit
from classifier.models import Comment, GoldenItem, ModelVersion, SecondReview, User
from classifier.quality.blind_reviews import blind_review_record
from classifier.review.decisions import decision_record
from classifier.scoring.classify_pending import pending_classify
from classifier.statistics.daily_counts import statistics_run
from classifier.tests.accessibility import problems_of
from classifier.tests.builders import FakeScorer

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PASSWORD = "a-long-enough-pass"


@pytest.fixture
def lead(transactional_db: None) -> User:
    return person_create(username="lea", password=PASSWORD, roles=[LEAD], by=None)


@pytest.fixture
def busy(lead: User, model: ModelVersion) -> None:
    """Three days of comments, decided by two moderators, one of them golden; three wait."""
    ann, bea = (
        person_create(username=name, password=PASSWORD, roles=[MODERATOR], by=None) for name in ("ann", "bea")
    )
    texts = [f"i hate you {number}" if number % 3 else f"a lovely day {number}" for number in range(12)]
    comments_submit(items=[{"text": text} for text in texts], source="forum")
    pending_classify(scorer=FakeScorer(), model_version=model, limit=100)
    for place, comment in enumerate(Comment.objects.order_by("pk")):
        at = timezone.now() - timedelta(days=place % 3, minutes=5)
        Comment.objects.filter(pk=comment.pk).update(created_at=at)
        if place < 3:
            reasons = [{"kind": "band"}]
            Comment.objects.filter(pk=comment.pk).update(queued_at=at, queue_reasons=reasons)
            continue
        Comment.objects.filter(pk=comment.pk).update(queued_at=None)
        comment.refresh_from_db()
        action = "approve" if place % 2 else "remove"
        decision_record(comment=comment, action=action, by=ann if place < 8 else bea, seconds=4.0)
    first, second, *_ = Comment.objects.filter(current_decision__by=ann).order_by("pk")
    blind_review_record(comment=first, action="approve", by=bea)
    blind_review_record(comment=second, action="approve", by=bea)
    GoldenItem.objects.create(comment=second, expected="remove", note="A threat.", created_by=lead)
    statistics_run()


def signed_in(browser: Browser, live_server: LiveServer, user: User) -> Page:
    client = Client()
    client.force_login(user)
    context = browser.new_context(base_url=live_server.url, reduced_motion="reduce")
    cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}
    context.add_cookies([cookie])  # type: ignore[list-item]
    return context.new_page()


def test_empty_pages_are_free_of_serious_problems(
    lead: User, browser: Browser, live_server: LiveServer
) -> None:
    page = signed_in(browser, live_server, lead)
    problems = []
    for where in ("/dashboard/", "/quality/look/"):
        page.goto(where)
        problems += problems_of(page, f"{where} of an empty site")
    page.context.close()
    assert not problems, "\n".join(problems)


def test_charts_are_drawn_and_full_pages_are_free_of_serious_problems(
    busy: None, lead: User, browser: Browser, live_server: LiveServer
) -> None:
    page = signed_in(browser, live_server, lead)
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.goto("/dashboard/?days=7")
    for chart in page.locator("[data-chart]").all():
        chart.scroll_into_view_if_needed()
        chart.locator("canvas").first.wait_for()
        assert "A table follows" in str(chart.get_attribute("aria-label"))
    page.click("text=Handling time as a table")
    problems = problems_of(page, "the dashboard")
    page.goto("/quality/")
    page.click("text=Pair by pair")
    problems += problems_of(page, "quality")
    page.goto("/quality/look/")
    problems += problems_of(page, "a blind review")
    page.context.close()
    assert not problems, "\n".join(problems)
    assert not complaints, complaints


def test_keys_answer_a_blind_look(busy: None, lead: User, browser: Browser, live_server: LiveServer) -> None:
    page = signed_in(browser, live_server, lead)
    page.goto("/quality/look/")
    page.keyboard.press("r")
    page.wait_for_selector("text=1 done")
    page.keyboard.press("a")
    page.wait_for_selector("text=2 done")
    page.context.close()
    answers = SecondReview.objects.filter(by=lead).order_by("pk")
    assert [review.action for review in answers] == ["remove", "approve"]
