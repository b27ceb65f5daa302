"""The stored report of an evaluation, typed: what `report.Report.to_dict` wrote, in this version or an older one.

Names are those of the JSON. Parts that a report lacks are None or empty.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from training.ml.json_reader import number, read

WEAK = 0.15  # this far below all cases of its suite, a functionality is weak
Point = tuple[float, float]


@dataclass(frozen=True)
class Estimate:
    """A number and its 95 % interval, each of which may be unknown; older reports hold the bare number."""

    value: float | None = None
    low: float | None = None
    high: float | None = None

    @classmethod
    def from_json(cls, raw: Any) -> "Estimate | None":
        if isinstance(raw, Mapping):
            return cls(number(raw.get("value")), number(raw.get("low")), number(raw.get("high")))
        value = number(raw)
        return None if value is None else cls(value)

    @property
    def excludes_zero(self) -> bool:
        """Whether a difference can be told from chance."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)


UNKNOWN = Estimate()


@dataclass(frozen=True)
class Support:
    """How many rows know a label, how many of them have it, and from which probability on it is flagged."""

    rows: int | None = None
    positives: int | None = None
    threshold: float | None = None


@dataclass(frozen=True)
class Confusion:
    """Weighted rows by truth and verdict."""

    tp: float | None = None
    fp: float | None = None
    fn: float | None = None
    tn: float | None = None


@dataclass(frozen=True)
class ReliabilityBin:
    """Rows of like probability: the mean probability, the share that has the label, their weight."""

    mean: float | None = None
    rate: float | None = None
    weight: float | None = None


@dataclass(frozen=True)
class AtThreshold:
    """What a threshold gives; `flagged` is the share of rows at or above it."""

    threshold: float | None = None
    precision: float | None = None
    recall: float | None = None
    f1: float | None = None
    flagged: float | None = None


@dataclass(frozen=True)
class LabelCurves:
    """The curves of one label; ROC is recall over false alarms, PR precision over recall."""

    roc: list[Point] = field(default_factory=list)
    pr: list[Point] = field(default_factory=list)
    reliability: list[ReliabilityBin] = field(default_factory=list)
    thresholds: list[AtThreshold] = field(default_factory=list)


@dataclass(frozen=True)
class Slice:
    """Rows of one length, combination of labels or source (`kind`), and the metrics on them.

    `small` says that there are so few rows, or so few of a class, that the numbers are loose.
    """

    kind: str = ""
    name: str = ""
    rows: int | None = None
    positives: int | None = None
    small: bool = False
    metrics: dict[str, Estimate] = field(default_factory=dict)

    @classmethod
    def from_json(cls, raw: Any) -> "Slice | None":
        """Read a slice, whose metrics lie beside its name, or in a part of their own in older reports."""
        if not isinstance(raw, Mapping):
            return None
        return read(cls, {**raw, "metrics": raw.get("metrics") or raw})


@dataclass(frozen=True)
class Word:
    """A word of a text and its push in log-odds."""

    begin: int
    end: int
    value: float
    text: str = ""

    @classmethod
    def from_json(cls, raw: Any) -> "Word | None":
        known = raw if isinstance(raw, Mapping) else {}
        begin, end, value = (number(known.get(name)) for name in ("begin", "end", "value"))
        if begin is None or end is None or value is None:
            return None
        return cls(int(begin), int(end), value, str(known.get("text", "")))


@dataclass(frozen=True)
class Mistake:
    """A row that the version got wrong (`kind`: false positive, false negative), and how sure it was."""

    kind: str = ""
    row: int = 0
    text: str = ""
    score: float | None = None
    threshold: float | None = None
    cut: bool = False
    words: list[Word] = field(default_factory=list)


@dataclass(frozen=True)
class LabelIssue:
    """A row whose given label is doubted; `score` is the probability that the label holds."""

    row: int = 0
    text: str = ""
    label: str = ""
    given: int = 0
    score: float | None = None


@dataclass(frozen=True)
class Size:
    """What the version takes on disk, and the numbers in it; `trainable_parameters` changed in its last training."""

    bytes: int | None = None
    parameters: int | None = None
    trainable_parameters: int | None = None


@dataclass(frozen=True)
class Speed:
    """How fast it answered, and on what."""

    latency_ms_p50: float | None = None
    latency_ms_p95: float | None = None
    texts_per_second: float | None = None
    device: str = ""
    threads: int | None = None


@dataclass(frozen=True)
class McNemar:
    """McNemar's test against another version: `b` rows only this one got right, `c` rows only the other."""

    against: str = ""
    b: int | None = None
    c: int | None = None
    p_value: float | None = None


@dataclass(frozen=True)
class LanguageFlips:
    """Rows in one language whose verdict differs from the other version's; this one is `right` or `wrong` there."""

    language: str = ""
    rows: int = 0
    to_toxic: int = 0
    to_calm: int = 0
    right: int = 0
    wrong: int = 0

    @property
    def share(self) -> float:
        return (self.to_toxic + self.to_calm) / self.rows if self.rows else 0.0


@dataclass(frozen=True)
class Flips:
    """Verdicts that differ from those of `against`, by language."""

    against: str = ""
    languages: list[LanguageFlips] = field(default_factory=list)


@dataclass(frozen=True)
class Differences:
    """This version minus `against` on the same resampled rows, by label and metric."""

    against: str = ""
    labels: dict[str, dict[str, Estimate]] = field(default_factory=dict)


@dataclass(frozen=True)
class MarkedWords:
    """How far the words that drive the version are those that moderators marked."""

    rows: int | None = None
    words: int | None = None
    share: float | None = None
    low: float | None = None
    high: float | None = None
    chance: float | None = None


@dataclass(frozen=True)
class WrongCase:
    """A case that the version answered wrongly; `outcome` is what was expected of the language, or empty.

    `concern`: it reaches the threshold, but was called a concern, and so non-toxic.
    """

    text: str = ""
    expected: int = 0
    score: float | None = None
    outcome: str = ""
    concern: bool = False


@dataclass(frozen=True)
class Counted:
    """Cases, and how many of them are answered rightly."""

    rows: int = 0
    right: int = 0

    @property
    def share(self) -> float | None:
        return self.right / self.rows if self.rows else None


@dataclass(frozen=True)
class SuiteLanguage:
    """The cases of a suite in one language; `low` to `high` is the 95 % interval of the accuracy."""

    language: str = ""
    rows: int = 0
    right: int = 0
    accuracy: float | None = None
    low: float | None = None
    high: float | None = None
    roc_auc: float | None = None


@dataclass(frozen=True)
class Functionality:
    """The cases of a suite that test one thing; `low` to `high` is the 95 % interval of the accuracy.

    `languages` counts them by language, where the cases name any.
    """

    name: str = ""
    rows: int | None = None
    accuracy: float | None = None
    low: float | None = None
    high: float | None = None
    not_measured: int = 0
    languages: dict[str, Counted] = field(default_factory=dict)
    errors: list[WrongCase] = field(default_factory=list)

    @classmethod
    def from_json(cls, raw: Any) -> "Functionality | None":
        """Read a functionality, whose name and count have had other keys in older reports."""
        if not isinstance(raw, Mapping):
            return None
        name = str(raw.get("functionality") or raw.get("name") or "")
        return read(cls, {**raw, "name": name, "rows": raw.get("rows", raw.get("cases"))})

    @property
    def right(self) -> int | None:
        """How many of the cases are answered rightly."""
        if self.rows is None or self.accuracy is None:
            return None
        return round(self.rows * self.accuracy)


@dataclass(frozen=True)
class Group:
    """The cases of a suite about one group, with the three areas of Borkan et al. 2019."""

    group: str = ""
    rows: int | None = None
    subgroup_auc: Estimate = UNKNOWN
    bpsn_auc: Estimate = UNKNOWN
    bnsp_auc: Estimate = UNKNOWN


@dataclass(frozen=True)
class SuiteReport:
    """How a version did on a test suite; the `id` of a suite that ships with the code is None."""

    id: int | None = None
    name: str = ""
    not_measured: int = 0
    label: str = "toxic"
    accuracy: float | None = None
    skipped: str = ""
    by_functionality: list[Functionality] = field(default_factory=list)
    by_language: list[SuiteLanguage] = field(default_factory=list)
    by_group: list[Group] = field(default_factory=list)

    def functionality(self, name: str) -> Functionality:
        return next((entry for entry in self.by_functionality if entry.name == name), Functionality(name))

    def language(self, tag: str) -> SuiteLanguage:
        return next((entry for entry in self.by_language if entry.language == tag), SuiteLanguage(tag))

    def group(self, name: str) -> Group:
        return next((entry for entry in self.by_group if entry.group == name), Group(name))

    @property
    def measured(self) -> int:
        """How many cases were measured."""
        return sum(entry.rows or 0 for entry in self.by_functionality)

    @property
    def right(self) -> int:
        """How many of them are answered rightly."""
        return sum(entry.right or 0 for entry in self.by_functionality)

    @property
    def has_errors(self) -> bool:
        """Whether any wrongly answered case is kept."""
        return any(entry.errors for entry in self.by_functionality)

    @property
    def weakest(self) -> Functionality | None:
        """The functionality with the smallest share of right answers; None where none was measured."""
        known = [entry for entry in self.by_functionality if entry.rows and entry.accuracy is not None]
        return min(known, key=lambda entry: entry.accuracy or 0.0, default=None)

    @property
    def weak(self) -> list[str]:
        """The functionalities that it answers rightly far less often than the whole suite."""
        bar = None if self.accuracy is None else self.accuracy - WEAK
        return [
            entry.name
            for entry in self.by_functionality
            if entry.accuracy is not None and bar is not None and entry.accuracy < bar
        ]


@dataclass(frozen=True)
class StoredReport:
    """The report of one version, or baseline, on frozen test rows; `metrics` are by label, and `macro`."""

    rows: int | None = None
    metrics: dict[str, dict[str, Estimate]] = field(default_factory=dict)
    support: dict[str, Support] = field(default_factory=dict)
    confusion: dict[str, Confusion] = field(default_factory=dict)
    curves: dict[str, LabelCurves] = field(default_factory=dict)
    slices: list[Slice] = field(default_factory=list)
    errors: list[Mistake] = field(default_factory=list)
    size: Size = field(default_factory=Size)
    speed: Speed = field(default_factory=Speed)
    mcnemar: McNemar = field(default_factory=McNemar)
    flips: Flips = field(default_factory=Flips)
    differences: Differences = field(default_factory=Differences)
    label_issues: list[LabelIssue] = field(default_factory=list)
    train_label_issues: list[LabelIssue] = field(default_factory=list)
    marked_words: MarkedWords | None = None
    suites: list[SuiteReport] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, raw: Any) -> "StoredReport":
        """Read a report, or the parts of one that a query took out of it; an empty report from None."""
        return read(cls, raw)

    def metric(self, label: str, name: str) -> Estimate:
        return self.metrics.get(label, {}).get(name, UNKNOWN)
