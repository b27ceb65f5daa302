"""While Redis is down, comments are stored, waiting is honest, and scoring says what is wrong."""

from collections.abc import Iterator
from typing import Any

import pytest

from classifier.comments.submission import comment_submit
from classifier.core.errors import NoBroker
from classifier.models import Comment
from classifier.scoring.heartbeat import worker_status
from classifier.scoring.score_texts import score_texts
from classifier.scoring.verdict_pubsub import comment_wait
from toxicsite.celery import app
from toxicsite.lib import broker

pytestmark = pytest.mark.django_db(transaction=True)
NOBODY = "redis://127.0.0.1:1/0"


@pytest.fixture
def no_redis(settings: Any) -> Iterator[None]:
    settings.REDIS_URL = NOBODY
    broker.client.cache_clear()
    url = app.conf.broker_url

    def use(address: str) -> None:
        app.conf.broker_url = app.conf.broker_write_url = address
        app._pool = app.amqp._producer_pool = None

    use(NOBODY)
    yield
    broker.client.cache_clear()
    use(url)


def test_a_comment_is_stored_and_waits_for_the_sweep(no_redis: None) -> None:
    comment = comment_submit(text="hello", source="web")
    assert Comment.objects.get().status == "pending"
    assert comment_wait(comment_id=comment.pk, deadline=10).status == "pending"


def test_scoring_says_that_the_broker_is_missing(no_redis: None) -> None:
    with pytest.raises(NoBroker, match=r"^Redis does not answer\.$"):
        score_texts(texts=["hello"], deadline=5)


def test_the_status_reads_as_no_worker(no_redis: None) -> None:
    assert not worker_status().alive
