"""A decision in the queue: what was filled in becomes a row, and the next comment is on screen at once."""

import json
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from classifier.core.errors import ClaimTaken, DecisionConflict
from classifier.core.validation import InvalidInput, ValidationProblem, row_id, whole_number
from classifier.models import FINAL_ACTIONS, Comment, DecisionAction, User
from classifier.policies.active_policies import policy_for
from classifier.review.bulk import group_decide
from classifier.review.decision_input import check_decision
from classifier.review.decisions import check_seen, decision_record
from classifier.review.near_duplicates import group_of
from classifier.review.pages.decided import label_corrections
from classifier.review.pages.decisions import OTHER_VERDICT
from classifier.review.pages.item import Typed, typed_of
from classifier.review.pages.queue import comment_at_work, show
from classifier.review.pages.session import GROUP, LOOK, QueueState
from classifier.review.pages.steps import Shown, take_next, visible, write_answer
from classifier.web.access import person_of, signed_in

GREW = "There are {} near-duplicates now, {} were shown. Look again, then decide."
NONE_WAITS = "None of these comments waits for a decision any more."
DONE = {
    "approve": "Comment {} is approved.",
    "remove": "Comment {} is removed.",
    "escalate": "Comment {} waits for a lead.",
    "skip": "Comment {} is left to others.",
}
MARKS_CANNOT_BE_READ = "The marks of the words cannot be read; mark them again."


@signed_in
@never_cache
@require_POST
def decide(request: HttpRequest, comment_id: int) -> HttpResponse:
    """Record what was decided and show the next comment; a conflict keeps everything that was filled in."""
    user, state, typed = person_of(request), QueueState.of(request), typed_of(request.POST)
    comment = comment_at_work(request, comment_id)
    action = request.POST.get("action", "")
    look = state.look == comment_id
    try:
        if look:
            told = _answer(comment, action, typed, state, user)
        else:
            told = _decide(request, comment, action, typed, state, user)
    except InvalidInput as error:
        problem: Any = {one.field: one.message for one in error.problems}
        shown = Shown(comment, held=True, look=look)
        return show(request, user, state, shown, typed=typed, problem=problem, status=422)
    except (DecisionConflict, ClaimTaken, PermissionDenied) as error:
        there = visible(comment_id, user)
        return show(
            request,
            user,
            state,
            Shown(there, held=there.review_by_id == user.pk),
            typed=typed,
            problem={"conflict": str(error)},
            status=409,
        )
    return show(request, user, state, take_next(state, user, told))


def _decide(
    request: HttpRequest, comment: Comment, action: str, typed: Typed, state: QueueState, user: User
) -> str:
    prediction = request.POST.get("prediction", "")
    if prediction and prediction != str(comment.current_prediction_id):
        raise DecisionConflict(OTHER_VERDICT)
    _require_free(comment, user)
    seen = row_id(request.POST.get("seen"))
    if typed.group and action in FINAL_ACTIONS:
        return _decide_group(request, comment, action, typed, state, user, seen)
    decision = decision_record(
        comment=comment,
        action=action,
        by=user,
        reason=typed.reason,
        labels=_corrections(comment, typed),
        marks=_marks(typed),
        note=typed.note,
        seen_decision_id=seen,
    )
    write_answer(state, user)
    state.did(decision)
    return DONE[decision.action].format(comment.pk)


def _decide_group(
    request: HttpRequest,
    comment: Comment,
    action: str,
    typed: Typed,
    state: QueueState,
    user: User,
    seen: int | None,
) -> str:
    """This comment and its near-duplicates by one reason; never more of them than were shown."""
    check_seen(comment, seen)
    policy = policy_for(comment.source_id)
    check_decision(comment=comment, policy=policy, action=action, reason=typed.reason, note=typed.note)
    if not (typed.reason or typed.note.strip()):
        why = "Say why: a reason or a note, for all that are decided together."
        raise InvalidInput([ValidationProblem("reason", why, "required")])
    counted, shown = len(group_of(comment=comment, user=user)) + 1, whole_number(request.POST.get("together"))
    if shown is not None and counted > shown:
        raise DecisionConflict(GREW.format(counted, shown))
    bulk = group_decide(comment=comment, action=action, reason=typed.reason, note=typed.note, by=user)
    if not bulk.count:
        check_seen(visible(comment.pk, user), seen)
        raise DecisionConflict(NONE_WAITS)
    write_answer(state, user)
    state.done.append([GROUP, bulk.pk, comment.pk])
    return f"{bulk.count:,} comments are {DecisionAction(action).label.lower()} together."


def _answer(comment: Comment, action: str, typed: Typed, state: QueueState, user: User) -> str:
    """A blind review: checked as any decision, and kept aside until the next one."""
    check_decision(
        comment=comment,
        policy=policy_for(comment.source_id),
        action=action,
        reason=typed.reason,
        labels=_corrections(comment, typed),
        marks=_marks(typed),
        note=typed.note,
    )
    write_answer(state, user)
    if action in FINAL_ACTIONS:
        state.answer = [comment.pk, action]
        state.done.append([LOOK, comment.pk])
    else:
        state.left.append(comment.pk)
    return DONE[action].format(comment.pk)


def _require_free(comment: Comment, user: User) -> None:
    """Raise ClaimTaken while somebody else looks at it; a claim of nobody's needs no asking."""
    by, until = comment.review_by, comment.review_until
    if by is not None and by != user and until is not None and until > timezone.now():
        raise ClaimTaken(f"Your claim had run out, and {by} looks at this comment now.", by=by)


def _corrections(comment: Comment, typed: Typed) -> dict[str, bool]:
    """Labels whose tick differs from what the model said."""
    ticked = typed.labels
    if ticked is None:
        return {}
    return {
        item.label: item.label in ticked
        for item in label_corrections(comment)
        if (item.label in ticked) != item.said
    }


def _marks(typed: Typed) -> list[dict[str, int]]:
    try:
        marks = json.loads(typed.marks)
    except ValueError:
        marks = None
    if not isinstance(marks, list) or not all(isinstance(mark, dict) for mark in marks):
        raise InvalidInput([ValidationProblem("marks", MARKS_CANNOT_BE_READ, "invalid")])
    return marks
