"""How a page shows decisions, and the labels that a moderator may correct."""

from collections.abc import Iterable
from dataclasses import dataclass

from classifier.models import Comment, Decision, DecisionAction
from classifier.scoring.pages.verdict import bars_of_prediction
from classifier.web.formatting import label_title


@dataclass(frozen=True)
class Correction:
    """A label that a moderator may correct; `said` is whether the model's probability reached the threshold."""

    label: str
    title: str
    said: bool


@dataclass(frozen=True)
class DecisionRow:
    """One decision, with its corrections in words, and the words marked where the text is still the one it was."""

    decision: Decision
    corrected: str
    counts: bool
    reason: str = ""
    marked: tuple[str, ...] = ()

    @property
    def who(self) -> str:
        if self.decision.automatic:
            return "a policy"
        return "the system" if self.decision.by is None else self.decision.by.get_username()

    @property
    def undone(self) -> bool:
        return hasattr(self.decision, "undone_by")

    @property
    def tone(self) -> str:
        return {DecisionAction.APPROVE: "calm", DecisionAction.REMOVE: "toxic"}.get(
            DecisionAction(self.decision.action), "wait"
        )


def label_corrections(comment: Comment) -> list[Correction]:
    """The labels of the model beside the one that approving or removing answers itself."""
    prediction = comment.current_prediction
    if prediction is None:
        return []
    primary = prediction.model_version.primary_label
    return [
        Correction(bar.label, bar.title, bar.over)
        for bar in bars_of_prediction(prediction)
        if bar.label != primary
    ]


def decision_rows(decisions: Iterable[Decision], comment: Comment) -> list[DecisionRow]:
    """The decisions about a comment as its page lists them, newest first; the one that stands counts."""
    rows = []
    for decision in decisions:
        words = [
            f"{'' if value else 'not '}{label_title(label).lower()}"
            for label, value in decision.labels.items()
        ]
        rows.append(
            DecisionRow(
                decision,
                ", ".join(words),
                decision.pk == comment.current_decision_id,
                _reason_title(decision),
                _marked(decision, comment),
            )
        )
    return rows


def _reason_title(decision: Decision) -> str:
    """In the words of the policy it was made under; the code where that has no such reason."""
    given = decision.policy.reasons if decision.policy is not None else []
    return next((one["title"] for one in given if one["code"] == decision.reason), decision.reason)


def _marked(decision: Decision, comment: Comment) -> tuple[str, ...]:
    """Marks point into the text as it was then: of an edited or erased one they say nothing."""
    if comment.text_purged_at is not None:
        return ()
    if comment.edited_at is not None and comment.edited_at > decision.created_at:
        return ()
    return tuple(comment.text[mark["begin"] : mark["end"]] for mark in decision.marks)
