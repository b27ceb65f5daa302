"""The list of comments: mine alone, by status, verdict and words, page by page."""

import re

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from classifier.comments.pages.comments import PAGE_SIZE
from classifier.models import User
from classifier.tests.page_fixtures import MakeComment, client_of


def listed(client: Client, query: str = "") -> list[str]:
    page = client.get(f"/comments/{query}").content.decode()
    return re.findall(r'class="comment-row__text[^>]*>([^<]*)<', page)


def test_it_lists_only_my_own_also_for_a_moderator(
    as_owner: Client, colleague: User, comment_with: MakeComment
) -> None:
    comment_with("mine", score=0.1)
    comment_with("theirs", by=colleague)
    assert listed(as_owner) == ["mine"]
    assert listed(client_of(colleague)) == ["theirs"]


def test_it_filters_by_status_verdict_and_words(as_owner: Client, comment_with: MakeComment) -> None:
    comment_with("waiting rose")
    comment_with("Rose is bad", score=0.9)
    comment_with("rose is good", score=0.1)
    comment_with("odd", failure="broken")
    assert listed(as_owner, "?status=pending") == ["waiting rose"]
    assert listed(as_owner, "?status=failed") == ["odd"]
    assert listed(as_owner, "?verdict=toxic") == ["Rose is bad"]
    assert listed(as_owner, "?q=ROSE&verdict=non-toxic") == ["rose is good"]
    assert listed(as_owner, "?status=pending&q=100%25") == []


def test_the_tabs_count_what_the_other_filters_leave(as_owner: Client, comment_with: MakeComment) -> None:
    for text in ("rose", "rose", "oak"):
        comment_with(text, score=0.1)
    comment_with("rose")
    page = as_owner.get("/comments/?q=rose").content.decode()
    counts = re.findall(r'<a href="\?[^"]*"[^>]*>(\w+)<span class="count">(\d+)', page)
    assert counts == [("All", "3"), ("Pending", "1"), ("Classified", "2"), ("Decided", "0"), ("Failed", "0")]


@pytest.mark.parametrize(
    "query", ["?status=x", "?verdict=1", "?before=abc", "?after=-1", "?q=%00", "?before=1e9"]
)
def test_a_filter_that_makes_no_sense_filters_nothing(
    as_owner: Client, comment_with: MakeComment, query: str
) -> None:
    comment_with("mine")
    assert listed(as_owner, query) == ["mine"]


def test_pages_go_back_and_forth_without_a_gap_or_a_repeat(
    as_owner: Client, comment_with: MakeComment
) -> None:
    wanted = [f"comment {n}" for n in range(2 * PAGE_SIZE + 3)]
    for text in wanted:
        comment_with(text)
    seen, query = [], ""
    while True:
        seen += listed(as_owner, query)
        page = as_owner.get(f"/comments/{query}").content.decode()
        older = re.search(r'class="[^"]*older" rel="next" href="([^"]*)"', page)
        if older is None:
            break
        query = older[1]
    assert seen == wanted[::-1]
    newer = re.search(r'class="[^"]*newer" rel="prev" href="([^"]*)"', page)
    assert newer is not None
    assert listed(as_owner, newer[1]) == wanted[3 : 3 + PAGE_SIZE][::-1]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("", "You have not stored a comment yet"),
        ("?status=pending", "Nothing is waiting"),
        ("?status=classified", "No verdicts yet"),
        ("?status=decided", "No decisions yet"),
        ("?status=failed", "Nothing failed"),
        ("?q=xyzzy", "No comment matches"),
    ],
)
def test_an_empty_list_says_why_it_is_empty(as_owner: Client, query: str, words: str) -> None:
    assert words in as_owner.get(f"/comments/{query}").content.decode()


def test_the_number_of_queries_does_not_grow_with_the_list(
    as_owner: Client, comment_with: MakeComment, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for n in range(10):
        comment_with(f"comment {n}", score=0.9)
    with django_assert_num_queries(6):  # session, user, permissions, counts, page, what waits
        as_owner.get("/comments/")
