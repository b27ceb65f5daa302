"""The review queue by keyboard alone: claim, decide, undo, go past and back, reasons, note, help, blur."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from classifier.models import Comment, Decision, ModelVersion, User
from classifier.policies.services import policy_save
from classifier.tests.browser_pages import browser_of
from classifier.tests.review.conftest import waiting

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
EMOJI = "\N{THUMBS UP SIGN}\N{EMOJI MODIFIER FITZPATRICK TYPE-4}"


@pytest.fixture
def comments(active_version: ModelVersion) -> list[Comment]:
    policy_save(
        source=None,
        bands={"toxic": {"review": 0.5}},
        reasons=[{"code": "insult", "title": "Insult"}, {"code": "spam", "title": "Spam"}],
        reason_required=True,
        by=None,
    )
    return waiting(active_version, f"{EMOJI} i hate you, fool", "i hate rain", "i hate mondays")


@pytest.fixture
def page(
    redis_clean: None,
    comments: list[Comment],
    moderator: User,
    browser: Browser,
    live_server: LiveServer,
) -> Iterator[Page]:
    with browser_of(browser, live_server, moderator) as page:
        yield page


def shows(page: Page, comment: Comment) -> None:
    expect(page.locator("#item-title")).to_have_text(f"Comment {comment.pk}")


def test_deciding_undoing_and_moving_take_no_mouse(page: Page, comments: list[Comment]) -> None:
    first, second, third = comments
    shows(page, first)
    page.keyboard.press("a")
    shows(page, second)
    expect(page.locator(".told")).to_contain_text(f"Comment {first.pk} is approved")
    expect(page.locator("#item-title")).to_be_focused()
    expect(page.locator(".tabs [aria-current] .count")).to_have_text("2")
    page.keyboard.press("r")
    expect(page.locator("#reason-error")).to_have_text("The policy asks for a reason.")
    page.keyboard.press("2")
    page.keyboard.press("n")
    page.keyboard.type("rain is fine, says a jury")
    page.keyboard.press("Escape")
    page.keyboard.press("r")
    shows(page, third)
    removal = Decision.objects.get(comment=second)
    assert (removal.action, removal.reason, removal.note) == ("remove", "spam", "rain is fine, says a jury")
    page.keyboard.press("u")
    shows(page, second)
    page.keyboard.press("u")
    shows(page, first)
    assert Comment.objects.filter(status="decided").count() == 0
    page.keyboard.press("j")
    shows(page, second)
    page.keyboard.press("k")
    shows(page, first)
    page.keyboard.press("e")
    shows(page, second)
    page.keyboard.press("s")
    shows(page, third)
    assert Comment.objects.get(pk=first.pk).is_escalated
    page.keyboard.press("Control+a")
    page.keyboard.press("Shift+A")
    shows(page, third)
    page.keyboard.press("a")
    expect(page.locator("#empty")).to_contain_text("1 waits for a lead")
    expect(page.locator("#empty")).to_contain_text("1 you skipped")


def test_the_help_lists_the_keys_of_the_queue_and_swallows_them(page: Page, comments: list[Comment]) -> None:
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()
    expect(page.locator("#help")).to_contain_text("Undo your last decision")
    page.keyboard.press("a")
    page.keyboard.press("Escape")
    expect(page.locator("#help")).to_be_hidden()
    shows(page, comments[0])
    assert Decision.objects.count() == 0
    page.keyboard.press("/")
    expect(page.locator("#queue-text")).to_be_focused()
    page.keyboard.type("mondays")
    page.keyboard.press("Enter")
    page.wait_for_url("**/queue/list/**")
    expect(page.locator(".comment-row")).to_have_count(1)


def test_b_shows_the_blurred_text_until_the_next_comment(page: Page, comments: list[Comment]) -> None:
    said = page.locator(".said")
    expect(said).to_have_css("filter", re.compile("blur"))
    page.keyboard.press("b")
    expect(said).to_have_css("filter", "none")
    page.keyboard.press("b")
    expect(said).to_have_css("filter", re.compile("blur"))
    page.keyboard.press("b")
    page.keyboard.press("a")
    shows(page, comments[1])
    expect(said).to_have_css("filter", re.compile("blur"))


def test_marked_words_are_code_points_also_behind_emoji(page: Page, comments: list[Comment]) -> None:
    page.wait_for_selector("#words:not([hx-trigger])")
    page.evaluate("""() => {
        const walker = document.createTreeWalker(document.querySelector(".said"), NodeFilter.SHOW_TEXT);
        let node = walker.nextNode();
        while (!node.data.includes("hate")) node = walker.nextNode();
        document.getSelection().setBaseAndExtent(node, node.data.indexOf("hate"), node, node.data.indexOf("hate") + 4);
    }""")
    expect(page.locator("[data-mark]")).to_be_visible()
    page.keyboard.press("m")
    expect(page.locator("[data-marks-list] li")).to_have_count(1)
    expect(page.locator("[data-marks-list] li span")).to_have_text("hate")
    page.keyboard.press("a")
    shows(page, comments[1])
    begin = comments[0].text.index("hate")
    assert Decision.objects.get().marks == [{"begin": begin, "end": begin + 4}]
    assert begin == 5, "two code points of emoji, not four units"


def test_words_are_marked_by_keyboard_alone(page: Page, comments: list[Comment]) -> None:
    page.wait_for_selector("#words:not([hx-trigger])")
    said, heard, marked = (
        page.locator(".said"),
        page.locator("#announce"),
        page.locator("[data-marks-list] li span"),
    )
    page.keyboard.press("m")
    expect(said).to_be_focused()
    expect(said).to_have_attribute("role", "application")
    expect(heard).to_contain_text("i, word 1 of 4")
    page.keyboard.press("ArrowRight")
    expect(heard).to_have_text("hate, word 2 of 4")
    page.keyboard.press("Space")
    expect(heard).to_have_text("hate, word 2 of 4, marked")
    expect(marked).to_have_text(["hate"])
    page.keyboard.press("End")
    page.keyboard.press("Space")
    expect(marked).to_have_text(["hate", "fool"])
    page.keyboard.press("Shift+ArrowLeft")
    expect(marked).to_have_text(["hate", "you, fool"])
    page.keyboard.press("Space")
    expect(heard).to_contain_text("not marked")
    expect(marked).to_have_text(["hate", "fool"])
    page.keyboard.press("Escape")
    expect(said).to_have_attribute("role", "group")
    assert page.evaluate("CSS.highlights.has('at-word')") is False
    page.keyboard.press("a")
    shows(page, comments[1])
    begin, last = comments[0].text.index("hate"), comments[0].text.index("fool")
    assert Decision.objects.get().marks == [
        {"begin": begin, "end": begin + 4},
        {"begin": last, "end": last + 4},
    ]


def test_leaving_the_text_ends_marking_and_m_goes_on(page: Page, comments: list[Comment]) -> None:
    page.wait_for_selector("#words:not([hx-trigger])")
    page.keyboard.press("m")
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    expect(page.locator(".said")).to_have_attribute("role", "group")
    page.keyboard.press("m")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Home")
    page.keyboard.press("Space")
    page.keyboard.press("m")
    expect(page.locator("[data-marks-list] li")).to_have_count(0)
    page.keyboard.press("j")
    shows(page, comments[1])
    assert Decision.objects.count() == 0
