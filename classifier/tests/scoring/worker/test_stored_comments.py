"""Stored comments and a real worker: killed, raced, without Redis, and with the model changed under it."""

import time
from collections.abc import Callable
from itertools import groupby

import pytest

from classifier.comments.submission import comment_submit, comments_submit
from classifier.model_versions.services import model_version_activate, model_version_roll_back
from classifier.models import Comment, CommentEvent, ModelVersion, Prediction
from classifier.scoring.score_texts import score_texts
from classifier.scoring.verdict_pubsub import comment_wait
from classifier.tests.worker_process import WorkerProcess
from toxicsite.lib import jobs
from toxicsite.lib.broker import client
from toxicsite.tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)
StartWorker = Callable[..., WorkerProcess]
TEXT = "i hate you and the rain is not very good " * 40


def none_pending() -> bool:
    return not Comment.objects.pending().exists()


def swept() -> bool:
    """Do what beat does, only more often."""
    jobs.enqueue_now("classifier.sweep")
    time.sleep(0.5)
    return True


def assert_each_once(count: int) -> None:
    assert Comment.objects.filter(status="classified").count() == count
    assert Prediction.objects.values("comment").distinct().count() == count
    assert Prediction.objects.count() == count
    assert CommentEvent.objects.filter(new="classified").count() == count


def test_submit_and_wait_gives_the_verdict_and_its_model_version(
    active_version: ModelVersion, start_worker: StartWorker
) -> None:
    start_worker().wait_until_ready()
    comment = comment_wait(comment_id=comment_submit(text="i hate you", source="web").pk, deadline=20)
    assert comment.status == "classified"
    assert comment.current_prediction is not None
    assert comment.current_prediction.model_version == active_version
    (scored,) = score_texts(texts=["i hate you"], deadline=20)
    assert scored.score == pytest.approx(comment.current_prediction.score, abs=1e-4)  # type: ignore[union-attr]


def test_waiting_without_a_worker_gives_the_pending_comment_at_once(
    active_version: ModelVersion, redis_clean: None
) -> None:
    comment = comment_submit(text="hello", source="web")
    started = time.monotonic()
    assert comment_wait(comment_id=comment.pk, deadline=30).status == "pending"
    assert time.monotonic() - started < 5


def test_a_worker_killed_in_the_middle_loses_nothing_and_repeats_nothing(
    active_version: ModelVersion, start_worker: StartWorker
) -> None:
    comments_submit(items=[{"text": TEXT} for _ in range(120)], source="test")
    environment = {"CLASSIFY_CLAIM_SECONDS": "3", "CLASSIFY_CLAIM_SIZE": "16", "SCORER_TOKEN_BUDGET": "2048"}
    first = start_worker(**environment)
    wait_until(lambda: Prediction.objects.count() >= 20)
    first.kill()
    before = set(Prediction.objects.values_list("pk", flat=True))
    assert len(before) < 120, "the worker was killed too late to show anything"
    second = start_worker(**environment).wait_until_ready()
    wait_until(lambda: swept() and none_pending())
    assert before <= set(Prediction.objects.values_list("pk", flat=True))
    assert_each_once(120)
    second.stop()


def test_two_workers_share_a_backlog_without_scoring_twice(
    active_version: ModelVersion, start_worker: StartWorker
) -> None:
    workers = [start_worker(CLASSIFY_CLAIM_SIZE="5") for _ in range(2)]
    for worker in workers:
        worker.wait_until_ready()
    comments_submit(items=[{"text": TEXT} for _ in range(100)], source="test")
    for _ in range(10):
        jobs.enqueue_now("classifier.classify")
    wait_until(none_pending)
    assert_each_once(100)


def test_a_flushed_redis_is_made_good_by_the_sweep(
    active_version: ModelVersion, redis_clean: None, start_worker: StartWorker
) -> None:
    comments_submit(items=[{"text": "hello"} for _ in range(20)], source="test")
    client().flushdb()
    worker = start_worker().wait_until_ready()
    wait_until(none_pending)
    worker.stop()

    comments_submit(items=[{"text": "hello again"} for _ in range(20)], source="test")
    client().flushdb()
    idle = start_worker().wait_until_ready()
    wait_until(none_pending)
    time.sleep(1.0)  # for a bell that was rung before and is only now heard
    Comment.objects.create(source_id=Comment.objects.values_list("source")[0][0], text="nobody rang for me")
    time.sleep(0.5)
    assert not none_pending()
    jobs.enqueue_now("classifier.sweep")  # what beat sends every 15 seconds
    wait_until(none_pending)
    idle.stop()
    assert_each_once(41)


def test_a_worker_follows_activation_and_roll_back_without_a_restart(
    candidates: tuple[ModelVersion, ModelVersion], start_worker: StartWorker
) -> None:
    one, two = candidates
    model_version_activate(model_version=one, by=None)
    start_worker().wait_until_ready()

    def verdict_by() -> str:
        comment = comment_wait(comment_id=comment_submit(text="i hate you", source="web").pk, deadline=30)
        assert comment.current_prediction is not None
        return comment.current_prediction.model_version.version

    assert verdict_by() == one.version
    model_version_activate(model_version=two, by=None)
    wait_until(lambda: verdict_by() == two.version)
    assert score_texts(texts=["i hate you"], deadline=20)[0].model_version == two.version  # type: ignore[union-attr]
    model_version_roll_back(by=None)
    wait_until(lambda: verdict_by() == one.version)
    verdicts = Prediction.objects.order_by("id").values_list("model_version", "score")
    scores = {version: {score for pk, score in verdicts if pk == version} for version in (one.pk, two.pk)}
    assert [len(found) for found in scores.values()] == [1, 1], "a score of the other version"
    assert scores[one.pk] != scores[two.pk]
    followed = [pk for pk, _ in groupby(pk for pk, _ in verdicts)]
    assert followed == [one.pk, two.pk, one.pk]


def test_requests_that_cannot_wait_overtake_a_backlog(
    active_version: ModelVersion, start_worker: StartWorker
) -> None:
    start_worker(CLASSIFY_CLAIM_SIZE="100").wait_until_ready()
    comments_submit(items=[{"text": TEXT} for _ in range(250)], source="test")
    wait_until(lambda: Prediction.objects.count() > 0)
    score_texts(texts=["i hate you"], deadline=20)
    left = Comment.objects.pending().count()
    assert left > 0, "the backlog was gone before the request came"
    wait_until(none_pending, seconds=120)
    assert_each_once(250)
