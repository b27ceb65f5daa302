"""Permission to undo a decision, or to decide anew over it: only a lead changes what only a lead could decide."""

from collections.abc import Iterable, Sequence

from django.core.exceptions import PermissionDenied
from django.db.models import Q

from classifier.models import FINAL_ACTIONS, Appeal, Comment, Decision, User
from classifier.review.selectors import APPEALS, ESCALATIONS

ESCALATED = "This comment was escalated and a lead has decided; only a lead changes that."
ANSWERED = "This decision answered an appeal; only who answers appeals changes it."


def require_may_change(row: Comment, decision: Decision, by: User | None) -> None:
    """Raise PermissionDenied unless `by` may undo, or decide anew over, the `decision` that stands."""
    if by is None or decision.action not in FINAL_ACTIONS:
        return
    if not by.has_perm(ESCALATIONS) and (row.is_escalated or escalated_before([row])):
        raise PermissionDenied(ESCALATED)
    if not by.has_perm(APPEALS) and _answered_an_appeal(decision):
        raise PermissionDenied(ANSWERED)


def escalated_before(rows: Iterable[Comment]) -> set[int]:
    """Return the ids of those comments that were escalated when their standing decision was made.

    The reason of an escalation stays with a comment after its decision. So it belongs to the standing decision unless
    another decision, not undone, was made between the two.
    """
    spans = {
        row.pk: (escalation, row.current_decision_id)
        for row in rows
        if (escalation := _escalation(row.queue_reasons)) is not None and row.current_decision_id is not None
    }
    if not spans:
        return set()
    between = Q()
    for comment_id, (escalation, decision) in spans.items():
        between |= Q(comment_id=comment_id, pk__gt=escalation, pk__lt=decision)
    others = Decision.objects.filter(between, action__in=FINAL_ACTIONS, undone_by__isnull=True)
    return set(spans) - set(others.order_by().values_list("comment_id", flat=True))


def _escalation(reasons: Sequence[dict[str, object]]) -> int | None:
    decision = next((row.get("decision") for row in reasons if row.get("kind") == "escalation"), None)
    return decision if isinstance(decision, int) else None


def _answered_an_appeal(decision: Decision) -> bool:
    answered = Appeal.objects.filter(comment_id=decision.comment_id, resolved_at__gte=decision.created_at)
    return answered.exists()
