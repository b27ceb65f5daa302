"""Decisions of people and policies about comments, and undoing them.

Approving and removing decide and take the comment out of the queue. Escalating leaves it there for leads, skipping
leaves it to the others; both are rows too. Every row is written once: undoing is a row of its own.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from classifier.comments.purged_text import queued_again
from classifier.core.errors import DecisionConflict
from classifier.core.events import COMMENT_ESCALATED, emit, emit_decided
from classifier.core.permissions import require_permission
from classifier.core.validation import InvalidInput
from classifier.models import (
    COMMENT_TRANSITIONS,
    FINAL_ACTIONS,
    BulkAction,
    Comment,
    CommentStatus,
    Decision,
    DecisionAction,
    User,
)
from classifier.models.comment import NO_CLAIM
from classifier.policies.active_policies import policy_for
from classifier.review.appeal_answers import answer_appeals
from classifier.review.claims import require_decidable
from classifier.review.decision_input import DAY_SECONDS, DecisionInput, check_decision, note_problems
from classifier.review.filters import EVERY, QueueFilters
from classifier.review.placement import reasons_with
from classifier.review.selectors import queue_comments
from classifier.review.undo_permissions import escalated_before, require_may_change
from toxicsite.lib.lifecycle import IllegalTransition, LostRace, transition

NOT_YET = "This comment has no verdict yet. It can be decided once it is classified."
OTHER_VERDICT = "The comment has another text or verdict by now. Look at it, then decide."
UNDONE_ALREADY = "This decision does not stand any more: it was undone, or another one followed."
DECIDES = COMMENT_TRANSITIONS | {"decided": frozenset({"decided"})}  # anew, having seen the earlier decision


def decision_record(
    *,
    comment: Comment,
    action: str,
    by: User | None,
    reason: str = "",
    labels: Mapping[str, bool | int] | None = None,
    marks: Sequence[Mapping[str, Any]] | None = None,
    note: str = "",
    seen_decision_id: int | None = None,
    bulk: BulkAction | None = None,
    automatic: bool = False,
    seconds: float | None = None,
) -> Decision:
    """Approve or remove a classified comment, hand it to a lead (escalate) or to others (skip).

    `reason` is a code of the policy in force, needed for removing where that says so. `labels` are corrections,
    {label: whether it holds}, of labels that the model knows; those not named stay as the model said. `marks` are the
    words that mattered, [{"begin", "end"}] in code points. `seen_decision_id` is the standing decision that `by` saw
    (None: none); only somebody who has seen it may decide anew. `seconds` are measured from the claim where not given.
    Raises DecisionConflict (with the decision made in the meantime), InvalidInput and PermissionDenied.
    """
    require_permission(by, "classifier.add_decision")
    policy = policy_for(comment.source_id)
    checked = check_decision(
        comment=comment,
        policy=policy,
        action=action,
        reason=reason,
        labels=labels,
        marks=marks,
        note=note,
        reason_optional=automatic or bulk is not None,
    )
    try:
        with transaction.atomic():
            row = _locked(comment.pk, by)
            check_seen(row, seen_decision_id)
            _check_same_verdict(row, comment)
            require_decidable(row, by)
            if row.current_decision is not None and checked.action in FINAL_ACTIONS:
                require_may_change(row, row.current_decision, by)
            decision = Decision.objects.create(
                comment=row,
                action=checked.action,
                reason=checked.reason,
                labels=checked.labels,
                marks=checked.marks,
                note=checked.note,
                by=by,
                prediction=comment.current_prediction,
                policy_id=policy.pk,
                automatic=automatic,
                bulk=bulk,
                seconds=_seconds(row, by, seconds),
            )
            _take_effect(row, decision, checked, by)
            emit_decided([decision])
            if checked.action == DecisionAction.ESCALATE:
                facts = {"comment": row.pk, "decision": decision.pk, "reason": decision.reason}
                emit(COMMENT_ESCALATED, {**facts, "source": row.source_id})
    except (IllegalTransition, LostRace) as error:
        raise DecisionConflict(NOT_YET) from error
    comment.refresh_from_db()
    return decision


def decision_undo(*, decision: Decision, by: User | None, note: str = "") -> Decision:
    """Undo the decision that stands, so that the comment waits again. The decision stays; undoing is another row.

    An escalation can be undone while it stands, a skip while the comment waits. An escalated comment is escalated
    again, so where only a lead could decide, only a lead can undo. Raises DecisionConflict when it does not stand any
    more, InvalidInput and PermissionDenied.
    """
    require_permission(by, "classifier.add_decision")
    if problems := note_problems(note):
        raise InvalidInput(problems)
    try:
        with transaction.atomic():
            row = _locked(decision.comment_id, by)
            if not _stands(row, decision):
                raise DecisionConflict(UNDONE_ALREADY, _latest(row))
            require_may_change(row, decision, by)
            undo = Decision.objects.create(
                comment=row,
                action=DecisionAction.UNDO,
                undoes=decision,
                note=note.strip(),
                by=by,
                prediction_id=row.current_prediction_id,
                policy_id=decision.policy_id,
            )
            _take_back(row, decision, by)
            emit_decided([undo])
    except (IntegrityError, IllegalTransition, LostRace) as error:
        raise DecisionConflict(UNDONE_ALREADY) from error
    return undo


def _who_has(decision: Decision, what: str) -> str:
    """Return a sentence such as "kim has undone it", for somebody who comes too late."""
    who = "A policy" if decision.automatic else "Somebody" if decision.by is None else str(decision.by)
    return f"{who} has {what}"


def _locked(comment_id: int, by: User | None) -> Comment:
    visible = queue_comments(user=by, filters=QueueFilters(status=EVERY))
    row = (
        visible.select_for_update(of=("self",))
        .select_related("current_decision__by")
        .filter(pk=comment_id)
        .first()
    )
    if row is None:
        raise PermissionDenied("You have no access to the source of this comment.")
    return row


def check_seen(row: Comment, seen_decision_id: int | None) -> None:
    """Raise DecisionConflict, naming who decided first, unless the decision that stands is the one that was seen.

    An approved comment that waits again, because readers reported it, asks for a decision: who saw none may decide.
    """
    if row.status not in (CommentStatus.CLASSIFIED, CommentStatus.DECIDED):
        raise DecisionConflict(NOT_YET)
    if row.current_decision_id == seen_decision_id:
        return
    standing = row.current_decision
    if seen_decision_id is None and standing is not None and _was_reopened(row, standing):
        return
    if standing is not None:
        what = f"decided on this comment in the meantime: {standing.get_action_display().lower()}."
        raise DecisionConflict(
            f"{_who_has(standing, what)} Look at the decision; it can be undone.", standing
        )
    undo = Decision.objects.select_related("by").filter(undoes=seen_decision_id, comment=row).first()
    if undo is None:
        raise DecisionConflict("The decision that you saw does not stand.", None)
    raise DecisionConflict(_who_has(undo, "undone the decision that you saw. Look again, then decide."), undo)


def _was_reopened(row: Comment, standing: Decision) -> bool:
    is_approved = standing.action == DecisionAction.APPROVE
    reported = any(reason.get("kind") == "report" for reason in row.queue_reasons)
    return is_approved and row.queued_at is not None and reported


def _check_same_verdict(row: Comment, seen: Comment) -> None:
    """Raise DecisionConflict where the text was edited or scored anew since the caller read it."""
    if row.current_prediction_id != seen.current_prediction_id or row.edited_at != seen.edited_at:
        raise DecisionConflict(OTHER_VERDICT, None)


def _seconds(row: Comment, by: User | None, seconds: float | None) -> float | None:
    if seconds is None:
        if by is None or row.review_by_id != by.pk or row.review_since is None:
            return None
        seconds = (timezone.now() - row.review_since).total_seconds()
    return min(max(float(seconds), 0.0), DAY_SECONDS)


def _take_effect(row: Comment, decision: Decision, checked: DecisionInput, by: User | None) -> None:
    if checked.action in FINAL_ACTIONS:
        answered: dict[str, Any] = {"has_open_appeal": False} if answer_appeals(row, decision, by) else {}
        outcome = checked.action.label.lower()
        transition(
            row,
            to=CommentStatus.DECIDED,
            allowed=DECIDES,
            by=by,
            reason=f"{outcome} for {checked.reason}" if checked.reason else outcome,
            current_decision=decision,
            queued_at=None,
            is_escalated=False,
            **answered,
            **NO_CLAIM,
        )
    elif checked.action == DecisionAction.ESCALATE:
        reasons = reasons_with(row.queue_reasons, kind="escalation", decision=decision.pk)
        Comment.objects.filter(pk=row.pk).update(
            is_escalated=True, queued_at=Coalesce("queued_at", Now()), queue_reasons=reasons, **NO_CLAIM
        )
    elif by is not None and row.review_by_id == by.pk:
        Comment.objects.filter(pk=row.pk).update(**NO_CLAIM)


def _stands(row: Comment, decision: Decision) -> bool:
    if decision.action == DecisionAction.ESCALATE:
        kept = {"kind": "escalation", "decision": decision.pk}
        return row.is_escalated and kept in row.queue_reasons
    if decision.action == DecisionAction.SKIP:
        return row.queued_at is not None
    return row.current_decision_id == decision.pk


def _take_back(row: Comment, decision: Decision, by: User | None) -> None:
    if decision.action == DecisionAction.ESCALATE:
        kept = [reason for reason in row.queue_reasons if reason.get("kind") != "escalation"]
        Comment.objects.filter(pk=row.pk).update(is_escalated=False, queue_reasons=kept)
    elif decision.action != DecisionAction.SKIP:
        escalated = row.is_escalated or bool(escalated_before([row]))
        transition(
            row,
            to=CommentStatus.CLASSIFIED,
            allowed={"decided": COMMENT_TRANSITIONS["decided"]},
            by=by,
            reason="decision undone",
            current_decision=None,
            queued_at=queued_again(),
            is_escalated=escalated,
            queue_reasons=reasons_with(row.queue_reasons, kind="undo", decision=decision.pk),
        )


def _latest(row: Comment) -> Decision | None:
    return Decision.objects.filter(comment=row).select_related("by").order_by("-id").first()
