"""Everything that happened to one comment, newest first and one row an action.

A decision changes the status too, and an answer to an appeal is a decision as well: where several tables tell of the
same action, the row that says most stands for it. What a person may not see (appeals, reports, the audit, decisions)
is left out for them; that a comment is a known answer is never told.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from classifier.core.audit import audit_label
from classifier.models import (
    FINAL_ACTIONS,
    Appeal,
    AppealStatus,
    AuditEntry,
    Comment,
    CommentEvent,
    CommentStatus,
    Decision,
    DecisionAction,
    User,
)

SAME_ACTION = timedelta(seconds=1)
"""Rows of one transaction are written within this time."""
AUDITED = ("comment.erase", "reports.harmless", "reports.count")
"""What of the audit is about a single comment and stands in no other table."""
UNNAMED = "the system"


@dataclass(frozen=True)
class TimelineRow:
    """One action: what was done, when and by whom, why, and the text of an author or reader that came with it."""

    at: datetime
    title: str
    who: str = ""
    why: str = ""
    quote: str = ""
    tone: str = ""


def comment_timeline(comment: Comment, user: User) -> list[TimelineRow]:
    """Return the rows of a comment that `comment_detail` read, as `user` may see them."""
    sees = {
        name: user.has_perm(f"classifier.view_{name}")
        for name in ("decision", "appeal", "report", "auditentry")
    }
    decisions = list(comment.decisions.all()) if sees["decision"] else []
    appeals = list(comment.appeals.select_related("resolved_by")) if sees["appeal"] else []
    rows = [*_events(comment, decisions), *_decisions(decisions, appeals), *_appeals(appeals, decisions)]
    if sees["report"]:
        rows += [
            TimelineRow(report.created_at, "Reported", report.reporter_ref or "a reader", quote=report.reason)
            for report in comment.reports.all()
        ]
    if sees["auditentry"]:
        rows += _audit(comment)
    rows.append(TimelineRow(comment.created_at, "Received", "", f"from {comment.source.name}"))
    return sorted(rows, key=lambda row: row.at, reverse=True)


def _events(comment: Comment, decisions: list[Decision]) -> Iterator[TimelineRow]:
    """Yield changes of status, without the one that each decision made."""
    unused = list(decisions)
    for event in comment.history.all():
        kinds = FINAL_ACTIONS if event.new == CommentStatus.DECIDED else (DecisionAction.UNDO,)
        made_by = None
        if CommentStatus.DECIDED in (event.old, event.new):
            made_by = _nearest([row for row in unused if row.action in kinds], event.created_at)
        if made_by is not None:
            unused.remove(made_by)
            continue
        yield TimelineRow(event.created_at, event.title, _who(event), event.reason)


def _nearest(decisions: list[Decision], at: datetime) -> Decision | None:
    """Return the decision that was made in the moment `at`, the closest if there are several."""
    near = [row for row in decisions if abs(row.created_at - at) < SAME_ACTION]
    return min(near, key=lambda row: abs(row.created_at - at), default=None)


def _answers(appeals: list[Appeal], decisions: list[Decision]) -> dict[int, Decision]:
    """Return the decision that answered each appeal, by the appeal's id."""
    found = {}
    for appeal in appeals:
        later = [row for row in decisions if row.pk > appeal.decision_id and row.action in FINAL_ACTIONS]
        answer = _nearest(later, appeal.resolved_at) if appeal.resolved_at is not None else None
        if answer is not None:
            found[appeal.pk] = answer
    return found


def _who(event: CommentEvent) -> str:
    return event.actor.get_username() if event.actor is not None else ""


def _decisions(decisions: list[Decision], appeals: list[Appeal]) -> Iterator[TimelineRow]:
    """Yield decisions, each with the outcome; those that answered an appeal stand in the row of the answer."""
    by_id = {decision.pk: decision for decision in decisions}
    answers = {decision.pk for decision in _answers(appeals, decisions).values()}
    for decision in decisions:
        if decision.pk in answers:
            continue
        row = TimelineRow(
            decision.created_at,
            str(decision.get_action_display()),
            _decider(decision),
            decision.reason,
            decision.note,
            {"approve": "calm", "remove": "toxic"}.get(decision.action, "wait"),
        )
        if decision.action == DecisionAction.UNDO:
            undone = by_id.get(decision.undoes_id or 0)
            what = str(undone.get_action_display()).lower() if undone is not None else "a decision"
            whose = _decider(undone) if undone is not None else ""
            own = whose == row.who  # a name once
            row = replace(row, title=f"Undone: {what}", why="" if own or not whose else f"of {whose}")
        elif decision.bulk_id:
            row = replace(row, why=f"{decision.reason} in bulk".strip())
        yield row


def _decider(decision: Decision) -> str:
    if decision.automatic:
        version = f", version {decision.policy.version}" if decision.policy is not None else ""
        return f"the policy{version}"
    return UNNAMED if decision.by is None else decision.by.get_username()


def _appeals(appeals: list[Appeal], decisions: list[Decision]) -> Iterator[TimelineRow]:
    answers = _answers(appeals, decisions)
    for appeal in appeals:
        yield TimelineRow(appeal.created_at, "Appealed", "the author", quote=appeal.message, tone="wait")
        if appeal.resolved_at is None:
            continue
        upheld = appeal.status == AppealStatus.UPHELD
        who = appeal.resolved_by.get_username() if appeal.resolved_by is not None else UNNAMED
        decided = answers.get(appeal.pk)
        outcome = str(decided.get_action_display()).lower() if decided is not None else ""
        title = f"Appeal {'upheld' if upheld else 'overturned'}"
        yield TimelineRow(
            appeal.resolved_at,
            f"{title}: {outcome}" if outcome else title,
            who,
            "the decision stands" if upheld else "",
            appeal.answer,
            "toxic" if upheld else "calm",
        )


def _audit(comment: Comment) -> Iterator[TimelineRow]:
    entries = AuditEntry.objects.filter(
        verb__in=AUDITED, subject=f"comment {comment.pk}", created_at__gte=comment.created_at
    )
    for entry in entries.select_related("actor"):
        who = entry.actor.get_username() if entry.actor is not None else UNNAMED
        yield TimelineRow(entry.created_at, audit_label(entry.verb), who)
