"""Reports: readers say that a comment is bad, and enough reports bring it to a moderator."""

from django.conf import settings
from django.db import transaction
from django.db.models import F

from classifier.core.permissions import require_permission
from classifier.core.source_access import require_source
from classifier.core.validation import InvalidInput, words_problem
from classifier.models import Comment, CommentStatus, DecisionAction, Report, User
from classifier.review.placement import queue_put

ADD = "classifier.add_report"
REASON_CHARACTERS = 500
REPORTER_CHARACTERS = 200


def report_add(
    *, comment: Comment, reporter_ref: str = "", reason: str = "", by: User | None
) -> tuple[Report, bool]:
    """Store a report, and return whether it is new: a reporter with a `reporter_ref` counts once.

    An undecided comment waits for a person from the first report on, whatever its band. An approved one, by a person or
    a policy, waits again after settings.REPORTS_TO_REOPEN reports since then; a removed one does not, nor does one that
    has no text any more. Raises InvalidInput and PermissionDenied.
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
        if _comes_up(row):
            queue_put(comment=row, kind="report", count=row.report_count + 1)
    return report, True


def _comes_up(row: Comment) -> bool:
    if row.text_purged_at is not None:
        return False
    standing = row.current_decision
    if row.status != CommentStatus.DECIDED or standing is None:
        return True
    if standing.action == DecisionAction.REMOVE:
        return (
            row.queued_at is not None
        )  # it waits for an answer to an appeal, but the count is published too
    since = Report.objects.filter(comment=row, created_at__gt=standing.created_at).count()
    return since >= settings.REPORTS_TO_REOPEN
