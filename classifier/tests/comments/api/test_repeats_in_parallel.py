"""The same external ids sent at the same moment by several threads."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from django.db import connection

from classifier.api_keys.services import api_key_create
from classifier.models import Comment
from classifier.tests.api.conftest import COMMENTS, Caller, person

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def plaintext(transactional_db: None) -> str:
    return api_key_create(name="k", owner=person("owner", "add_comment"), scopes=["submit"])[1]


def at_once(calls: list[Callable[[], Any]]) -> list[Any]:
    start = threading.Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        try:
            start.wait()
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def test_one_comment_sent_twice_at_once_is_one_row(plaintext: str) -> None:
    for attempt in range(10):
        body = {"text": "x", "external_id": str(attempt), "source": f"new-{attempt}"}
        answers = at_once([partial(Caller(plaintext).post, COMMENTS, body) for _ in range(4)])
        assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 202]
        assert len({answer.json()["id"] for answer in answers}) == 1
    assert Comment.objects.count() == 10


def test_overlapping_batches_in_opposite_order_neither_fail_nor_double(plaintext: str) -> None:
    for attempt in range(3):
        items = [{"text": f"{n}", "external_id": f"{attempt}-{n}"} for n in range(300)]
        batches = [items, items[::-1], items[20:] + items[:20], items[30:] + items[:10]]
        answers = at_once([partial(Caller(plaintext).post, COMMENTS, {"items": b}) for b in batches])
        assert {answer.status_code for answer in answers} <= {200, 202}, [a.content for a in answers]
        for batch, answer in zip(batches, answers, strict=True):
            assert [item["text"] for item in answer.json()["items"]] == [item["text"] for item in batch]
        assert Comment.objects.filter(external_id__startswith=f"{attempt}-").count() == 300
