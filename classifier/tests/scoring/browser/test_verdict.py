"""Somebody types a comment and sees the verdict, its bars and its words, at once."""

import re

import pytest
from playwright.sync_api import Page, expect

from classifier.models import Comment, ModelVersion
from classifier.tests.browser_fixtures import classify

pytestmark = [pytest.mark.browser, pytest.mark.starter]


def test_hate_is_toxic_with_six_bars_and_the_words_that_drove_it(
    starter: ModelVersion, at_the_box: Page
) -> None:
    page = at_the_box
    page.locator("#id_text").press_sequentially("I hate you")
    expect(page.locator("#preview")).to_contain_text(re.compile(r"Toxic.*not stored"))
    assert not Comment.objects.exists()

    page.keyboard.press("Control+Enter")
    expect(page.locator(".verdict__word")).to_have_text("Toxic")
    expect(page.locator(".bars tbody tr")).to_have_count(6)
    expect(page.locator(".bars tbody tr").first).to_have_class("is-over")
    expect(page.locator("#words mark[class^=up]", has_text="hate")).to_be_visible()
    expect(page.locator("#announce")).to_contain_text("probability of being toxic")
    expect(page.locator(".verdict__meta")).to_contain_text(starter.version)

    comment = Comment.objects.select_related("current_prediction__model_version").get()
    assert comment.text == "I hate you"
    assert comment.current_prediction is not None
    assert comment.current_prediction.model_version == starter
    page.click(f"text=Stored as comment {comment.pk}")
    expect(page.locator("h1")).to_have_text(f"Comment {comment.pk}")
    expect(page.locator("#words mark[class^=up]", has_text="hate")).to_be_visible()


def test_thanks_are_not_toxic_and_are_forgotten_when_asked(starter: ModelVersion, at_the_box: Page) -> None:
    page = at_the_box
    page.check("[name=discard]")
    classify(page, "thank you, that helps")
    expect(page.locator(".verdict__word")).to_have_text("Non-toxic")
    expect(page.locator(".verdict__meta")).to_contain_text("Not stored")
    expect(page.locator("#words .said")).to_have_text("thank you, that helps")
    assert not Comment.objects.exists()


def test_toxic_text_is_blurred_until_it_has_the_focus_or_blur_is_off(
    starter: ModelVersion, at_the_box: Page
) -> None:
    page = at_the_box
    classify(page, "I hate you")
    said = page.locator("#words .said.veil")
    expect(page.locator("#words mark[class^=up]", has_text="hate")).to_be_visible()
    expect(said).to_have_css("filter", "blur(7px)")
    said.focus()
    expect(said).to_have_css("filter", "none")
    page.locator("h1").click()
    page.evaluate("document.activeElement.blur()")
    expect(said).to_have_css("filter", "blur(7px)")
    page.keyboard.down("r")
    expect(said).to_have_css("filter", "none")
    page.keyboard.up("r")
    page.click("#blur-toggle button")
    expect(page.locator("#blur-toggle")).to_contain_text("Blur off")
    expect(said).to_have_css("filter", "none")
    assert page.input_value("#id_text") == "I hate you"


def test_a_long_text_begins_at_the_word_that_raised_its_score_most(
    starter: ModelVersion, at_the_box: Page
) -> None:
    page = at_the_box
    friendly = "We met at the library on Saturday and talked about the garden. " * 15
    classify(page, f"{friendly}You are a disgusting idiot. {friendly}")
    strongest = page.locator("#words mark.up-4", has_text=re.compile("disgusting|idiot")).first
    expect(strongest).to_be_visible()
    said = page.locator("#words .said")
    assert said.evaluate("box => box.scrollHeight > box.clientHeight && box.scrollTop > 0")
    box, word = said.bounding_box(), strongest.bounding_box()
    assert box is not None
    assert word is not None
    assert box["y"] < word["y"] < box["y"] + box["height"] - word["height"]


def test_the_words_of_a_concern_do_not_claim_to_explain_it(starter: ModelVersion, at_the_box: Page) -> None:
    page = at_the_box
    for text, headline, note in (
        (
            "I have been cutting myself again and I do not know whom to tell.",
            "Concern",
            "They do not explain the concern.",
        ),
        (
            "Сегодня мы пошли в парк и смотрели на уток, было очень хорошо.",
            "Language not supported",
            "The model does not know Russian",
        ),
    ):
        page.fill("#id_text", text)
        page.keyboard.press("Control+Enter")
        expect(page.locator(".verdict__word")).to_have_text(headline)
        expect(page.locator("#words")).to_contain_text(note)
