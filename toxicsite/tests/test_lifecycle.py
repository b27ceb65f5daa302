"""Status changes happen once, by the one who saw the old status, and leave a row."""

import pytest

from classifier.comments.submission import comments_submit
from classifier.models import COMMENT_TRANSITIONS, Comment, CommentEvent
from toxicsite.lib.lifecycle import IllegalTransition, LostRace, transition, transition_many

pytestmark = pytest.mark.django_db
FAILED = {"to": "failed", "allowed": COMMENT_TRANSITIONS, "reason": "because", "failure_reason": "because"}


@pytest.fixture
def comments() -> list[Comment]:
    return comments_submit(items=[{"text": "a"}, {"text": "b"}], source="test")


def test_a_transition_writes_the_fields_and_a_history_row(comments: list[Comment]) -> None:
    transition(comments[0], **FAILED)  # type: ignore[arg-type]
    comments[0].refresh_from_db()
    assert (comments[0].status, comments[0].failure_reason) == ("failed", "because")
    event = comments[0].history.get()
    assert (event.old, event.new, event.reason) == ("pending", "failed", "because")


def test_a_step_that_the_life_does_not_know_is_refused(comments: list[Comment]) -> None:
    with pytest.raises(IllegalTransition, match=r"^comment \d+ cannot go from pending to decided$"):
        transition(comments[0], to="decided", allowed=COMMENT_TRANSITIONS)
    with pytest.raises(IllegalTransition, match=r"^comments cannot go from pending to decided$"):
        transition_many(comments, to="decided", allowed=COMMENT_TRANSITIONS)
    assert not CommentEvent.objects.exists()


def test_who_saw_an_older_status_loses(comments: list[Comment]) -> None:
    stale = Comment.objects.get(pk=comments[0].pk)
    transition(comments[0], **FAILED)  # type: ignore[arg-type]
    with pytest.raises(LostRace, match=r"^comment \d+ is no longer pending$"):
        transition(stale, **FAILED)  # type: ignore[arg-type]
    assert CommentEvent.objects.count() == 1


def test_many_move_together(comments: list[Comment]) -> None:
    transition_many(comments, **FAILED)  # type: ignore[arg-type]
    assert Comment.objects.filter(status="failed", failure_reason="because").count() == 2
    assert CommentEvent.objects.filter(old="pending", new="failed", reason="because").count() == 2
    assert all(comment.status == "failed" for comment in comments)


def test_many_move_not_at_all_when_one_was_taken(comments: list[Comment]) -> None:
    transition(Comment.objects.get(pk=comments[0].pk), **FAILED)  # type: ignore[arg-type]
    with pytest.raises(LostRace, match=r"^only 1 of 2 comments were still pending$"):
        transition_many(comments, **FAILED)  # type: ignore[arg-type]
    assert Comment.objects.get(pk=comments[1].pk).status == "pending"
    assert CommentEvent.objects.count() == 1


def test_none_to_move_is_no_error() -> None:
    transition_many([], to="failed", allowed=COMMENT_TRANSITIONS)
