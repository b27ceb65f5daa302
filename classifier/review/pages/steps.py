"""Steps of a moderator through the queue: the next comment, a certain one, back, and undoing the last decision."""

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied

from classifier.core.errors import ClaimTaken, DecisionConflict
from classifier.core.validation import InvalidInput
from classifier.models import BulkAction, Comment, Decision, User
from classifier.quality.blind_reviews import blind_review_offered, blind_review_record
from classifier.review.bulk import bulk_undo
from classifier.review.claims import claim, claim_next, release
from classifier.review.decisions import decision_undo
from classifier.review.filters import EVERY, QueueFilters
from classifier.review.pages.session import DECISION, GROUP, LOOK, QueueState
from classifier.review.selectors import queue_comments, with_review

NOTHING_DONE = "There is nothing to take back: you have decided nothing in this session."
NOTHING_BEFORE = "There is nothing before this: it is the first comment that you saw in this session."


@dataclass(frozen=True)
class QueueStep:
    """What is on screen after a step: a comment, claimed by this person or not, or none.

    `message` says what the step has done, `problem` what it could not do.
    """

    comment: Comment | None
    claimed: bool = False
    look: bool = False
    problem: str = ""
    message: str = ""


def visible(comment_id: int, user: User) -> Comment:
    """Return the comment. Raises Comment.DoesNotExist, also for what `user` may not see."""
    return with_review(queue_comments(user=user, filters=QueueFilters(status=EVERY))).get(pk=comment_id)


def take_next(state: QueueState, user: User, message: str = "") -> QueueStep:
    """Claim the next comment of the chosen queue, or sometimes show one for a blind review."""
    look = _look(state, user)
    if look is not None:
        state.show(look, look=True)
        return QueueStep(look, claimed=True, look=True, message=message)
    state.look = None
    comment = claim_next(filters=state.queue_filters(), order=state.order, by=user, passing=state.passed)
    if comment is None:
        state.current = None
        return QueueStep(None, message=message)
    state.show(comment)
    return QueueStep(comment, claimed=True, message=message)


def take(state: QueueState, user: User, comment_id: int, message: str = "") -> QueueStep:
    """Claim this comment; if that fails, show it anyway, with the reason. Raises Comment.DoesNotExist."""
    comment = visible(comment_id, user)
    if state.answer is not None and state.answer[0] == comment_id:
        state.answer = None
    if comment_id in (state.look, *_looks(state)):
        state.show(comment, look=True)
        return QueueStep(comment, claimed=True, look=True, message=message)
    try:
        comment = claim(comment=comment, by=user)
    except ClaimTaken as taken:
        state.show(comment)
        return QueueStep(comment, problem=str(taken) if taken.by is not None else "", message=message)
    except PermissionDenied as denied:
        state.show(comment)
        return QueueStep(comment, problem=str(denied), message=message)
    state.show(comment)
    return QueueStep(comment, claimed=True, message=message)


def resume(state: QueueState, user: User) -> QueueStep:
    """Show what was on screen, so that loading the page again shows the same comment; else the next one."""
    if state.current is None:
        return take_next(state, user)
    try:
        return take(state, user, state.current)
    except Comment.DoesNotExist:
        return take_next(state, user)


def go_past(state: QueueState, user: User) -> QueueStep:
    """Pass over the comment on screen; after going back, return to the comment that was seen after it."""
    if (after := state.after()) is not None:
        try:
            return take(state, user, after)
        except Comment.DoesNotExist:
            state.seen.remove(after)
    if state.current is not None:
        if state.look is not None:
            state.left.append(state.look)
        else:
            state.passed.append(state.current)
            release(comment=Comment(pk=state.current), by=user)
    state.current = None
    return take_next(state, user)


def go_back(state: QueueState, user: User) -> QueueStep:
    """Go back to the comment that was on screen before this one."""
    before = state.before()
    while before is not None:
        try:
            return take(state, user, before)
        except Comment.DoesNotExist:
            state.seen.remove(before)
            before = state.before()
    here = resume(state, user)
    return QueueStep(here.comment, here.claimed, here.look, NOTHING_BEFORE)


def take_back(state: QueueState, user: User, decision_id: int | None = None) -> QueueStep:
    """Undo the last decision of this session (or the one with this id), and show its comment again."""
    last: list[Any] | None = None
    if decision_id is not None:
        last = [DECISION, decision_id]
        state.done = [entry for entry in state.done if entry[:2] != last]
    elif state.done:
        last = state.done.pop()
    if last is None:
        return _here(state, user, NOTHING_DONE)
    try:
        comment_id, message = _undo(state, user, last)
    except (DecisionConflict, PermissionDenied) as refused:
        return _here(state, user, f"This could not be taken back. {refused}")
    except (Decision.DoesNotExist, BulkAction.DoesNotExist, Comment.DoesNotExist):
        return _here(
            state, user, "This could not be undone: it does not exist, or you do not have access to it."
        )
    return take(state, user, comment_id, message)


def write_answer(state: QueueState, user: User) -> None:
    """Store the last blind review, which could be undone until now."""
    if state.answer is None:
        return
    comment_id, action = state.answer
    state.answer = None
    state.done = [entry for entry in state.done if entry[0] != LOOK]
    if comment_id in state.seen:  # going back to it would reveal that it was a blind review
        state.seen.remove(comment_id)
    try:
        blind_review_record(comment=visible(comment_id, user), action=action, by=user)
    except (Comment.DoesNotExist, DecisionConflict, InvalidInput, PermissionDenied):
        return  # answered elsewhere meanwhile, or this person may not see it any more


def _undo(state: QueueState, user: User, last: list[Any]) -> tuple[int, str]:
    if last[0] == LOOK:
        state.look = int(last[1])
        return state.look, "The decision is undone."
    if last[0] == GROUP:
        bulk = BulkAction.objects.get(pk=last[1], by=user)
        count = bulk_undo(bulk=bulk, by=user)
        return int(last[2]), f"{count:,} decisions are undone."
    decision = Decision.objects.select_related("comment").get(pk=last[1])
    visible(decision.comment_id, user)
    decision_undo(decision=decision, by=user)
    if decision.comment_id in state.passed:
        state.passed.remove(decision.comment_id)
    return decision.comment_id, "The decision is undone."


def _here(state: QueueState, user: User, problem: str) -> QueueStep:
    here = resume(state, user)
    return QueueStep(here.comment, here.claimed, here.look, problem)


def _looks(state: QueueState) -> list[int]:
    return [int(entry[1]) for entry in state.done if entry[0] == LOOK]


def _look(state: QueueState, user: User) -> Comment | None:
    """Offer a blind review only where the chosen queue could have held it, so that nothing gives it away."""
    if state.answer is not None or set(state.filters) - {"source"}:
        return None
    offered = blind_review_offered(by=user)
    if offered is None or offered.pk in state.left or offered.pk in state.seen:
        return None
    sources = state.queue_filters().source
    if sources and offered.source.slug not in sources:
        return None
    return visible(offered.pk, user)
