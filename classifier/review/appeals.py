"""Appeals: an author objects to a removal, and a moderator answers in the same queue.

Each decision can be appealed once, within the days that its policy gives. Deciding about the comment answers it
(`appeal_answers`), whichever way that happens; `appeal_resolve` decides in terms of an appeal.
"""

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from classifier.core.audit import audit_record
from classifier.core.errors import NotPossibleNow, TextGone
from classifier.core.events import APPEAL_OPENED, emit
from classifier.core.permissions import require_permission
from classifier.core.source_access import require_source
from classifier.core.validation import InvalidInput, ValidationProblem, words_problem
from classifier.models import (
    ApiKey,
    Appeal,
    AppealStatus,
    Comment,
    CommentStatus,
    Decision,
    DecisionAction,
    User,
)
from classifier.policies.active_policies import policy_for
from classifier.review.decisions import decision_record
from classifier.review.placement import queue_put
from classifier.review.selectors import APPEALS

ADD = "classifier.add_appeal"
MESSAGE_CHARACTERS = 2_000
NOT_REMOVED = "This comment is not removed, so there is nothing to appeal against."
NOT_THE_AUTHOR = "This is not the author of the comment."
ANSWERED = "This appeal was answered already."
NO_APPEALS = "The policy of this source does not take appeals."


def appeal_open(
    *,
    comment: Comment,
    message: str = "",
    author_ref: str = "",
    decision_id: int | None = None,
    by: User | None,
    api_key: ApiKey | None = None,
) -> Appeal:
    """Object to the removal that stands, made by a person or by a policy; the comment waits for a lead.

    `author_ref`, where given, must be the comment's author; `decision_id`, where given, the decision that stands. The
    person who submitted the comment may (for a site, the owner of its key), and holders of add_appeal. Raises
    InvalidInput, NotPossibleNow (nothing stands, too late, appealed before, no text any more) and PermissionDenied.
    """
    if by is not None and comment.submitted_by_id != by.pk:
        require_permission(by, ADD)
    require_source(by, comment.source)
    _check_words(message=message, author_ref=author_ref, comment=comment)
    with transaction.atomic():
        row = Comment.objects.select_for_update(of=("self",)).get(pk=comment.pk)
        standing = row.current_decision
        if row.text_purged_at is not None:
            raise TextGone
        if (
            row.status != CommentStatus.DECIDED
            or standing is None
            or standing.action != DecisionAction.REMOVE
        ):
            raise NotPossibleNow(NOT_REMOVED)
        if decision_id is not None and decision_id != standing.pk:
            raise NotPossibleNow("The decision that you name does not stand any more.")
        _check_window(standing)
        _check_first(row, standing)
        appeal = Appeal.objects.create(comment=row, decision=standing, message=message.strip())
        Comment.objects.filter(pk=row.pk).update(has_open_appeal=True)
        queue_put(comment=row, kind="appeal", appeal=appeal.pk)
        facts = {"appeal": appeal.pk, "comment": row.pk, "decision": standing.pk}
        audit_record(
            verb="appeal.open",
            by=by,
            api_key=api_key,
            source=comment.source,
            subject=f"comment {row.pk}",
            data=facts,
        )
        emit(APPEAL_OPENED, {**facts, "source": row.source_id})
    return appeal


def appeal_resolve(
    *, appeal: Appeal, uphold: bool, answer: str = "", reason: str | None = None, by: User | None
) -> Decision:
    """Answer an open appeal: uphold decides the same again, overturn approves; `answer` is for the author.

    `reason` is the policy's code of a removal that is upheld, that of the first decision where None. Raises
    NotPossibleNow, DecisionConflict, InvalidInput (`answer`, `reason`) and PermissionDenied, also for whoever made
    the first decision where others must answer (settings.APPEAL_BY_OTHERS).
    """
    require_permission(by, APPEALS)
    if (problem := words_problem(answer, "answer", MESSAGE_CHARACTERS)) is not None:
        raise InvalidInput([problem])
    with transaction.atomic():
        row = Comment.objects.select_for_update(of=("self",)).get(pk=appeal.comment_id)
        current = Appeal.objects.select_related("decision").get(pk=appeal.pk)
        if current.status != AppealStatus.OPEN or not row.has_open_appeal:
            raise NotPossibleNow(ANSWERED)
        first = current.decision
        return decision_record(
            comment=row,
            action=first.action if uphold else DecisionAction.APPROVE,
            reason=(first.reason if reason is None else reason) if uphold else "",
            note=answer,
            seen_decision_id=row.current_decision_id,
            by=by,
        )


def appeal_until(decision: Decision) -> Any:
    """Return the moment from which an appeal is too late; None where the policy allows none."""
    days = decision.policy.appeal_days if decision.policy is not None else _days_in_force(decision)
    return decision.created_at + timedelta(days=days) if days else None


def appealable_by(comment: Comment, user: User) -> bool:
    """Return whether a page should offer the appeal; `appeal_open` makes the final check."""
    standing = comment.current_decision
    if comment.status != CommentStatus.DECIDED or standing is None or comment.text_purged_at is not None:
        return False
    if standing.action != DecisionAction.REMOVE or comment.has_open_appeal or _is_an_answer(standing):
        return False
    until = appeal_until(standing)
    allowed = comment.submitted_by_id == user.pk or user.has_perm(ADD)
    return allowed and until is not None and timezone.now() < until


def _days_in_force(decision: Decision) -> int:
    return policy_for(decision.comment.source_id).appeal_days


def _check_words(*, message: Any, author_ref: Any, comment: Comment) -> None:
    problems = [
        words_problem(message, "message", MESSAGE_CHARACTERS),
        words_problem(author_ref, "author_ref", 200),
    ]
    if problems[1] is None and author_ref and author_ref != comment.author_ref:
        problems[1] = ValidationProblem("author_ref", NOT_THE_AUTHOR, "not_the_author")
    if faults := [problem for problem in problems if problem is not None]:
        raise InvalidInput(faults)


def _check_window(decision: Decision) -> None:
    until = appeal_until(decision)
    if until is None:
        raise NotPossibleNow(NO_APPEALS)
    if timezone.now() >= until:
        raise NotPossibleNow(f"It could be appealed until {until:%d %B %Y, %H:%M} UTC; that is over.")


def _check_first(comment: Comment, standing: Decision) -> None:
    if Appeal.objects.filter(comment=comment, status=AppealStatus.OPEN).exists():
        raise NotPossibleNow("This comment is appealed already; the appeal waits for an answer.")
    if _is_an_answer(standing):
        raise NotPossibleNow("An appeal was answered with this decision; there is no further one.")


def _is_an_answer(standing: Decision) -> bool:
    """Return whether this decision itself upheld an appeal: stored with it, and no other decision has followed."""
    upheld = Appeal.objects.filter(comment_id=standing.comment_id, status=AppealStatus.UPHELD)
    return upheld.filter(resolved_at__gte=standing.created_at).exists()
