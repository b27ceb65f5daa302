"""Inserting what may be taken: nothing fails in the database, and what others inserted meanwhile is found."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import IntegrityError, connection, transaction

from classifier.models import Comment, Source
from toxicsite.lib.upsert import get_or_insert, insert_unless_taken, try_insert, update_or_insert
from toxicsite.tests.waiting import wait_until


@pytest.mark.django_db
def test_only_rows_that_are_not_taken_are_inserted() -> None:
    Source.objects.create(slug="one", name="first")
    rows = [Source(slug=slug, name="second") for slug in ("zero", "one", "two", "two")]
    new = insert_unless_taken(rows)
    assert new == [rows[0], rows[2]]
    assert [row.pk is not None for row in rows] == [True, False, True, False]
    assert Source.objects.get(slug="one").name == "first"
    assert Source.objects.get(slug="two").pk == rows[2].pk
    new[0].name = "changed"
    new[0].save()
    assert Source.objects.filter(slug="zero", name="changed").count() == 1
    assert insert_unless_taken(list[Source]()) == []


@pytest.mark.django_db
def test_another_constraint_still_fails() -> None:
    source = Source.objects.create(slug="one", name="one")
    with (
        pytest.raises(
            IntegrityError, match=r'^new row for relation "classifier_comment" violates check constraint'
        ),
        transaction.atomic(),
    ):
        try_insert(Comment(source=source, text=""))
    assert not Comment.objects.exists()


@pytest.mark.django_db
def test_a_row_that_is_there_is_given_or_changed() -> None:
    made, is_new = get_or_insert(Source.objects.all(), slug="one", defaults={"name": "first"})
    assert (made.name, is_new) == ("first", True)
    found, is_new = get_or_insert(Source.objects.all(), slug="one", defaults={"name": "second"})
    assert (found, found.name, is_new) == (made, "first", False)
    changed, is_new = update_or_insert(Source.objects.all(), slug="one", defaults={"name": "third"})
    assert (changed, is_new) == (made, False)
    made.refresh_from_db()
    assert made.name == "third"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("keep", [True, False])
def test_it_waits_for_whoever_inserts_the_same_just_now(keep: bool) -> None:
    """It inserts after all where the other transaction gives up."""
    look, go = threading.Event(), threading.Event()

    def first() -> None:
        try:
            with transaction.atomic():
                Source.objects.create(slug="one", name="first")
                look.set()
                assert go.wait(30)
                if not keep:
                    raise GaveUp
        except GaveUp:
            pass
        finally:
            connection.close()

    def second() -> tuple[Source, bool]:
        assert look.wait(30)
        try:
            return get_or_insert(Source.objects.all(), slug="one", defaults={"name": "second"})
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        one, two = pool.submit(first), pool.submit(second)
        wait_until(_somebody_waits)
        go.set()
        one.result()
        source, is_new = two.result()
    assert (source.name, is_new) == (("first", False) if keep else ("second", True))
    assert Source.objects.filter(slug="one").count() == 1


class GaveUp(Exception):
    pass


def _somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'")
        return cursor.fetchone() is not None
