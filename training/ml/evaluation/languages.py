"""What a model is worth in each language, by set, and from which threshold on it leaves harmless sentences alone.

A language is *shipped* where a labelled set that nobody trained on says so, *refused* where harmless sentences are
called toxic even at a threshold that nothing should need, and *experimental* otherwise.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from classifier.inference.operating_points import PRESETS, LabelPoints
from training.ml.evaluation.metrics import careful_threshold, label_metrics
from training.ml.evaluation.operating_points import label_points

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Status = Literal["shipped", "experimental", "refused"]
SHIPPED_ROC_AUC = 0.8
FALSE_POSITIVES = 0.005
"""Of a language's harmless sentences at most so many reach the threshold."""
HIGHEST_THRESHOLD = 0.75
"""A language whose harmless sentences need more is refused: it would silence the others."""
FEWEST_OF_EACH = 20
FEWEST_HARMLESS = 100


@dataclass(frozen=True)
class LanguageTable:
    """Rows of many languages: `scores` and `targets` [rows] of the first label, `sources`, `languages`, and whether the
    row's set was trained on; harmless sentences have targets of 0 and no set that counts."""

    scores: "Floats"
    targets: "Floats"
    sources: Sequence[str]
    languages: Sequence[str]
    trained: Sequence[bool]


@dataclass(frozen=True)
class SetMeasure:
    """What the model is worth on one set in one language: areas, and precision and recall at the presets."""

    rows: int
    toxic: int
    trained_on: bool
    roc_auc: float | None
    points: Mapping[str, Mapping[str, float]]

    def to_dict(self) -> dict[str, Any]:
        return {
            "rows": self.rows,
            "toxic": self.toxic,
            "trained_on": self.trained_on,
            "roc_auc": self.roc_auc,
            "points": {preset: dict(point) for preset, point in self.points.items()},
        }


@dataclass(frozen=True)
class LanguageMeasure:
    """What the model is worth in a language.

    `roc_auc` is the mean over sets that nobody trained on (None: there is none). `false_positives` is the share of its
    `harmless` sentences at each preset, `needs` the threshold from which on at most FALSE_POSITIVES of them are called
    toxic. `points` are presets of its own, where its rows say enough.
    """

    status: Status
    roc_auc: float | None
    harmless: int
    false_positives: Mapping[str, float]
    needs: float
    sets: Mapping[str, SetMeasure]
    points: LabelPoints | None = field(default=None)

    def to_dict(self) -> dict[str, Any]:
        return {
            "status": self.status,
            "roc_auc": self.roc_auc,
            "harmless": self.harmless,
            "false_positives": dict(self.false_positives),
            "needs": self.needs,
            "sets": {name: one.to_dict() for name, one in self.sets.items()},
            **({"points": self.points.to_dict()} if self.points else {}),
        }


def threshold_for(scores: "Floats", most: float = FALSE_POSITIVES) -> float:
    """Return the lowest threshold that at most the share `most` of harmless rows reaches: 0 without enough rows.

    It lies half-way between the two neighbouring scores that it parts.
    """
    if len(scores) < FEWEST_HARMLESS:
        return 0.0
    descending = np.sort(scores)[::-1]
    allowed = int(most * len(scores))
    if allowed >= len(scores):
        return 0.0
    above = descending[allowed - 1] if allowed else 1.0
    first = descending[allowed]
    # rows that share a score cannot be parted
    return float(first + (above - first) / 2) if above > first else float(np.nextafter(first, 1.0))


def raised_threshold(own: float, harmless: LanguageTable) -> float:
    """Return the model's threshold, raised until harmless sentences are left alone in every language not refused."""
    needed = [threshold_for(_part(harmless, language).scores) for language in sorted(set(harmless.languages))]
    return max([own, *(threshold for threshold in needed if threshold <= HIGHEST_THRESHOLD)])


def measure_languages(
    test: LanguageTable,
    validation: LanguageTable,
    harmless: LanguageTable,
    presets: Mapping[str, float],
) -> dict[str, LanguageMeasure]:
    """Return what the model is worth by language, each of the three tables' languages once.

    `presets` are the model's thresholds by name. A language's own presets come from its rows of `validation`, which
    nobody trained on, from sets that were trained on.
    """
    languages = sorted({*test.languages, *harmless.languages})
    return {
        language: _measured(
            _part(test, language), _part(validation, language), _part(harmless, language).scores, presets
        )
        for language in languages
    }


def _measured(
    test: LanguageTable, validation: LanguageTable, harmless: "Floats", presets: Mapping[str, float]
) -> LanguageMeasure:
    sets = {source: _of_set(test, source, presets) for source in sorted(set(test.sources))}
    unseen = [one.roc_auc for one in sets.values() if not one.trained_on and one.roc_auc is not None]
    area = float(np.mean(unseen)) if unseen else None
    needs = threshold_for(harmless)
    status: Status = "shipped" if area is not None and area >= SHIPPED_ROC_AUC else "experimental"
    return LanguageMeasure(
        "refused" if needs > HIGHEST_THRESHOLD else status,
        area,
        len(harmless),
        {name: float((harmless >= presets[name]).mean()) for name in presets} if len(harmless) else {},
        needs,
        sets,
        _own_points(validation, needs),
    )


def _of_set(test: LanguageTable, source: str, presets: Mapping[str, float]) -> SetMeasure:
    places = [at for at, name in enumerate(test.sources) if name == source]
    scores, targets = test.scores[places], test.targets[places]
    points, area = {}, None
    for name, threshold in presets.items():
        measured = label_metrics(scores, targets, threshold)
        points[name] = {"precision": measured["precision"], "recall": measured["recall"]}
        area = measured.get("roc_auc")
    toxic = int((targets == 1).sum())
    if min(toxic, len(places) - toxic) < FEWEST_OF_EACH:
        area = None
    return SetMeasure(len(places), toxic, test.trained[places[0]], area, points)


def _own_points(rows: LanguageTable, needs: float) -> LabelPoints | None:
    toxic = int((rows.targets == 1).sum())
    if min(toxic, int((rows.targets == 0).sum())) < FEWEST_OF_EACH:
        return None
    balanced = max(careful_threshold(rows.scores, rows.targets), needs)
    return label_points(rows.scores, rows.targets, balanced)


def _part(table: LanguageTable, language: str) -> LanguageTable:
    places = [at for at, own in enumerate(table.languages) if own == language]
    return LanguageTable(
        table.scores[places],
        table.targets[places],
        [table.sources[at] for at in places],
        [language] * len(places),
        [table.trained[at] for at in places],
    )


def preset_thresholds(points: LabelPoints) -> dict[str, float]:
    """Return the thresholds of a label's presets by name, as many as it has."""
    return {preset: points.points[preset].threshold for preset in PRESETS if preset in points.points}


def languages_by_status(measured: Mapping[str, LanguageMeasure], status: Status) -> list[str]:
    """Return the languages of a status, in order."""
    return sorted(language for language, one in measured.items() if one.status == status)
