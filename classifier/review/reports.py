"""Reports: readers say that a comment is bad, and enough reports bring it to a moderator."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from classifier.core.audit import audit_record
from classifier.core.events import COMMENT_HELD, REPORT_ADDED, emit
from classifier.core.permissions import require_permission
from classifier.core.source_access import require_source
from classifier.core.validation import InvalidInput, words_problem
from classifier.models import Comment, CommentStatus, DecisionAction, Report, User
from classifier.models.comment import NO_CLAIM
from classifier.policies.judging import OF_SCORING
from classifier.policies.recommended_actions import of_comment
from classifier.review.placement import queue_put

ADD = "classifier.add_report"
MARK = "classifier.add_decision"
REASON_CHARACTERS = 500
REPORTER_CHARACTERS = 200


def report_add(
    *, comment: Comment, reporter_ref: str = "", reason: str = "", by: User | None
) -> tuple[Report, bool]:
    """Store a report, and return whether it is new: a reporter with a `reporter_ref` counts once.

    An undecided comment waits for a person from the first report on, whatever its band. An approved one, by a person or
    a policy, waits again after settings.REPORTS_TO_REOPEN reports since then; a removed one does not, nor does one that
    has no text any more or whose reports a person found harmless. After settings.REPORTS_TO_HIDE reports since the last
    decision the site is told to hold the comment until a person decides, in the answer and by the event `comment.held`.
    Raises InvalidInput and PermissionDenied.
    """
    require_permission(by, ADD)
    require_source(by, comment.source)
    problems = [
        words_problem(reporter_ref, "reporter_ref", REPORTER_CHARACTERS),
        words_problem(reason, "reason", REASON_CHARACTERS),
    ]
    if faults := [problem for problem in problems if problem is not None]:
        raise InvalidInput(faults)
    with transaction.atomic():
        row = (
            Comment.objects.select_for_update(of=("self",))
            .select_related("current_decision")
            .defer("text")
            .get(pk=comment.pk)
        )
        if reporter_ref:
            before = Report.objects.filter(comment=row, reporter_ref=reporter_ref).first()
            if before is not None:
                return before, False
        report = Report.objects.create(comment=row, reporter_ref=reporter_ref, reason=reason.strip())
        Comment.objects.filter(pk=row.pk).update(report_count=F("report_count") + 1)
        facts = {"comment": row.pk, "report": report.pk, "reports": row.report_count + 1}
        emit(REPORT_ADDED, {**facts, "source": row.source_id})
        if _comes_up(row):
            queue_put(comment=row, kind="report", count=row.report_count + 1)
        if _hides(row):
            now = timezone.now()
            Comment.objects.filter(pk=row.pk).update(hidden_by_reports_at=now)
            _tell_held(row, now, row.report_count + 1)
    return report, True


def reports_mark(*, comment: Comment, harmless: bool, by: User | None) -> Comment:
    """Say that reports of a comment are harmless: further ones do not bring it back, until its text changes.

    An approved comment that waits for nothing but its reports leaves the queue. `harmless` False: reports count again,
    from the next one on. Raises PermissionDenied.
    """
    require_permission(by, MARK)
    require_source(by, comment.source)
    with transaction.atomic():
        row = (
            Comment.objects.select_for_update(of=("self",))
            .select_related("current_decision", "source")
            .defer("text")
            .get(pk=comment.pk)
        )
        if row.reports_harmless != harmless:
            fields: dict[str, Any] = {"reports_harmless": harmless}
            if harmless:
                fields["hidden_by_reports_at"] = None
            kept = [reason for reason in row.queue_reasons if reason.get("kind") != "report"]
            standing = row.current_decision
            is_approved = standing is not None and standing.action == DecisionAction.APPROVE
            if harmless and row.status == CommentStatus.DECIDED and is_approved and row.queued_at is not None:
                asks = [reason for reason in kept if reason.get("kind") not in OF_SCORING]
                if not asks:
                    fields |= {"queued_at": None, **NO_CLAIM}
                fields["queue_reasons"] = kept
            Comment.objects.filter(pk=row.pk).update(**fields)
            if harmless:
                _tell_held(row, None, row.report_count)
            audit_record(
                verb="reports.harmless" if harmless else "reports.count",
                by=by,
                source=row.source,
                subject=f"comment {row.pk}",
                data={"comment": row.pk, "reports": row.report_count},
            )
    comment.refresh_from_db()
    return comment


def _tell_held(row: Comment, hidden_at: datetime | None, reports: int) -> None:
    """Emit that reports changed what the site should do with a comment, if they did."""
    before = of_comment(row).action
    row.hidden_by_reports_at = hidden_at
    after = of_comment(row).action
    if after != before:
        emit(COMMENT_HELD, {"comment": row.pk, "source": row.source_id, "action": after, "reports": reports})


def _hides(row: Comment) -> bool:
    """Return whether this report is the one from which on the comment is held."""
    if not settings.REPORTS_TO_HIDE or row.reports_harmless or row.text_purged_at is not None:
        return False
    reports = Report.objects.filter(comment=row)
    if row.current_decision is not None:
        reports = reports.filter(created_at__gt=row.current_decision.created_at)
    return reports.count() == settings.REPORTS_TO_HIDE


def _comes_up(row: Comment) -> bool:
    if row.text_purged_at is not None:
        return False
    if row.reports_harmless:
        return row.queued_at is not None  # for another reason, but the count is published too
    standing = row.current_decision
    if row.status != CommentStatus.DECIDED or standing is None:
        return True
    if standing.action == DecisionAction.REMOVE:
        return (
            row.queued_at is not None
        )  # it waits for an answer to an appeal, but the count is published too
    since = Report.objects.filter(comment=row, created_at__gt=standing.created_at).count()
    return since >= settings.REPORTS_TO_REOPEN
