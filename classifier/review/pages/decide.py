"""A decision in the queue: store what was filled in, and show the next comment at once."""

import json
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from classifier.core.errors import ClaimTaken, DecisionConflict
from classifier.core.validation import InvalidInput, ValidationProblem
from classifier.models import FINAL_ACTIONS, Comment, DecisionAction, User
from classifier.policies.active_policies import policy_for
from classifier.review.bulk import group_decide
from classifier.review.claims import require_unclaimed
from classifier.review.decision_input import check_decision
from classifier.review.decisions import decision_record
from classifier.review.pages.decided import label_corrections
from classifier.review.pages.decisions import OTHER_VERDICT
from classifier.review.pages.item import DecisionDraft, draft_of
from classifier.review.pages.queue import comment_at_work, show
from classifier.review.pages.session import DECISION, GROUP, LOOK, QueueState
from classifier.review.pages.steps import QueueStep, take_next, visible, write_answer
from classifier.web.access import person_of, signed_in

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
    """Store the decision and show the next comment; a conflict keeps everything that was filled in."""
    user, state, draft = person_of(request), QueueState.of(request), draft_of(request.POST)
    comment = comment_at_work(request, comment_id)
    blind = state.look == comment_id
    try:
        done = (_answer if blind else _decide)(comment, draft, state, user)
    except InvalidInput as error:
        problem: Any = {fault.field: fault.message for fault in error.problems}
        step = QueueStep(comment, claimed=True, look=blind)
        return show(request, user, state, step, draft=draft, problem=problem, status=422)
    except (DecisionConflict, ClaimTaken, PermissionDenied) as error:
        now = visible(comment_id, user)
        step = QueueStep(now, claimed=now.review_by_id == user.pk)
        return show(request, user, state, step, draft=draft, problem={"conflict": str(error)}, status=409)
    return show(request, user, state, take_next(state, user, done))


def _decide(comment: Comment, draft: DecisionDraft, state: QueueState, user: User) -> str:
    """Decide about this comment, or about it and its near-duplicates, and return a sentence about it."""
    if draft.prediction and draft.prediction != str(comment.current_prediction_id):
        raise DecisionConflict(OTHER_VERDICT)
    require_unclaimed(comment, user)
    if draft.group and draft.action in FINAL_ACTIONS:
        bulk = group_decide(
            comment=comment,
            action=draft.action,
            reason=draft.reason,
            note=draft.note,
            seen_decision_id=draft.seen_decision,
            shown=draft.together,
            by=user,
        )
        write_answer(state, user)
        state.done.append([GROUP, bulk.pk, comment.pk])
        return f"{bulk.count:,} comments are {DecisionAction(draft.action).label.lower()} together."
    decision = decision_record(
        comment=comment,
        action=draft.action,
        by=user,
        reason=draft.reason,
        labels=_corrections(comment, draft),
        marks=_marks(draft),
        note=draft.note,
        seen_decision_id=draft.seen_decision,
    )
    write_answer(state, user)
    state.done.append([DECISION, decision.pk])
    return DONE[decision.action].format(comment.pk)


def _answer(comment: Comment, draft: DecisionDraft, state: QueueState, user: User) -> str:
    """Check a blind review like any decision, and hold it back until the next step."""
    check_decision(
        comment=comment,
        policy=policy_for(comment.source_id),
        action=draft.action,
        reason=draft.reason,
        labels=_corrections(comment, draft),
        marks=_marks(draft),
        note=draft.note,
    )
    write_answer(state, user)
    if draft.action in FINAL_ACTIONS:
        state.answer = [comment.pk, draft.action]
        state.done.append([LOOK, comment.pk])
    else:
        state.left.append(comment.pk)
    return DONE[draft.action].format(comment.pk)


def _corrections(comment: Comment, draft: DecisionDraft) -> dict[str, bool]:
    """Return the labels whose tick differs from what the model predicted."""
    ticked = draft.labels
    if ticked is None:
        return {}
    return {
        item.label: item.label in ticked
        for item in label_corrections(comment)
        if (item.label in ticked) != item.predicted
    }


def _marks(draft: DecisionDraft) -> list[dict[str, int]]:
    try:
        marks = json.loads(draft.marks)
    except ValueError:
        marks = None
    if not isinstance(marks, list) or not all(isinstance(mark, dict) for mark in marks):
        raise InvalidInput([ValidationProblem("marks", MARKS_CANNOT_BE_READ, "invalid")])
    return marks
