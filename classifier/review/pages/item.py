"""One comment as the queue shows it: why it waits, what is known about it, and what may be done."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.utils import timezone

from classifier.core.validation import row_id, whole_number
from classifier.models import (
    Appeal,
    AppealStatus,
    Band,
    Comment,
    CommentStatus,
    Decision,
    DecisionAction,
    Report,
    User,
)
from classifier.policies.active_policies import CurrentPolicy, policy_for
from classifier.policies.judging import OF_SCORING
from classifier.review.near_duplicates import Group, group_of
from classifier.review.pages.decided import Correction, DecisionRow, decision_rows, label_corrections
from classifier.review.pages.policy_bars import PolicyBar, policy_bars
from classifier.review.pages.reasons import BandLine, ReasonLine, band_line, reason_lines
from classifier.review.selectors import with_review
from classifier.scoring.pages.format_note import format_note
from classifier.scoring.pages.sentences import sentence_count
from classifier.scoring.pages.verdict import VerdictCard, card_of_comment

REPORTS_SHOWN = 20
GROUP_SHOWN = 5
DECISIONS_SHOWN = 20


@dataclass(frozen=True)
class DecisionDraft:
    """What the form of a decision holds, kept when the decision fails.

    `marks` is JSON as the form sent it. `prediction`, `seen_decision` and `together` (a number of comments) say what
    was on screen.
    """

    action: str = ""
    reason: str = ""
    note: str = ""
    labels: frozenset[str] | None = None
    marks: str = "[]"
    group: bool = False
    prediction: str = ""
    seen_decision: int | None = None
    together: int | None = None


@dataclass(frozen=True)
class LabelTick:
    item: Correction
    ticked: bool


@dataclass(frozen=True)
class QueueItem:
    """A comment in the queue, `claimed` by this person for `seconds`. `look`: a blind review, shown like any other."""

    comment: Comment
    card: VerdictCard
    band: BandLine | None
    reasons: list[ReasonLine]
    policy: CurrentPolicy
    judged_by: str
    decisions: list[DecisionRow]
    reports: list[Report]
    appeal: Appeal | None
    group: Group | None
    corrections: list[Correction]
    claimed: bool
    seconds: int
    look: bool = False
    draft: DecisionDraft = field(default_factory=DecisionDraft)

    @property
    def purged(self) -> bool:
        return self.comment.text_purged_at is not None and not self.comment.text

    @property
    def sentence_count(self) -> int:
        return sentence_count(self.comment)

    @property
    def format_note(self) -> str:
        return format_note(self.comment)

    @property
    def veiled(self) -> bool:
        return veiled(self.comment, self.card)

    @property
    def standing(self) -> Decision | None:
        """Return the decision in force, where no other one is awaited."""
        if self.look or self.comment.queued_at is not None:
            return None
        return self.comment.current_decision

    @property
    def seen_decision(self) -> int | None:
        return None if self.look else self.comment.current_decision_id

    @property
    def ticks(self) -> list[LabelTick]:
        kept = self.draft.labels
        return [
            LabelTick(item, item.predicted if kept is None else item.label in kept)
            for item in self.corrections
        ]

    @property
    def corrected(self) -> bool:
        """Return whether a tick differs from what the model predicted."""
        return any(tick.ticked != tick.item.predicted for tick in self.ticks)

    @property
    def verbs(self) -> dict[str, str]:
        """Return the names of approving and removing: an appeal is upheld or overturned instead."""
        if self.appeal is None:
            return {"approve": "Approve", "remove": "Remove"}
        stood = self.appeal.decision.action
        return {
            action: f"{'Uphold' if action == stood else 'Overturn'}: {word}"
            for action, word in (("approve", "approve"), ("remove", "remove"))
        }

    @property
    def bars(self) -> list[PolicyBar]:
        return policy_bars(self.comment)

    @property
    def near(self) -> Any:
        return self.group.comments[:GROUP_SHOWN] if self.group is not None else []

    @property
    def together(self) -> int:
        """Count the comments that are decided together, including this one."""
        return len(self.group) + 1 if self.group is not None else 1


def queue_item(
    comment: Comment, user: User, *, claimed: bool, look: bool = False, draft: DecisionDraft | None = None
) -> QueueItem:
    """Build the item of a comment from `with_review`; read reports, appeals and copies only where there can be any."""
    decisions: list[Decision] = []
    if not look:
        rows = comment.decisions.select_related("by", "undone_by__by", "policy").order_by("-id")
        decisions = list(rows[:DECISIONS_SHOWN])
    appeal = None
    if comment.has_open_appeal and not look:
        appeal = (
            comment.appeals.filter(status=AppealStatus.OPEN)
            .select_related("decision__by")
            .order_by("-id")
            .first()
        )
    group = None
    if claimed and not look and comment.status == CommentStatus.CLASSIFIED:
        group = group_of(comment=comment, user=user) or None
    reports = list(comment.reports.all()[:REPORTS_SHOWN]) if comment.report_count else []
    lines = reason_lines(comment, decisions)
    made = [decision for decision in decisions if decision.action != DecisionAction.UNDO]
    return QueueItem(
        comment=comment,
        card=card_of_comment(comment),
        band=band_line(comment),
        reasons=[line for line in lines if not look or line.kind in OF_SCORING],
        policy=policy_for(comment.source_id),
        judged_by=judged_by(comment),
        decisions=decision_rows(made, comment),
        reports=reports,
        appeal=appeal,
        group=group,
        corrections=label_corrections(comment),
        claimed=claimed,
        seconds=seconds_left(comment, user) if not look else int(settings.REVIEW_CLAIM_SECONDS),
        look=look,
        draft=draft or DecisionDraft(),
    )


def veiled(comment: Comment, card: VerdictCard) -> bool:
    """Return whether the text is blurred, because the model or the policy objects to it."""
    return card.is_toxic or comment.band not in ("", Band.APPROVE)


def seconds_left(comment: Comment, user: User) -> int:
    """Return the seconds left of this person's claim; 0 where it has expired or is somebody else's."""
    if comment.review_by_id != user.pk or comment.review_until is None:
        return 0
    return max(int((comment.review_until - timezone.now()).total_seconds()), 0)


def fresh(comment_id: int) -> Comment:
    """Return the comment as it is stored now, with all that a page of the queue shows."""
    return with_review(Comment.objects.all()).get(pk=comment_id)


def judged_by(comment: Comment) -> str:
    """Name the policy that put the comment into its band."""
    if comment.policy is None:
        return "no policy yet"
    whose = comment.source.name if comment.policy.source_id is not None else "Site"
    return f"{whose} policy, version {comment.policy.version}"


def draft_of(data: Mapping[str, Any]) -> DecisionDraft:
    """Read the draft of a decision from a POST."""
    getlist = getattr(data, "getlist", None)
    labels = None
    if data.get("labels_shown") == "1" and getlist is not None:
        labels = frozenset(getlist("label"))
    return DecisionDraft(
        action=str(data.get("action", "")),
        reason=str(data.get("reason", "")),
        note=str(data.get("note", "")).replace("\r\n", "\n"),
        labels=labels,
        marks=str(data.get("marks", "")) or "[]",
        group=data.get("group") == "1",
        prediction=str(data.get("prediction", "")),
        seen_decision=row_id(data.get("seen")),
        together=whole_number(data.get("together")),
    )
