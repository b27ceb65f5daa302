"""The classify box: stores, or scores and forgets; says what is wrong with a text and keeps it."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from pytest_django import Settings

from classifier.core.errors import NoBroker, NoModel, ScoreTimeout
from classifier.models import Comment, ModelVersion, Source, User
from classifier.policies.services import policy_save
from classifier.scoring.score_texts import Read, ScoredText, TextProblem
from classifier.tests.page_fixtures import HTMX, client_of, scored

Answers = Callable[[Any], None]
BANDS = {"toxic": {"review": 0.5, "remove": None}}


def test_it_stores_the_comment_and_leads_to_its_page(as_owner: Client, owner: User) -> None:
    response = as_owner.post("/", {"text": "hello\r\nthere"})
    comment = Comment.objects.get()
    assert (comment.text, comment.source.slug, comment.submitted_by) == ("hello\nthere", "web", owner)
    assert response.headers["Location"] == f"/comments/{comment.pk}/"


def test_without_storing_it_shows_the_verdict_on_a_full_page(
    as_owner: Client, answers: Answers, version: ModelVersion
) -> None:
    answers(scored("I hate you", 0.97, ("hate", 1.9), ("you", 0.6)))
    response = as_owner.post("/", {"text": "I hate you", "discard": "on"})
    page = response.content.decode()
    assert response.status_code == 200
    assert "97.0%" in page
    assert '<mark class="up-4">hate</mark>' in page
    assert "Not stored" in page
    assert page.count('<tr class="is-over">') == 6
    assert not Comment.objects.exists()


def test_with_htmx_the_verdict_comes_first_and_the_words_are_asked_for(
    as_owner: Client, answers: Answers
) -> None:
    answers(scored("thank you", 0.02, ("thank", -1.5)))
    body = {"text": "thank you", "discard": "on"}
    card = as_owner.post("/", body, headers=HTMX).content.decode()
    assert "<html" not in card
    assert "Non-toxic" in card
    assert 'hx-post="/words/"' in card
    assert "2.0% probability of being toxic. Not stored." in card
    words = as_owner.post("/words/", body, headers=HTMX).content.decode()
    assert '<mark class="down-4">thank</mark>' in words
    assert not Comment.objects.exists()


def test_the_preview_is_one_line_and_stores_nothing(as_owner: Client, answers: Answers) -> None:
    answers(scored("x", 0.81))
    line = as_owner.post("/preview/", {"text": "x"}, headers=HTMX).content.decode()
    assert "81.0%" in line
    assert "not stored" in line
    assert "appears here as you type" in as_owner.post("/preview/", {"text": " "}).content.decode()
    assert not Comment.objects.exists()


BAD_TEXTS = [
    (b"text=", "The comment is empty"),
    (b"", "The comment is empty"),
    (b"text=+%0D%0A+", "The comment is empty"),
    (b"text=a%00b", "NUL character"),
    (b"text=caf%E9", "not valid UTF-8"),
    (b"text=" + b"x" * 31, "1 over the limit of 30"),
]


@pytest.mark.parametrize(("body", "message"), BAD_TEXTS)
@pytest.mark.parametrize("discard", [b"", b"&discard=on"])
def test_a_bad_text_is_a_422_that_tells_the_fix_and_stores_nothing(
    as_owner: Client, settings: Settings, body: bytes, message: str, discard: bytes
) -> None:
    settings.COMMENT_MAX_CHARACTERS = 30
    kind = "application/x-www-form-urlencoded"
    response = as_owner.post("/", body + discard, content_type=kind)
    page = response.content.decode()
    assert response.status_code == 422
    assert message in page
    assert 'aria-invalid="true"' in page
    assert not Comment.objects.exists()


def test_a_replacement_character_that_was_typed_is_a_text_like_any(as_owner: Client) -> None:
    text = "what is \N{REPLACEMENT CHARACTER}?"
    kind = "application/x-www-form-urlencoded"
    assert as_owner.post("/", urlencode({"text": text}), content_type=kind).status_code == 302
    assert as_owner.post("/", {"text": text}).status_code == 302


def test_a_refused_text_stays_in_the_box(as_owner: Client, settings: Settings) -> None:
    settings.COMMENT_MAX_CHARACTERS = 5
    page = as_owner.post("/", {"text": "\n<b>too long</b>", "discard": "on"}).content.decode()
    assert ">\n\n&lt;b&gt;too long&lt;/b&gt;</textarea>" in page
    assert 'name="discard" checked' in page


def test_with_htmx_the_refusal_goes_to_the_field(as_owner: Client) -> None:
    response = as_owner.post("/", {"text": ""}, headers=HTMX)
    assert (response.status_code, response.headers["HX-Retarget"]) == (422, "#text-error")


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (NoModel("none"), 503, "No model is active"),
        (NoBroker("down"), 503, "The queue cannot be reached"),
        (ScoreTimeout(), 504, "No verdict in time"),
        (TextProblem("too_long", "It needs too many windows."), 422, "It needs too many windows."),
    ],
)
@pytest.mark.parametrize("headers", [{}, HTMX])
def test_scoring_that_cannot_be_had_is_told_honestly(
    as_owner: Client, answers: Answers, error: Any, status: int, message: str, headers: dict[str, str]
) -> None:
    answers(error)
    response = as_owner.post("/", {"text": "keep me", "discard": "on"}, headers=headers)
    assert response.status_code == status
    assert message in response.content.decode()
    assert ("keep me" in response.content.decode()) is not bool(headers)
    assert not Comment.objects.exists()


def test_who_may_not_store_has_text_scored_and_forgotten(stranger: User, answers: Answers) -> None:
    answers(scored("x", 0.2))
    client = client_of(stranger)
    assert "may not store comments" in client.get("/").content.decode()
    assert "Not stored" in client.post("/", {"text": "x"}).content.decode()
    assert not Comment.objects.exists()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, version: ModelVersion) -> list[str]:
    """What the model reads of each text that a page has scored."""
    texts_read: list[str] = []

    def ask(*, texts: list[str], read: Read, **options: Any) -> list[ScoredText]:
        texts_read.extend(read(text).text for text in texts)
        return [scored(text, 0.2, (text[:1], 0.5)) for text in texts]

    monkeypatch.setattr("classifier.scoring.pages.classify.score_texts", ask)
    monkeypatch.setattr("classifier.scoring.pages.words.score_texts", ask)
    return texts_read


def test_preview_verdict_and_words_are_of_the_text_in_its_format(as_owner: Client, asked: list[str]) -> None:
    body = {"text": "<b>lo</b>ser &amp; co", "format": "html", "discard": "on"}
    as_owner.post("/preview/", body, headers=HTMX)
    card = as_owner.post("/", body, headers=HTMX).content.decode()
    assert "Format <b>HTML</b>" in card
    assert '<input type="hidden" name="format" value="html">' in card
    as_owner.post("/words/", body, headers=HTMX)
    assert asked == ["loser & co"] * 3
    page = as_owner.post("/", body).content.decode()
    assert '<option value="html" selected>' in page


def test_the_format_is_stored_and_starts_as_the_policy_says(as_owner: Client, asked: list[str]) -> None:
    assert '<option value="text" selected>' in as_owner.get("/").content.decode()
    source = Source.objects.create(slug="web", name="Web")
    policy_save(source=source, bands=BANDS, text_format="markdown", leave_out=["quotes"], by=None)
    assert '<option value="markdown" selected>' in as_owner.get("/").content.decode()
    body = {"text": "> *he* said\n\nno", "discard": "on"}
    assert "Format <b>Markdown, without its quotes</b>" in as_owner.post("/", body).content.decode()
    as_owner.post("/", {"text": "<i>no</i>", "format": "html"})
    as_owner.post("/", {"text": "no"})
    assert [comment.text_format for comment in Comment.objects.order_by("pk")] == ["html", ""]


def test_an_unknown_format_is_refused(as_owner: Client) -> None:
    response = as_owner.post("/", {"text": "no", "format": "pdf"})
    assert response.status_code == 422
    assert "Select a valid choice" in response.content.decode()
    assert not Comment.objects.exists()


def test_text_is_shown_as_text_and_never_as_markup(as_owner: Client, answers: Answers) -> None:
    hostile = "<script>alert(1)</script> hate"
    answers(scored(hostile, 0.9, ("<script>", 1.0), ("hate", 0.9)))
    page = as_owner.post("/", {"text": hostile, "discard": "on"}).content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page
