"""Rows that look mislabelled, and the corrections of labels that stand."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from training.models import Dataset, Evaluation, LabelFix

ISSUES = {"test": "label_issues", "train": "train_label_issues"}
Place = tuple[str, int, str]


@dataclass(frozen=True)
class LabelError:
    """A row whose given label a model doubts (`score`: its probability), and the correction that stands, if any."""

    dataset: Dataset
    split: str
    row: int
    label: str
    given: int
    score: float
    text: str
    fix: LabelFix | None

    @property
    def key(self) -> str:
        """Names the row on its page."""
        return f"{self.split}-{self.row}-{self.label}"


def standing_fixes() -> "QuerySet[LabelFix]":
    """Corrections that nobody has taken back."""
    return LabelFix.objects.filter(undoes__isnull=True, undone_by__isnull=True).order_by("id")


def fixes_of(dataset: Dataset) -> list[dict[str, Any]]:
    """What a dataset made of this one takes over: [{"split", "row", "label", "fixed"}, …]."""
    rows = standing_fixes().filter(dataset=dataset)
    return [dict(row) for row in rows.values("split", "row", "label", "fixed")]


def fixes_by_text() -> dict[str, list[tuple[datetime, str, int]]]:
    """{digest of a text: [(when, label, value), …], the oldest first} of every dataset."""
    found: dict[str, list[tuple[datetime, str, int]]] = defaultdict(list)
    rows = standing_fixes().values_list("digest", "created_at", "label", "fixed")
    for digest, created_at, label, fixed in rows:
        found[digest].append((created_at, label, fixed))
    return dict(found)


def label_errors(*, evaluation: Evaluation) -> list[LabelError]:
    """What an evaluation found in the test rows and in the training rows, as they were listed: the worst first.

    Rows of a dataset that is deleted are left out: nothing can be made of it any more.
    """
    run = evaluation.experiment
    sides = {"test": evaluation.dataset, "train": run.dataset if run is not None else None}
    found: list[LabelError] = []
    for split, dataset in sides.items():
        if dataset is None or not dataset.directory or dataset.deleted_at is not None:
            continue
        fixes: dict[Place, LabelFix] = {
            (fix.split, fix.row, fix.label): fix
            for fix in standing_fixes().filter(dataset=dataset, split=split).select_related("by")
        }
        for one in evaluation.report.get(ISSUES[split]) or []:
            row, label = int(one["row"]), str(one["label"])
            found.append(
                LabelError(
                    dataset=dataset,
                    split=split,
                    row=row,
                    label=label,
                    given=int(one["given"]),
                    score=float(one["score"]),
                    text=str(one["text"]),
                    fix=fixes.get((split, row, label)),
                )
            )
    return found
