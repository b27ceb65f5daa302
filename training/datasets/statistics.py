"""The stored statistics of a dataset, typed: what training.ml.data.report.describe counted, and what was left out.

Names are those of the JSON. Parts that are missing, as in a dataset of an older version, are None or empty.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from training.ml.json_reader import read
from training.models import Dataset


@dataclass(frozen=True)
class LabelCount:
    """Rows with a label, rows where it is known, and its share among these by weight."""

    positives: int = 0
    known: int = 0
    weighted_rate: float | None = None


@dataclass(frozen=True)
class Step:
    """Rows of at least `begin` words, and of fewer than `below`, where the step has an end."""

    begin: int = 0
    below: int | None = None
    rows: int = 0

    @classmethod
    def from_json(cls, raw: Any) -> "Step | None":
        return read(cls, {**raw, "begin": raw.get("from")}) if isinstance(raw, Mapping) else None

    @property
    def title(self) -> str:
        return f"{self.begin} and more" if self.below is None else f"{self.begin} to {self.below - 1}"


@dataclass(frozen=True)
class Lengths:
    """How long the texts of a split are, in words."""

    median: float | None = None
    p95: float | None = None
    max: int | None = None
    histogram: list[Step] = field(default_factory=list)


@dataclass(frozen=True)
class Repeats:
    """Groups of texts that are the same, or nearly, and the rows beyond the first of each."""

    groups: int = 0
    rows: int = 0


@dataclass(frozen=True)
class Split:
    """The rows of one split; `conflicts` are equal texts with different labels, `sources` counts rows by source."""

    labels: dict[str, LabelCount] = field(default_factory=dict)
    equal_weights: bool = True
    words: Lengths = field(default_factory=Lengths)
    duplicates: Repeats = field(default_factory=Repeats)
    near_duplicates: Repeats = field(default_factory=Repeats)
    conflicts: Repeats = field(default_factory=Repeats)
    sources: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Leak:
    """How many rows of the `later` split have a text of the `earlier` one, or nearly."""

    earlier: str = ""
    later: str = ""
    rows: int = 0
    near: Repeats = field(default_factory=Repeats)

    @classmethod
    def from_json(cls, raw: Any) -> "Leak | None":
        if not isinstance(raw, Mapping):
            return None
        return read(cls, {**raw, "earlier": raw.get("from"), "later": raw.get("into")})


@dataclass(frozen=True)
class Decisions:
    """What a dataset of decisions was built of."""

    approved: int = 0
    removed: int = 0
    corrected: int = 0
    marked: int = 0
    fixed: int = 0
    suggested: int = 0
    last_decision_id: int = 0


@dataclass(frozen=True)
class Reading:
    """How a file was read: its encoding, also whether that is a guess, and the delimiter of a CSV file."""

    format: str = ""
    encoding: str = ""
    encoding_guessed: bool = False
    delimiter: str = ""


@dataclass(frozen=True)
class ReadFile:
    """A file of rows as it was read; `graded` labels were cut to 0 or 1."""

    layout: Reading = field(default_factory=Reading)
    broken_lines: list[int] = field(default_factory=list)
    graded: int = 0


@dataclass(frozen=True)
class Statistics:
    """`cut` names the splits that were cut from the training rows, `left_out` counts rows by reason.

    `corrected` counts labels that differ from those of the dataset that it was made of; `in_test_set` counts rows by
    split whose text is in the site's test set.
    """

    splits: dict[str, Split] = field(default_factory=dict)
    leakage: list[Leak] = field(default_factory=list)
    cut: list[str] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=dict)
    corrected: int = 0
    decisions: Decisions | None = None
    in_test_set: dict[str, int] = field(default_factory=dict)
    files: dict[str, ReadFile] = field(default_factory=dict)  # by split


def statistics_of(dataset: Dataset | None) -> Statistics:
    """Read the statistics of a dataset; empty ones without a dataset."""
    return read(Statistics, dataset.statistics if dataset is not None else None)
