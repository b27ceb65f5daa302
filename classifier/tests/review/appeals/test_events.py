"""What happens is told to who has registered, after the commit or within it, and costs nothing otherwise."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection, transaction

from classifier.core import events
from classifier.model_versions.services import model_version_activate
from classifier.models import Comment, ModelVersion, User
from classifier.review.appeals import appeal_open, appeal_resolve
from classifier.review.decisions import decision_undo
from classifier.tests.builders import classified_comment
from classifier.tests.review.appeals.conftest import removed

Heard = list[tuple[str, list[Any]]]


@pytest.fixture
def hear() -> Iterator[Callable[..., Heard]]:
    ends = []

    def listen(inside: bool = True) -> Heard:
        heard: Heard = []
        ends.append(events.register(lambda name, told: heard.append((name, told)), inside=inside))
        return heard

    yield listen
    for end in ends:
        end()


def test_nobody_registered_nothing_is_done(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "_after", [])
    monkeypatch.setattr(events, "_inside", [])
    before = len(connection.run_on_commit)
    events.emit(events.COMMENT_CLASSIFIED, {"comment": 1})
    assert not events.listening()
    assert len(connection.run_on_commit) == before


def test_the_life_of_a_comment_is_told(
    active_version: ModelVersion, site: User, lead: User, hear: Callable[..., Heard]
) -> None:
    heard = hear()
    comment = classified_comment(active_version, by=site)
    first = removed(comment, None)
    appeal = appeal_open(comment=comment, message="secret words", by=site)
    second = appeal_resolve(appeal=appeal, uphold=False, by=lead)
    decision_undo(decision=second, by=lead)
    assert [name for name, _ in heard] == [
        "comment.classified",
        "comment.decided",
        "appeal.opened",
        "appeal.resolved",
        "comment.decided",
        "comment.decided",
    ]
    told = [payload for _, payloads in heard for payload in payloads]
    assert told[0]["verdict"] == "toxic"
    assert told[0]["band"] == "review"
    assert (told[1]["decision"], told[1]["action"], told[1]["source"]) == (
        first.pk,
        "remove",
        comment.source_id,
    )
    assert told[3] == {
        "appeal": appeal.pk,
        "comment": comment.pk,
        "decision": second.pk,
        "outcome": "overturned",
        "source": comment.source_id,
    }
    assert told[5]["undoes"] == second.pk
    assert "secret" not in str(told)
    assert "hate" not in str(told)


def test_a_promotion_is_told(
    candidates: tuple[ModelVersion, ModelVersion], hear: Callable[..., Heard]
) -> None:
    heard = hear()
    for version in candidates:
        model_version_activate(model_version=version, by=None)
    assert [payload for _, payloads in heard for payload in payloads] == [
        {"model_version": candidates[0].pk, "before": None},
        {"model_version": candidates[1].pk, "before": candidates[0].pk},
    ]


@pytest.mark.django_db(transaction=True)
def test_what_is_rolled_back_is_told_to_nobody_after_the_commit(hear: Callable[..., Heard]) -> None:
    heard = hear(inside=False)
    with transaction.atomic():
        events.emit(events.COMMENT_DECIDED, {"comment": 1})
        transaction.set_rollback(True)
    assert heard == []
    with transaction.atomic():
        events.emit(events.COMMENT_DECIDED, {"comment": 2})
        assert heard == []
    assert heard == [("comment.decided", [{"comment": 2}])]


@pytest.mark.django_db(transaction=True)
def test_a_receiver_that_fails_afterwards_harms_nobody(hear: Callable[..., Heard]) -> None:
    def fail(name: str, told: Any) -> None:
        raise RuntimeError("the receiver is ill")

    end = events.register(fail)
    heard = hear(inside=False)
    with transaction.atomic():
        events.emit(events.COMMENT_DECIDED, {"comment": 3})
    end()
    assert heard


def test_an_unknown_name_is_a_mistake(comment: Comment) -> None:
    with pytest.raises(ValueError, match="is no event"):
        events.emit("comment.loved", {})
