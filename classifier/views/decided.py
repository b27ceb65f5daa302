"""How a page shows decisions, and the labels that a moderator may correct."""

from collections.abc import Iterable
from dataclasses import dataclass

from classifier.models import Comment, Decision, DecisionAction
from classifier.views.presentation import LABEL_TITLES, bars_of_prediction


@dataclass(frozen=True)
class Correction:
    """A label that a moderator may correct; `said` is whether the model's probability reached the threshold."""

    label: str
    title: str
    said: bool


@dataclass(frozen=True)
class DecisionRow:
    """One decision, with its corrections in words."""

    decision: Decision
    corrected: str
    counts: bool

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


def decision_rows(decisions: Iterable[Decision], standing: int | None) -> list[DecisionRow]:
    """Decisions as the page lists them, newest first; the one with the id `standing` counts."""
    rows = []
    for decision in decisions:
        words = [
            f"{'' if value else 'not '}{LABEL_TITLES.get(label, label.replace('_', ' ')).lower()}"
            for label, value in decision.labels.items()
        ]
        rows.append(DecisionRow(decision, ", ".join(words), decision.pk == standing))
    return rows
