"""Who may answer an appeal, and how a decision answers it; every way of deciding calls this."""

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.utils import timezone

from classifier.core.audit import audit_record
from classifier.core.events import APPEAL_RESOLVED, emit
from classifier.models import Appeal, AppealStatus, Comment, Decision, User

ANSWERS_OWN = (
    "classifier.change_user"  # people who manage users may also answer appeals against their own decisions
)
OWN_DECISION = "The appeal is against your own decision; somebody else answers it."


def require_other(comment: Comment, by: User | None) -> None:
    """Raise PermissionDenied where `by` made the decision that the open appeal is against, and others must answer.

    People who manage users may answer any, so that a site with one moderator is not stuck.
    """
    if not settings.APPEAL_BY_OTHERS or by is None or not comment.has_open_appeal:
        return
    own = Appeal.objects.filter(comment=comment, status=AppealStatus.OPEN, decision__by=by)
    if own.exists() and not by.has_perm(ANSWERS_OWN):
        raise PermissionDenied(OWN_DECISION)


def answerable_by(*, user: User | None) -> Q:
    """Leave out comments whose open appeal is against a decision of `user`, where others must answer those."""
    if user is None or not settings.APPEAL_BY_OTHERS or user.has_perm(ANSWERS_OWN):
        return Q()
    own = Appeal.objects.filter(status=AppealStatus.OPEN, decision__by=user).order_by()
    return Q(has_open_appeal=False) | ~Q(pk__in=own.values("comment_id"))


def answer_appeals(row: Comment, decision: Decision, by: User | None) -> bool:
    """Close the open appeal of `row`, which the transaction has locked: the same outcome upholds, another overturns.

    Returns whether there was one.
    """
    if not row.has_open_appeal:
        return False
    now = timezone.now()
    open_ones = Appeal.objects.filter(comment=row, status=AppealStatus.OPEN).select_related("decision")
    for appeal in open_ones:
        upheld = appeal.decision.action == decision.action
        status = AppealStatus.UPHELD if upheld else AppealStatus.OVERTURNED
        own = by is not None and appeal.decision.by_id == by.pk
        Appeal.objects.filter(pk=appeal.pk).update(
            status=status, resolved_at=now, resolved_by=by, answer=decision.note
        )
        facts = {"appeal": appeal.pk, "comment": row.pk, "decision": decision.pk, "outcome": status.value}
        audit_record(
            verb=f"appeal.{status}",
            by=by,
            source=row.source,
            subject=f"comment {row.pk}",
            data={**facts, "appealed": appeal.decision_id, "own_decision": own},
        )
        emit(APPEAL_RESOLVED, {**facts, "source": row.source_id})
    return True
