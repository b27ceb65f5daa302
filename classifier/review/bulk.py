"""Decide many comments under one reason, and undo all of it at once.

A bulk action never decides more than was counted before: what came in later, or was edited, decided or handed to a lead
meanwhile, is left alone. It works in chunks, each a short transaction whose count is written with it, so that
an interrupted action shows what it has done and can be undone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.utils import timezone

from classifier.comments.purged_text import queued_again
from classifier.core.audit import audit_record
from classifier.core.errors import DecisionConflict
from classifier.core.events import emit_decided
from classifier.core.permissions import require_permission
from classifier.core.validation import InvalidInput, ValidationProblem
from classifier.core.visibility import seen_by, visible_sources
from classifier.models import (
    COMMENT_TRANSITIONS,
    BulkAction,
    Comment,
    CommentStatus,
    Decision,
    DecisionAction,
    User,
)
from classifier.models.comment import NO_CLAIM, CommentQuerySet
from classifier.policies.active_policies import policy_for
from classifier.review.decision_input import NOTE_CHARACTERS, check_decision, reason_codes
from classifier.review.decisions import check_seen
from classifier.review.filters import QueueFilters
from classifier.review.near_duplicates import group_of
from classifier.review.selectors import decidable_by, queue_comments, with_review
from classifier.review.undo_permissions import escalated_before
from toxicsite.lib.lifecycle import transition_many

MAY_BULK_DECIDE = "classifier.add_bulkaction"
BULK_MAX = 10_000
CHUNK = 500
SAMPLE = 20
ACTIONS = (DecisionAction.APPROVE, DecisionAction.REMOVE)
COUNT_CHANGED = "There are {:,} comments now, {:,} were counted. Look again, then decide."
GROUP_GREW = "There are {} near-duplicates now, {} were shown. Look again, then decide."
SAY_WHY = "Say why: a reason or a note, for all that are decided together."
NONE_WAITS = "None of these comments waits for a decision any more."
UNDONE = "This bulk action was undone already."
OTHERS = "Some of these comments are of sources that you do not see."


@dataclass(frozen=True)
class BulkReason:
    """The reason of every decision of a bulk action: a code of the policy with a note, or `reason` as a sentence.

    Where a comment's policy does not know the code, `in_words` stands there as the note.
    """

    reason: str
    note: str = ""
    titles: Mapping[str, str] = field(default_factory=dict)

    @property
    def in_words(self) -> str:
        if not self.note:
            return self.reason
        words = f"{self.titles.get(self.reason, self.reason)}: {self.note}" if self.reason else self.note
        return words[:NOTE_CHARACTERS]


@dataclass(frozen=True)
class BulkPreview:
    """`filters` choose exactly what was counted, also later; `sample` are the riskiest; `too_many`: above BULK_MAX."""

    filters: QueueFilters
    count: int
    sample: list[Comment]

    @property
    def too_many(self) -> bool:
        return self.count > BULK_MAX


def bulk_preview(*, filters: QueueFilters, by: User | None) -> BulkPreview:
    """Count what a bulk action would decide, and show some of it. Counts no further than BULK_MAX + 1."""
    require_permission(by, MAY_BULK_DECIDE)
    if filters.last_id is None:
        newest = Comment.objects.order_by("-id").values_list("id", flat=True).first() or 0
        filters = replace(filters, last_id=newest)
    filters = replace(filters, read_at=timezone.now().isoformat())
    chosen = _undecided(filters, by)
    count = chosen.order_by().values("pk")[: BULK_MAX + 1].count()
    return BulkPreview(filters, count, list(with_review(chosen).order_by(F("risk").desc(), "id")[:SAMPLE]))


def bulk_actions_seen_by(*, user: User | None) -> QuerySet[BulkAction]:
    """List bulk actions newest first, if `user` sees the sources of all their comments.

    Words, filters and count of an action are about all its comments. Only its maker sees one that decided nothing."""
    rows = BulkAction.objects.select_related("by", "undone_by").order_by("-id")
    seen = seen_by(user, "comment__source")
    if not seen:
        return rows
    decided = Decision.objects.filter(bulk=OuterRef("pk")).order_by()
    return rows.filter(Q(by=user) | Exists(decided)).exclude(Exists(decided.exclude(seen)))


def reasons_offered(*, by: User | None) -> dict[str, str]:
    """Return the titles of all reasons in the policies of the sources that `by` sees, by code."""
    sources = visible_sources(by).values_list("pk", flat=True)
    policies = {policy.pk: policy for policy in map(policy_for, [None, *sources])}
    return {
        str(reason["code"]): str(reason["title"]) for policy in policies.values() for reason in policy.reasons
    }


def bulk_decide(
    *,
    filters: QueueFilters,
    action: str,
    reason: str,
    note: str = "",
    expected_count: int,
    by: User | None,
) -> BulkAction:
    """Approve or remove everything undecided that `filters` choose (those of a BulkPreview).

    `reason` or `note` is needed: a code of the policy, or a sentence. `expected_count` is what the preview counted.
    The action's `count` is what was really decided: less, where others decided first. Raises DecisionConflict when
    there is more than was counted, InvalidInput and PermissionDenied.
    """
    require_permission(by, MAY_BULK_DECIDE)
    why = BulkReason(reason.strip(), note.strip(), reasons_offered(by=by))
    _check(action, why, expected_count)
    ids = list(_undecided(filters, by).order_by("id").values_list("pk", flat=True)[: expected_count + 1])
    if len(ids) > expected_count:
        there = _undecided(filters, by).order_by().count()
        raise DecisionConflict(COUNT_CHANGED.format(there, expected_count))
    return _decide_all(ids, action, why, by, filters)


def group_decide(
    *,
    comment: Comment,
    action: str,
    reason: str = "",
    note: str = "",
    seen_decision_id: int | None = None,
    shown: int | None = None,
    by: User | None,
) -> BulkAction:
    """Decide a comment and its waiting near-duplicates, up to GROUP_MAX, as one: no lead is needed for the same text.

    `reason` (a code of the policy) or `note` is needed. `seen_decision_id` is as for `decision_record`; `shown` is how
    many comments `by` saw, and never more are decided. Raises DecisionConflict where there are more or somebody
    else decided first, InvalidInput and PermissionDenied.
    """
    require_permission(by, "classifier.add_decision")
    check_seen(comment, seen_decision_id)
    policy = policy_for(comment.source_id)
    check_decision(comment=comment, policy=policy, action=action, reason=reason, note=note)
    if not (reason or note.strip()):
        raise InvalidInput([ValidationProblem("reason", SAY_WHY, "required")])
    ids = sorted([near.comment.pk for near in group_of(comment=comment, user=by).comments] + [comment.pk])
    titles = {str(row["code"]): str(row["title"]) for row in policy.reasons}
    why = BulkReason(reason.strip(), note.strip(), titles)
    _check(action, why, len(ids))
    if shown is not None and len(ids) > shown:
        raise DecisionConflict(GROUP_GREW.format(len(ids), shown))
    bulk = _decide_all(ids, action, why, by, QueueFilters(ids=tuple(ids)))
    if not bulk.count:
        comment.refresh_from_db()
        check_seen(comment, seen_decision_id)
        raise DecisionConflict(NONE_WAITS)
    return bulk


def bulk_undo(*, bulk: BulkAction, by: User | None) -> int:
    """Undo the decisions of a bulk action that still stand, so that their comments wait again; return how many.

    Its maker may, and people who may decide in bulk, if they see the sources of all its comments. Another call resumes
    an interrupted undo. Raises DecisionConflict when it was undone already, and PermissionDenied.
    """
    require_permission(
        by, "classifier.add_decision" if by is not None and bulk.by_id == by.pk else MAY_BULK_DECIDE
    )
    if not bulk_actions_seen_by(user=by).filter(pk=bulk.pk).exists():
        raise PermissionDenied(OTHERS)
    if BulkAction.objects.filter(pk=bulk.pk, undone_at__isnull=False).exists():
        raise DecisionConflict(UNDONE)
    undone = 0
    decisions = list(
        Decision.objects.filter(bulk=bulk, undoes__isnull=True)
        .order_by("comment_id")
        .values_list("comment_id", "pk")
    )
    for begin in range(0, len(decisions), CHUNK):
        undone += _undo_chunk(dict(decisions[begin : begin + CHUNK]), bulk, by)
    with transaction.atomic():
        marked = BulkAction.objects.filter(pk=bulk.pk, undone_at__isnull=True)
        if marked.update(undone_at=timezone.now(), undone_by=by) == 1:
            audit_record(verb="queue.bulk_undo", by=by, subject=f"bulk {bulk.pk}", count=undone)
    bulk.refresh_from_db()
    return undone


def _undecided(filters: QueueFilters, by: User | None) -> CommentQuerySet:
    chosen = queue_comments(user=by, filters=filters)  # appeals are answered one by one
    readable = chosen.filter(status=CommentStatus.CLASSIFIED, text_purged_at__isnull=True)
    return readable.filter(decidable_by(user=by), has_open_appeal=False)


def _check(action: str, why: BulkReason, expected: int) -> None:
    problems = []
    if action not in ACTIONS:
        problems.append(ValidationProblem("action", "This must be approve or remove.", "invalid_choice"))
    if not (why.reason or why.note):
        problems.append(
            ValidationProblem(
                "reason", "Give a reason: it explains the decision to people who check it later.", "required"
            )
        )
    for name, value in (("reason", why.reason), ("note", why.note)):
        if len(value) > NOTE_CHARACTERS or "\x00" in value:
            message = f"At most {NOTE_CHARACTERS:,} characters, and no NUL, are allowed."
            problems.append(ValidationProblem(name, message, "max_length"))
    if expected > BULK_MAX:
        message = f"At most {BULK_MAX:,} comments are decided at once; narrow the filters."
        problems.append(ValidationProblem("expected_count", message, "max_value"))
    if problems:
        raise InvalidInput(problems)


def _decide_all(
    ids: Sequence[int], action: str, why: BulkReason, by: User | None, filters: QueueFilters
) -> BulkAction:
    with transaction.atomic():
        bulk = BulkAction.objects.create(action=action, reason=why.in_words, filters=filters.to_data(), by=by)
        audit_record(
            verb="queue.bulk",
            by=by,
            subject=f"bulk {bulk.pk}",
            count=len(ids),
            data={"action": action, "reason": why.in_words, "filters": filters.to_audit()},
        )
    for begin in range(0, len(ids), CHUNK):
        _decide_chunk(ids[begin : begin + CHUNK], bulk, why, by)
    bulk.refresh_from_db()
    return bulk


def _decide_chunk(ids: Sequence[int], bulk: BulkAction, why: BulkReason, by: User | None) -> None:
    these = QueueFilters(
        status=CommentStatus.CLASSIFIED, ids=tuple(ids), read_at=bulk.filters.get("read_at", "")
    )
    with transaction.atomic():
        rows = list(
            _undecided(these, by)
            .select_for_update(of=("self",))
            .only("id", "status", "source_id", "current_prediction_id")
            .order_by("id")
        )
        if not rows:
            return
        made = Decision.objects.bulk_create(_decision(row, bulk, why, by) for row in rows)
        latest = Decision.objects.filter(comment=OuterRef("pk")).order_by("-id").values("pk")[:1]
        transition_many(
            rows,
            to=CommentStatus.DECIDED,
            allowed=COMMENT_TRANSITIONS,
            by=by,
            reason=f"{DecisionAction(bulk.action).label.lower()} in bulk {bulk.pk}",
            current_decision=Subquery(latest),
            queued_at=None,
            is_escalated=False,
            **NO_CLAIM,
        )
        BulkAction.objects.filter(pk=bulk.pk).update(count=F("count") + len(rows))
        emit_decided(made)


def _decision(row: Comment, bulk: BulkAction, why: BulkReason, by: User | None) -> Decision:
    policy = policy_for(row.source_id)
    is_code = why.reason in reason_codes(policy)
    return Decision(
        comment=row,
        action=bulk.action,
        reason=why.reason if is_code else "",
        note=why.note if is_code else why.in_words,
        by=by,
        prediction_id=row.current_prediction_id,
        policy_id=policy.pk,
        bulk=bulk,
    )


def _undo_chunk(decisions: dict[int, int], bulk: BulkAction, by: User | None) -> int:
    with transaction.atomic():
        rows = list(
            Comment.objects.filter(pk__in=decisions, current_decision__in=decisions.values())
            .select_for_update(of=("self",))
            .filter(status=CommentStatus.DECIDED)
            .only(
                "id", "status", "source_id", "current_decision_id", "current_prediction_id", "queue_reasons"
            )
            .order_by("id")
        )
        rows = [row for row in rows if row.current_decision_id == decisions[row.pk]]
        escalated = escalated_before(rows)
        made = Decision.objects.bulk_create(
            Decision(
                comment=row,
                action=DecisionAction.UNDO,
                undoes_id=row.current_decision_id,
                by=by,
                prediction_id=row.current_prediction_id,
                bulk=bulk,
            )
            for row in rows
        )
        transition_many(
            rows,
            to=CommentStatus.CLASSIFIED,
            allowed=COMMENT_TRANSITIONS,
            by=by,
            reason=f"bulk {bulk.pk} undone",
            current_decision=None,
            queued_at=queued_again(),
            is_escalated=Case(When(pk__in=escalated, then=Value(True)), default=F("is_escalated")),
        )
        emit_decided(made)
    return len(rows)
