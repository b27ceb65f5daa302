"""Rows that look mislabelled, as their page shows them: by dataset and split, each with what a key would do."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from classifier.web.formatting import percent
from training.datasets.correction_selectors import LabelError
from training.models import Dataset, DatasetKind
from training.web.formatting import label_title

TITLES = {
    "test": "In the test rows, doubted by this version",
    "train": "In the training rows, doubted by a word counter",
}


@dataclass
class ErrorGroup:
    """The suspected rows of one split of one dataset."""

    title: str
    dataset: Dataset
    rows: list[dict[str, Any]] = field(default_factory=list)

    @property
    def golden(self) -> bool:
        """Its rows are corrected where they come from."""
        return self.dataset.kind == DatasetKind.GOLDEN


def error_groups(errors: Sequence[LabelError]) -> list[ErrorGroup]:
    """Grouped by split, in the order in which they were found."""
    groups: dict[str, ErrorGroup] = {}
    for error in errors:
        group = groups.setdefault(error.split, ErrorGroup(TITLES[error.split], error.dataset))
        group.rows.append(error_row(error))
    return list(groups.values())


def error_row(error: LabelError) -> dict[str, Any]:
    """What row.html shows."""
    title = label_title(error.label)
    return {
        "key": error.key,
        "number": error.row + 1,
        "text": error.text,
        "label": title,
        "given": "yes" if error.given else "no",
        "other": "no" if error.given else "yes",
        "chance": percent(error.score),
        "fix": error.fix,
    }
