"""The worker's connection to Postgres: one for many comments, replaced when it breaks."""

from collections.abc import Callable

import pytest
from django.db import connection

from classifier.comments.submission import comment_submit
from classifier.models import ModelVersion
from classifier.scoring.verdict_pubsub import comment_wait
from classifier.tests.worker_process import WorkerProcess

pytestmark = pytest.mark.django_db(transaction=True)


def others_in_the_database() -> set[int]:
    """Numbers of the Postgres processes that serve somebody else than this test."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() "
            "AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
        return {pid for (pid,) in cursor.fetchall()}


def status_of_a_new_comment() -> str:
    return comment_wait(comment_id=comment_submit(text="hello", source="test").pk, deadline=20).status


def test_it_is_kept_from_comment_to_comment_and_replaced_when_cut(
    active_version: ModelVersion, start_worker: Callable[..., WorkerProcess]
) -> None:
    before = others_in_the_database()
    start_worker().wait_until_ready()
    assert status_of_a_new_comment() == "classified"
    (kept,) = others_in_the_database() - before
    assert status_of_a_new_comment() == "classified"
    assert others_in_the_database() - before == {kept}

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [kept])
    assert status_of_a_new_comment() == "classified"
    assert kept not in others_in_the_database()
