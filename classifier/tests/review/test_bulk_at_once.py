"""A bulk decision and an edit of one of its comments at the same moment, each on a connection of its own."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, connections, transaction

from classifier.accounts.roles import LEAD
from classifier.comments.edits import comment_edit
from classifier.models import BulkAction, Comment, Decision, ModelVersion, User
from classifier.review.bulk import bulk_decide, bulk_preview
from classifier.review.filters import QueueFilters
from classifier.scoring.classify_pending import pending_classify
from classifier.tests.builders import FakeScorer
from classifier.tests.review.conftest import waiting

pytestmark = pytest.mark.django_db(transaction=True)
WAIT_SECONDS = 20.0


@pytest.fixture
def lead(transactional_db: None, people: Callable[..., list[User]]) -> User:
    return people(LEAD, 1)[0]


def until_somebody_waits_for_a_lock() -> None:
    end = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < end:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_stat_clear_snapshot()"
            )  # else a transaction sees the same picture for ever
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            if cursor.fetchone()[0]:
                return
        time.sleep(0.01)
    raise AssertionError("nobody waits: the bulk decision does not lock what it decides")


def decide_while(lead: User, change: Callable[[], Any], comments: list[Comment]) -> BulkAction:
    """Preview, then decide on another connection while `change` holds its row and commits only once that one waits."""
    preview = bulk_preview(filters=QueueFilters(ids=tuple(one.pk for one in comments)), by=lead)
    assert preview.count == len(comments)
    made: list[BulkAction] = []

    def decide() -> None:
        try:
            made.append(
                bulk_decide(
                    filters=preview.filters,
                    action="approve",
                    reason="fine",
                    expected_count=preview.count,
                    by=lead,
                )
            )
        finally:
            connections.close_all()

    thread = threading.Thread(target=decide)
    with transaction.atomic():
        change()
        thread.start()
        until_somebody_waits_for_a_lock()
    thread.join(WAIT_SECONDS)
    assert made, "the bulk decision failed or hangs"
    return made[0]


def test_a_text_that_is_edited_while_the_decision_waits_for_it_is_not_decided(
    active_version: ModelVersion, lead: User
) -> None:
    kept, edited = waiting(active_version, "hate one", "hate two")
    bulk = decide_while(
        lead, lambda: comment_edit(comment=edited, text="hate something else", by=None), [kept, edited]
    )
    assert bulk.count == 1
    assert list(bulk.decisions.values_list("comment", flat=True)) == [kept.pk]
    edited.refresh_from_db()
    assert (edited.status, edited.current_decision_id) == ("pending", None)
    pending_classify(scorer=FakeScorer(), model_version=active_version, limit=10)
    edited.refresh_from_db()
    assert (edited.status, edited.queued_at is not None) == ("classified", True)


def test_nor_is_one_that_is_scored_again_before_the_decision_gets_it(
    active_version: ModelVersion, lead: User
) -> None:
    """Its status is as before, its text is not: only the moment of the edit tells."""
    kept, edited = waiting(active_version, "hate one", "hate two")

    def edit_and_score() -> None:
        comment_edit(comment=edited, text="hate something else", by=None)
        pending_classify(scorer=FakeScorer(), model_version=active_version, limit=10)

    bulk = decide_while(lead, edit_and_score, [kept, edited])
    edited.refresh_from_db()
    assert (edited.status, edited.current_decision_id) == ("classified", None)
    assert list(bulk.decisions.values_list("comment", flat=True)) == [kept.pk]
    assert not Decision.objects.filter(comment=edited).exists()
