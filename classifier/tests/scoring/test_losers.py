"""Whoever lost its claim on a comment changes nothing; what a killed worker had is free when it starts again."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from classifier.comments.submission import comments_submit
from classifier.inference.errors import TextTooLong
from classifier.models import Comment, CommentEvent, ModelVersion, Prediction
from classifier.scoring import classify_pending as pending
from classifier.scoring.classify_pending import claims_release, pending_classify
from classifier.tests.builders import FakeScorer

pytestmark = pytest.mark.django_db(transaction=True)


def claimed(worker: str, limit: int = 10) -> list[Comment]:
    return pending._claim(limit, pending.claim_token(worker), [])


def expire() -> None:
    Comment.objects.exclude(claim_token=None).update(claimed_at=timezone.now() - timedelta(hours=1))


def rows() -> list[Any]:
    return list(Comment.objects.order_by("pk").values())


@pytest.fixture
def lost(active_version: ModelVersion) -> Comment:
    """A comment as the worker has it that lost it to another one."""
    comments_submit(items=[{"text": "i hate you"}], source="test")
    [late] = claimed("one@test")
    expire()
    [taken] = claimed("two@test")
    assert (taken.pk, taken.attempts) == (late.pk, 2)
    return late


@pytest.mark.parametrize(
    "act",
    [
        lambda late: pending._fail(late, "It could not be scored."),
        lambda late: pending._failed_alone(late, ValueError("the engine choked")),
        lambda late: pending._failed_alone(late, TextTooLong(0, 90, 64)),
        lambda late: pending._renew([late]),
    ],
    ids=["fail", "release", "too long", "renew"],
)
def test_a_worker_that_lost_a_comment_changes_nothing_of_it(lost: Comment, act: Any) -> None:
    before = rows()
    act(lost)
    assert rows() == before
    assert not CommentEvent.objects.exists()


def test_a_worker_that_lost_a_comment_writes_no_prediction(
    active_version: ModelVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    comments_submit(items=[{"text": "i hate you"}], source="test")
    after: list[list[Any]] = []

    class Slow(FakeScorer):
        def score(self, texts: Any) -> Any:
            expire()
            claimed("two@test")
            after.append(rows())
            return super().score(texts)

    pending_classify(scorer=Slow(), model_version=active_version, limit=10, worker="one@test")
    assert rows() == after[0]
    assert not Prediction.objects.exists()
    assert not CommentEvent.objects.exists()


def test_what_was_given_back_when_the_database_was_away_is_not_taken_from_another(lost: Comment) -> None:
    before = rows()
    pending._unwritten.add(lost.claim_token)  # type: ignore[arg-type]
    pending._give_back_unwritten()
    assert rows() == before


def test_the_claims_of_a_killed_worker_are_free_when_it_starts_again_and_no_others_are(
    active_version: ModelVersion,
) -> None:
    comments_submit(items=[{"text": f"text {number}"} for number in range(4)], source="test")
    killed, others = claimed("classify@one", 2), claimed("classify@two", 1)
    assert claims_release(worker="classify@one") == 2
    free = Comment.objects.filter(claim_token=None).order_by("pk")
    assert {comment.pk for comment in killed} < set(free.values_list("pk", flat=True))
    assert Comment.objects.get(pk=others[0].pk).claim_token == others[0].claim_token
    assert set(free.values_list("attempts", flat=True)) == {0, 1}  # one of them may have killed it
    before = rows()
    pending._fail(killed[0], "It was not dead after all.")
    assert rows() == before
    assert claims_release(worker="classify@o") == 0
    assert pending_classify(
        scorer=FakeScorer(), model_version=active_version, limit=10, worker="classify@one"
    )


def test_tokens_of_one_worker_differ_and_share_what_tells_it_from_others() -> None:
    first, second, other = (pending.claim_token(name) for name in ("one", "one", "two"))
    assert first != second
    assert first.bytes[:8] == second.bytes[:8] != other.bytes[:8]
    assert pending.claim_token("") != pending.claim_token("")
