"""Actions that a user may take on a comment's page besides deciding: edit, rescore, report, appeal, answer."""

from dataclasses import dataclass, field
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.urls import reverse

from classifier.comments.edits import ADD as ADD_COMMENT
from classifier.comments.edits import CHANGE, RESCAN, comment_version
from classifier.models import Appeal, AppealStatus, Comment, CommentStatus, Report, User
from classifier.review.appeal_answers import require_other
from classifier.review.appeals import appeal_until, appealable_by
from classifier.review.reports import ADD as ADD_REPORT
from classifier.review.selectors import APPEALS, SEES_REPORTS, appeals_visible_to, reports_visible_to

DECIDE = "classifier.add_decision"
REPORTS_SHOWN = 20


@dataclass(frozen=True)
class ActProblem:
    """Why an action was refused, and what the user typed; `act` names the form that shows it."""

    act: str
    message: str
    typed: str = ""


@dataclass(frozen=True)
class CommentActs:
    """The actions that a user may take; `answer` is the open appeal that they may answer.

    `answer_note` says why they may not answer, if the only reason is that somebody else has to.
    """

    version: str
    may_edit: bool = False
    may_rescan: bool = False
    may_report: bool = False
    may_appeal: bool = False
    appeal_until: object = None
    appeals: list[Appeal] = field(default_factory=list)
    answer: Appeal | None = None
    answer_note: str = ""
    reports: list[Report] = field(default_factory=list)
    queue_url: str = ""
    problem: ActProblem | None = None

    @property
    def any(self) -> bool:
        return self.may_edit or self.may_rescan or self.may_report or self.may_appeal


def comment_acts(comment: Comment, user: User, problem: ActProblem | None = None) -> CommentActs:
    """Gather the actions on a comment that `user` sees; at most two queries, for appeals and for reports."""
    has_text = comment.text_purged_at is None
    mine = comment.submitted_by_id == user.pk
    may_appeal = appealable_by(comment, user)
    appeals = list(appeals_visible_to(user=user).filter(comment=comment))
    open_appeal = next((appeal for appeal in appeals if appeal.status == AppealStatus.OPEN), None)
    answer, answer_note = _answerable(comment, user, open_appeal)
    return CommentActs(
        version=comment_version(comment),
        may_edit=has_text and user.has_perm(ADD_COMMENT if mine else CHANGE),
        may_rescan=has_text and comment.status != CommentStatus.PENDING and user.has_perm(RESCAN),
        may_report=has_text and user.has_perm(ADD_REPORT),
        may_appeal=may_appeal,
        appeal_until=appeal_until(comment.current_decision)
        if may_appeal and comment.current_decision
        else None,
        appeals=appeals,
        answer=answer,
        answer_note=answer_note,
        reports=_reports(comment, user),
        queue_url=_queue_url(comment, user),
        problem=problem,
    )


def _answerable(comment: Comment, user: User, appeal: Appeal | None) -> tuple[Appeal | None, str]:
    if appeal is None or not user.has_perm(APPEALS):
        return None, ""
    try:
        require_other(comment, user)
    except PermissionDenied as error:
        return None, str(error)
    return appeal, ""


def _reports(comment: Comment, user: User) -> list[Report]:
    if not comment.report_count or not user.has_perm(SEES_REPORTS):
        return []
    return list(reports_visible_to(user=user).filter(comment=comment)[:REPORTS_SHOWN])


def _queue_url(comment: Comment, user: User) -> str:
    waits = comment.queued_at is not None and comment.status in (
        CommentStatus.CLASSIFIED,
        CommentStatus.DECIDED,
    )
    return (
        f"{reverse('queue')}?{urlencode({'comment': comment.pk})}" if waits and user.has_perm(DECIDE) else ""
    )
