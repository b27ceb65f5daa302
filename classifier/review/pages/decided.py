"""How a page shows decisions, and the labels that a moderator may correct."""

from collections.abc import Iterable
from dataclasses import dataclass

from classifier.models import Comment, Decision, DecisionAction
from classifier.scoring.pages.verdict import bars_of_prediction
from classifier.web.formatting import label_title


@dataclass(frozen=True)
class Correction:
    """A label that a moderator may correct; `predicted` is whether the model's probability reached the threshold."""

    label: str
    title: str
    predicted: bool


@dataclass(frozen=True)
class DecisionRow:
    """One decision, with its corrections in words, and the marked words where the text is unchanged."""

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
    """List the labels of the model without the one that approving or removing answers itself."""
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
    """Return the decisions about a comment as its page lists them, newest first; the one that stands is in force."""
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
    """Return the title of the reason in the policy of the decision; its code where that policy has no such reason."""
    given = decision.policy.reasons if decision.policy is not None else []
    return next((reason["title"] for reason in given if reason["code"] == decision.reason), decision.reason)


def _marked(decision: Decision, comment: Comment) -> tuple[str, ...]:
    """Return the marked words; marks point into the text as it was then, so an edited or erased one has none."""
    if comment.text_purged_at is not None:
        return ()
    if comment.edited_at is not None and comment.edited_at > decision.created_at:
        return ()
    return tuple(comment.text[mark["begin"] : mark["end"]] for mark in decision.marks)
