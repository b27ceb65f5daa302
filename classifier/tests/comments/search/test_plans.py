"""Searches are answered by the indexes of words and trigrams, whatever else narrows and orders them."""

from collections.abc import Iterator

import pytest
from django.db import connection
from pytest_django import DjangoDbBlocker

from classifier.comments.search import matching_text
from classifier.models import Comment, Source
from classifier.review.filters import QueueFilters, apply_filters

ROWS = 4_000


@pytest.fixture(scope="module")
def rows(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Comments that are committed once for all tests here, since no test changes them."""
    with django_db_blocker.unblock():
        source = Source.objects.create(slug="site", name="Site")
        Comment.objects.bulk_create(
            Comment(source=source, text=f"number {n} of {ROWS} words w{n * 7919 % 99_991}z")
            for n in range(ROWS)
        )
        with connection.cursor() as cursor:
            for index in (
                "comment_trigrams",
                "comment_words",
            ):  # as autovacuum does: what is new lies unsorted
                cursor.execute("SELECT gin_clean_pending_list(%s::regclass)", [index])
            cursor.execute("ANALYZE classifier_comment")
    yield
    with django_db_blocker.unblock():
        Comment.objects.filter(source=source).delete()
        source.delete()


@pytest.fixture
def many(rows: None, db: None) -> None:
    """The rows, for a test that may read them."""


@pytest.mark.parametrize(
    ("typed", "index"),
    [
        ("nosuchword", "comment_trigrams"),
        ("w791", "comment_trigrams"),
        ("w7!", "comment_trigrams"),
        ('"w7919z"', "comment_words"),
        ("zz", "comment_words"),
        ("\u043f\u0440\u0438\u0432\u0435\u0442", "comment_words"),
        ("rarely -number", "comment_trigrams"),
        ('"w7919z" or "w15838z"', "comment_words"),
        ('nosuchword or "w7919z"', "comment_words"),
    ],
)
def test_a_rare_word_is_found_by_its_index_and_not_by_walking_the_order(
    typed: str, index: str, many: None
) -> None:
    plan = matching_text(Comment.objects.all(), typed).order_by("-id")[:51].explain()
    assert index in plan, plan


def test_a_frequent_word_is_found_by_walking_the_order(many: None) -> None:
    plan = matching_text(Comment.objects.all(), "number").order_by("-id")[:51].explain()
    assert "classifier_comment_pkey" in plan


def test_other_filters_leave_the_index_usable(many: None) -> None:
    filters = QueueFilters(status="all", source=("site",), newer_hours=5.0, text="nosuchword")
    assert "comment_trigrams" in apply_filters(Comment.objects.all(), filters, None).explain()


def test_what_no_index_knows_reads_no_more_than_the_newest(many: None) -> None:
    plan = matching_text(Comment.objects.all(), ":)").explain()
    assert "classifier_comment_pkey" in plan, plan
