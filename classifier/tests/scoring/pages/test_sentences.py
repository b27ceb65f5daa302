"""Each sentence's score: offered where there are several, asked for, blurred as the text, never for a stranger."""

import pytest
from django.test import Client

from classifier.core.errors import NoWorker
from classifier.models import User
from classifier.scoring.score_texts import TextSpan
from classifier.tests.page_fixtures import HTMX, LABELS, MakeComment, client_of, scored

TEXT = "Thank you all. You are an idiot. Bye."


def answer(monkeypatch: pytest.MonkeyPatch, *values: float) -> None:
    spans = [(0, 14), (15, 32), (33, 37)]
    sentences = tuple(
        TextSpan(*span, dict.fromkeys(LABELS, value)) for span, value in zip(spans, values, strict=True)
    )

    def ask(**kwargs: object) -> object:
        whole = scored(TEXT, 0.9)
        return type(whole)(**{**vars(whole), "sentences": sentences})

    monkeypatch.setattr("classifier.scoring.pages.sentences.comment_sentences", ask)


def test_it_is_offered_for_several_sentences_and_not_for_one(
    as_owner: Client, comment_with: MakeComment
) -> None:
    many, one = comment_with(TEXT, score=0.9), comment_with("You are an idiot.", score=0.9)
    page = as_owner.get(f"/comments/{many.pk}/").content.decode()
    assert "Score each of its 3 sentences" in page
    assert f'href="/comments/{many.pk}/?sentences=1#sentences"' in page
    assert 'id="sentences"' not in as_owner.get(f"/comments/{one.pk}/").content.decode()


def test_sentences_come_in_order_with_the_highest_marked_and_blurred(
    as_owner: Client, comment_with: MakeComment, monkeypatch: pytest.MonkeyPatch
) -> None:
    comment = comment_with(TEXT, score=0.9)
    answer(monkeypatch, 0.01, 0.97, 0.2)
    part = as_owner.get(f"/comments/{comment.pk}/sentences/", headers=HTMX).content.decode()
    rows = part.split("<li ")[1:]
    assert ["1.0%" in rows[0], "97.0%" in rows[1], "20.0%" in rows[2]] == [True] * 3
    assert ["Highest" in row for row in rows] == [False, True, False]
    assert ["over the threshold" in row for row in rows] == [False, True, False]
    assert all('<bdi class="veil" tabindex="0">' in row for row in rows)
    assert ">You are an idiot.</bdi>" in rows[1]


def test_without_scripts_a_link_shows_them_on_the_page(
    as_owner: Client, comment_with: MakeComment, monkeypatch: pytest.MonkeyPatch
) -> None:
    comment = comment_with(TEXT, score=0.1)
    answer(monkeypatch, 0.01, 0.3, 0.2)
    response = as_owner.get(f"/comments/{comment.pk}/sentences/")
    assert response.headers["Location"] == f"/comments/{comment.pk}/?sentences=1#sentences"
    page = as_owner.get(response.headers["Location"]).content.decode()
    assert page.count('class="sentence ') + page.count('class="sentence"') == 3
    assert "Highest" in page
    assert " veil" not in page.split('id="sentences"')[1].split("</section>")[0]


def test_without_a_worker_it_says_so_and_offers_to_try_again(
    as_owner: Client, comment_with: MakeComment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**kwargs: object) -> None:
        raise NoWorker("none")

    comment = comment_with(TEXT, score=0.9)
    monkeypatch.setattr("classifier.scoring.pages.sentences.comment_sentences", fail)
    part = as_owner.get(f"/comments/{comment.pk}/sentences/", headers=HTMX).content.decode()
    assert "cannot be scored now" in part
    assert "Try again" in part


def test_a_stranger_learns_nothing(stranger: User, comment_with: MakeComment) -> None:
    comment = comment_with(TEXT, score=0.9)
    response = client_of(stranger).get(f"/comments/{comment.pk}/sentences/", headers=HTMX)
    assert response.status_code == 404
