"""Claims: a batch is scored and written once, a bad text spoils no other, a dead worker's texts come back."""

import contextlib
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from classifier.comments.edits import comment_edit, comment_rescan
from classifier.comments.submission import comment_retry, comments_submit
from classifier.inference.errors import TextTooLong
from classifier.models import Comment, CommentEvent, ModelVersion, Prediction
from classifier.scoring import classify_pending as pending
from classifier.scoring.classify_pending import MAX_ATTEMPTS, pending_classify
from classifier.tests.builders import FakeScorer

pytestmark = pytest.mark.django_db(transaction=True)


def submit(*texts: str) -> list[Comment]:
    return comments_submit(items=[{"text": text} for text in texts], source="test")


def abandon_claims() -> None:
    """As if the worker had been killed and the claims had expired."""
    Comment.objects.filter(claim_token__isnull=False).update(claimed_at=timezone.now() - timedelta(hours=1))


def test_every_comment_gets_one_prediction_and_one_history_row(active_version: ModelVersion) -> None:
    submit("i hate you", "thank you")
    assert pending_classify(scorer=FakeScorer(), model_version=active_version, limit=10) == 2
    assert pending_classify(scorer=FakeScorer(), model_version=active_version, limit=10) == 0
    rows = Comment.objects.order_by("id").values_list(
        "status", "current_prediction__verdict", "current_prediction__model_version"
    )
    assert list(rows) == [
        ("classified", "toxic", active_version.pk),
        ("classified", "non-toxic", active_version.pk),
    ]
    assert list(CommentEvent.objects.values_list("old", "new")) == [("pending", "classified")] * 2
    assert Prediction.objects.count() == 2


def test_the_limit_bounds_a_claim_and_the_oldest_come_first(active_version: ModelVersion) -> None:
    comments = submit(*[f"text {number}" for number in range(5)])
    pending_classify(scorer=FakeScorer(), model_version=active_version, limit=2)
    done = Comment.objects.filter(status="classified").order_by("id")
    assert list(done) == comments[:2]


def test_a_bad_text_fails_alone_after_three_attempts(active_version: ModelVersion) -> None:
    submit(*[f"good {number}" for number in range(6)], "bad", "good at last")
    scorer = FakeScorer(poison=["bad"])
    for _ in range(5):
        pending_classify(scorer=scorer, model_version=active_version, limit=100)
    bad = Comment.objects.get(text="bad")
    assert (bad.status, bad.attempts) == ("failed", MAX_ATTEMPTS)
    assert "the engine choked" in bad.failure_reason
    assert bad.history.get().new == "failed"
    assert Comment.objects.filter(status="classified").count() == 7
    assert not bad.predictions.exists()


@pytest.mark.parametrize(("code", "outlived"), [("53100", True), ("57P01", True), ("40P01", False)])
def test_a_database_that_was_away_costs_no_attempt(
    code: str, outlived: bool, active_version: ModelVersion, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.CLASSIFY_CLAIM_SECONDS = 0.0
    submit("a", "b")

    def refused(*args: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '{code}'; END $$")

    with monkeypatch.context() as patch:
        patch.setattr(pending, "run", refused)
        for _ in range(2 * MAX_ATTEMPTS):
            with contextlib.suppress(OperationalError):
                pending_classify(scorer=FakeScorer(), model_version=active_version, limit=10)
    pending_classify(scorer=FakeScorer(), model_version=active_version, limit=10)
    found = set(Comment.objects.values_list("status", "attempts"))
    assert found == {("classified", 1)} if outlived else "failed" in {status for status, _ in found}


def test_nothing_is_claimed_while_a_claim_cannot_be_given_back(
    active_version: ModelVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit("a")

    def away(*args: Any) -> None:
        raise OperationalError("server closed the connection unexpectedly")

    with monkeypatch.context() as patch:
        patch.setattr(pending, "run", away)
        with pytest.raises(OperationalError):
            pending_classify(scorer=FakeScorer(), model_version=active_version, limit=10)
    submit("b")
    with monkeypatch.context() as patch:
        patch.setattr(Comment.objects, "pending", away)
        with pytest.raises(OperationalError):
            pending_classify(scorer=FakeScorer(), model_version=active_version, limit=10)
    assert list(Comment.objects.order_by("id").values_list("attempts", flat=True)) == [1, 0]
    pending_classify(scorer=FakeScorer(), model_version=active_version, limit=10)
    assert set(Comment.objects.values_list("status", "attempts")) == {("classified", 1)}


def test_a_text_that_is_too_long_fails_at_once_with_its_reason(active_version: ModelVersion) -> None:
    submit("long")

    class Strict(FakeScorer):
        def score(self, texts: Any) -> Any:
            raise TextTooLong(0, 90, 64)

    pending_classify(scorer=Strict(), model_version=active_version, limit=10)
    comment = Comment.objects.get()
    assert comment.status == "failed"
    assert "90 windows" in comment.failure_reason


def test_a_failed_comment_can_be_tried_again(active_version: ModelVersion) -> None:
    submit("bad")
    for _ in range(MAX_ATTEMPTS):
        pending_classify(scorer=FakeScorer(poison=["bad"]), model_version=active_version, limit=10)
    comment = Comment.objects.get()
    comment_retry(comment=comment, by=None)
    pending_classify(scorer=FakeScorer(), model_version=active_version, limit=10)
    comment.refresh_from_db()
    assert comment.status == "classified"
    assert [event.new for event in comment.history.order_by("id")] == ["failed", "pending", "classified"]


def test_a_live_claim_is_left_alone_and_an_expired_one_taken_over(active_version: ModelVersion) -> None:
    submit("a", "b")

    class Killed(FakeScorer):
        def score(self, texts: Any) -> Any:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pending_classify(scorer=Killed(), model_version=active_version, limit=10)
    assert pending_classify(scorer=FakeScorer(), model_version=active_version, limit=10) == 0
    abandon_claims()
    while pending_classify(scorer=FakeScorer(), model_version=active_version, limit=10):
        pass
    assert Comment.objects.filter(status="classified", attempts=2).count() == 2


def test_a_text_that_kills_every_worker_fails_and_its_batch_does_not(active_version: ModelVersion) -> None:
    submit("a", "killer", "b")

    class Deadly(FakeScorer):
        def score(self, texts: Any) -> Any:
            if "killer" in texts:
                raise KeyboardInterrupt
            return super().score(texts)

    for _ in range(20):
        abandon_claims()
        try:
            pending_classify(scorer=Deadly(), model_version=active_version, limit=10)
        except KeyboardInterrupt:
            continue
    killer = Comment.objects.get(text="killer")
    assert killer.status == "failed"
    assert "stopped 3 times" in killer.failure_reason
    assert Comment.objects.filter(status="classified").count() == 2


def test_who_lost_the_claim_while_scoring_writes_nothing(active_version: ModelVersion) -> None:
    submit("a")

    class Slow(FakeScorer):
        def score(self, texts: Any) -> Any:
            abandon_claims()
            pending_classify(scorer=FakeScorer(), model_version=active_version, limit=10)
            return super().score(texts)

    pending_classify(scorer=Slow(), model_version=active_version, limit=10)
    assert Prediction.objects.count() == 1
    assert CommentEvent.objects.count() == 1
    assert Comment.objects.get().status == "classified"


def test_workers_that_race_share_the_work_without_scoring_anything_twice(
    active_version: ModelVersion,
) -> None:
    submit(*[f"text {number}" for number in range(200)])
    start = threading.Barrier(4)
    scorers = [FakeScorer() for _ in range(4)]

    def work(scorer: FakeScorer) -> None:
        start.wait()
        while pending_classify(scorer=scorer, model_version=active_version, limit=7):
            pass
        connection.close()

    threads = [threading.Thread(target=work, args=(scorer,)) for scorer in scorers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    scored = [text for scorer in scorers for call in scorer.calls for text in call]
    assert sorted(scored) == sorted(f"text {number}" for number in range(200))
    assert Comment.objects.filter(status="classified").count() == 200
    assert Prediction.objects.count() == CommentEvent.objects.count() == 200


def test_requests_that_cannot_wait_are_served_between_engine_calls(
    active_version: ModelVersion, settings: Any
) -> None:
    settings.SCORER_TOKEN_BUDGET = 10
    submit(*["x" * 30] * 4)
    served: list[int] = []
    pending_classify(
        scorer=FakeScorer(),
        model_version=active_version,
        limit=10,
        between=lambda: served.append(Prediction.objects.count()),
    )
    assert served == [1, 2, 3]


def test_what_was_imported_waits_until_nothing_live_does_and_comes_in_smaller_claims(
    active_version: ModelVersion,
) -> None:
    old = submit(*[f"old {number}" for number in range(10)])
    Comment.objects.update(is_backlog=True)
    live = submit("live one", "live two")
    scorer = FakeScorer()
    assert pending_classify(scorer=scorer, model_version=active_version, limit=10) == 2
    assert set(Comment.objects.filter(status="classified")) == set(live)
    assert pending_classify(scorer=scorer, model_version=active_version, limit=10) == 5
    assert pending_classify(scorer=scorer, model_version=active_version, limit=10) == 5
    assert Comment.objects.filter(pk__in=[one.pk for one in old], status="classified").count() == 10


@pytest.mark.parametrize("change", ["edit", "rescan", "retry"])
def test_a_comment_that_begins_anew_has_all_its_attempts_again(
    change: str, active_version: ModelVersion
) -> None:
    """What the old text used up is not held against the new one."""
    (comment,) = submit("bad")
    for _ in range(5):
        pending_classify(scorer=FakeScorer(poison=["bad"]), model_version=active_version, limit=10)
    comment.refresh_from_db()
    assert (comment.status, comment.attempts) == ("failed", MAX_ATTEMPTS)
    if change == "edit":
        comment_edit(comment=comment, text="worse", by=None)
    elif change == "rescan":
        comment_rescan(comment=comment, by=None)
    else:
        comment_retry(comment=comment, by=None)
    comment.refresh_from_db()
    assert (comment.status, comment.attempts, comment.failure_reason) == ("pending", 0, "")
    scorer = FakeScorer(poison=["bad", "worse"])
    for number in range(1, MAX_ATTEMPTS + 1):
        assert comment.status == "pending"
        pending_classify(scorer=scorer, model_version=active_version, limit=10)
        comment.refresh_from_db()
        assert comment.attempts == number
    assert comment.status == "failed"
    assert len(scorer.calls) == MAX_ATTEMPTS


def test_scoring_again_makes_the_new_prediction_the_current_one_and_keeps_the_old(
    candidates: tuple[ModelVersion, ModelVersion],
) -> None:
    before, now = candidates
    (comment,) = submit("i hate you")
    pending_classify(scorer=FakeScorer(), model_version=before, limit=10)
    comment.refresh_from_db()
    old = comment.current_prediction
    assert old is not None
    comment_rescan(comment=comment, by=None)
    comment.refresh_from_db()
    assert comment.status == "pending"
    pending_classify(scorer=FakeScorer(), model_version=now, limit=10)
    comment.refresh_from_db()
    assert comment.current_prediction is not None
    assert comment.current_prediction.model_version == now
    assert comment.current_prediction_id != old.pk
    assert set(comment.predictions.values_list("pk", flat=True)) == {old.pk, comment.current_prediction_id}
    old.refresh_from_db()
    assert (old.model_version, old.verdict) == (before, "toxic")


def test_a_new_text_is_judged_by_its_own_prediction(active_version: ModelVersion) -> None:
    (comment,) = submit("i hate you")
    pending_classify(scorer=FakeScorer(), model_version=active_version, limit=10)
    comment.refresh_from_db()
    comment_edit(comment=comment, text="thank you", by=None)
    pending_classify(scorer=FakeScorer(), model_version=active_version, limit=10)
    comment.refresh_from_db()
    assert comment.current_prediction is not None
    assert comment.current_prediction.verdict == "non-toxic"
    assert list(comment.predictions.order_by("id").values_list("verdict", flat=True)) == [
        "toxic",
        "non-toxic",
    ]
