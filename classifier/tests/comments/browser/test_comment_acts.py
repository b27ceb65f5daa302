"""The forms of a comment's page in a real browser: free of serious faults when open, and usable without scripts."""

import pytest
from django.contrib.auth.models import Group
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from classifier.accounts.roles import ADMIN
from classifier.models import Comment, ModelVersion, User
from classifier.review.appeals import appeal_open
from classifier.review.decisions import decision_record
from classifier.review.reports import report_add
from classifier.tests.accessibility import problems_of
from classifier.tests.browser_fixtures import PASSWORD, PATIENCE
from classifier.tests.builders import classified_comment

pytestmark = pytest.mark.browser


@pytest.fixture
def appealed(model: ModelVersion, moderator: User) -> Comment:
    moderator.groups.add(Group.objects.get(name=ADMIN))
    comment = classified_comment(model, "i hate all of you", by=moderator)
    report_add(comment=comment, reporter_ref="reader-1", reason="rude", by=None)
    comment.refresh_from_db()
    decision_record(
        comment=comment, action="remove", reason="insult", marks=[{"begin": 2, "end": 6}], by=None
    )
    appeal_open(comment=comment, message="it was a quote", by=None)
    return comment


def test_every_form_open_is_free_of_serious_problems(appealed: Comment, at_the_box: Page) -> None:
    page = at_the_box
    page.goto(f"/comments/{appealed.pk}/")
    for fold in page.locator("#acts details").all():
        fold.evaluate("element => { element.open = true }")
    problems = problems_of(page, "a comment with every form open")
    assert not problems, "\n".join(problems)


def test_an_appeal_is_answered_without_scripts(
    appealed: Comment, browser: Browser, live_server: LiveServer
) -> None:
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(f"/sign-in/?next=/comments/{appealed.pk}/")
    page.fill("#id_username", "moderator")
    page.fill("#id_password", PASSWORD)
    page.click("main button[type=submit]")
    page.fill("#id_answer", "you are right")
    page.click("text=Overturn: approve it")
    expect(page.locator("body")).to_contain_text("The removal is overturned")
    expect(page.locator("#appeals")).to_contain_text("you are right")
    context.close()
    assert Comment.objects.get(pk=appealed.pk).current_decision.action == "approve"  # type: ignore[union-attr]
