"""What a search finds: words, parts of words, phrases, choices, what is left out, and what no index knows."""

from typing import Any

import pytest
from django.utils import timezone

from classifier.comments import search
from classifier.comments.own_comments import comments_matching
from classifier.comments.search import matching_text
from classifier.models import Comment, Source, User
from classifier.review.filters import QueueFilters, apply_filters

TEXTS = {
    "idiot": "You are an IDIOT, go away!",
    "idiotic": "What an idiotic idea; no, go away.",
    "hidden": "such a xxidiotxx",
    "stars": "f*ck this, it is 100% sh!t",
    "hundred": "1000 sheets of paper",
    "mood": "\U0001f595 to you :)",
    "greek": "\u041f\u0440\u0438\u0432\u0435\u0442\u0438\u043a \u043c\u0438\u0440",
    "cjk": "\u4f60\u662f\u7b28\u86cb\u5417",
    "path": "under_score and back\\slash and it's fine",
    "short": "ok go",
}


@pytest.fixture
def comments(db: None) -> dict[str, Comment]:
    source = Source.objects.create(slug="site", name="Site")
    made = [Comment(source=source, text=text, external_id=name) for name, text in TEXTS.items()]
    made.append(Comment(source=source, text="", external_id="purged", text_purged_at=timezone.now()))
    return {str(comment.external_id): comment for comment in Comment.objects.bulk_create(made)}


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("idiot", "idiot idiotic hidden"),
        ("  IdioT  ", "idiot idiotic hidden"),
        ('"idiot"', "idiot"),
        ('"go away"', "idiot idiotic"),
        ('"an idiot go"', "idiot"),
        ("\u201cgo away\u201d", "idiot idiotic"),
        ('"go away', "idiot idiotic"),
        ("idiot away", "idiot idiotic"),
        ("idiot -idea", "idiot hidden"),
        ('idiot -"go away"', "hidden"),
        ("sheets or xxid", "hundred hidden"),
        ("sheets OR go away", "hundred idiot idiotic"),
        ("or sheets or", "hundred"),
        ("f*ck", "stars"),
        ("sh!t", "stars"),
        ("100%", "stars"),
        ("r_s", "path"),
        ("k\\s", "path"),
        ("it's", "path"),
        ("go", "idiot idiotic short"),
        ("ok", "short"),
        (":)", "mood"),
        ("\U0001f595", "mood"),
        ("\u043f\u0440\u0438\u0432\u0435\u0442", "greek"),
        ("\u7b28\u86cb", "cjk"),
        ('"\u7b28\u86cb"', "cjk"),
        ("nowhere", ""),
        ("'", "path"),
        ("' & !", ""),
        ('""', " ".join(TEXTS) + " purged"),
        ("-idiot -away -it", "hundred mood greek cjk short"),
        ("-", ""),
    ],
)
def test_it_finds_what_was_meant(typed: str, names: str, comments: dict[str, Comment]) -> None:
    found = matching_text(Comment.objects.all(), typed).values_list("external_id", flat=True)
    assert set(found) == set(names.split())


def test_what_no_index_knows_is_looked_for_among_the_newest(
    comments: dict[str, Comment], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "SCANNED", 3)
    assert not matching_text(Comment.objects.all(), ":)").exists()
    assert matching_text(Comment.objects.all(), ":) you").exists()


def test_the_queue_and_ones_own_comments_are_searched_alike(
    comments: dict[str, Comment], moderator: User
) -> None:
    Comment.objects.update(submitted_by=moderator)
    chosen = apply_filters(Comment.objects.all(), QueueFilters(status="all", text='"idiot"'), None)
    assert [one.external_id for one in chosen] == ["idiot"]
    mine = comments_matching(user=moderator, search="idiot -idea")
    assert {one.external_id for one in mine} == {"idiot", "hidden"}


def test_the_admin_searches_texts_and_whole_external_ids(
    comments: dict[str, Comment], admin_client: Any
) -> None:
    def listed(typed: str) -> set[str]:
        answer = admin_client.get("/admin/classifier/comment/", {"q": typed})
        return {one.external_id for one in answer.context["cl"].result_list}

    assert listed("sh!t") == {"stars"}
    assert listed("mood") == {"mood"}
    assert listed("x" * 5_000) == set()
