"""The operating points of a model's labels on validation rows: careful, balanced and strict.

careful   the lowest threshold with a precision of at least CAREFUL_PRECISION among FEWEST_FLAGGED rows or more; where
          no threshold reaches it, the one of the highest precision
balanced  the model's own threshold, which makes the verdict: that of `careful_threshold` in
          training.ml.evaluation.metrics, whose "careful" is the choice among thresholds of nearly the same F1
strict    the highest threshold with a recall of at least STRICT_RECALL

Row weights count. Always careful >= balanced >= strict: where balanced already has the precision (or the recall) that
is asked for, the points coincide.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from classifier.inference.operating_points import (
    BALANCED,
    CAREFUL,
    STRICT,
    LabelPoints,
    OperatingPoint,
    Preset,
)
from training.ml.evaluation.metrics import ScoreCurve, curve_by_score, label_metrics

if TYPE_CHECKING:
    from training.ml.data.tables import TextTable
    from training.ml.evaluation.metrics import Floats

CAREFUL_PRECISION = 0.9
STRICT_RECALL = 0.9
FEWEST_FLAGGED = 20
"""A precision is read from no fewer flagged rows."""
FEWEST_OF_EACH = 20
"""With fewer rows that have the label, or that do not, the balanced point alone is given."""
SOURCES_STATED = 50


def label_points(
    scores: "Floats", targets: "Floats", balanced: float, weights: "Floats | None" = None
) -> LabelPoints | None:
    """Return the operating points of one label around its own threshold `balanced`; None without positive rows.

    `scores` and `targets` [rows] (-1: unknown, left out), `weights` [rows].
    """
    curve = curve_by_score(scores, targets, weights)
    if curve is None:
        return None
    positives = int(curve.row_targets.sum())
    drawn: dict[Preset, float] = {BALANCED: balanced}
    if min(positives, len(curve.row_targets) - positives) >= FEWEST_OF_EACH:
        drawn = {
            CAREFUL: max(_careful(curve), balanced),
            BALANCED: balanced,
            STRICT: min(_strict(curve), balanced),
        }
    points = {preset: _point(scores, targets, threshold, weights) for preset, threshold in drawn.items()}
    return LabelPoints(points, len(curve.row_targets), positives)


def _careful(curve: ScoreCurve) -> float:
    enough = np.flatnonzero(curve.flagged >= FEWEST_FLAGGED)
    precise = enough[curve.precision[enough] >= CAREFUL_PRECISION]
    if len(precise):
        return curve.cut_after(int(precise[-1]))
    best = curve.precision[enough].max()
    return curve.cut_after(int(enough[curve.precision[enough] == best][-1]))


def _strict(curve: ScoreCurve) -> float:
    reached = np.flatnonzero(curve.recall >= STRICT_RECALL - 1e-12)
    return curve.cut_after(int(reached[0]))


def _point(scores: "Floats", targets: "Floats", threshold: float, weights: "Floats | None") -> OperatingPoint:
    at = label_metrics(scores, targets, threshold, weights)
    return OperatingPoint(float(threshold), at["precision"], at["recall"])


def points_by_label(
    scores: "Floats", rows: "TextTable", thresholds: Mapping[str, float]
) -> dict[str, dict[str, Any]]:
    """Return what a manifest holds of the labels of `rows`: scores [rows, labels] in the table's order of labels.

    Labels that no row has are left out.
    """
    found = {
        label: label_points(scores[:, at], rows.targets[:, at], thresholds[label], rows.weights)
        for at, label in enumerate(rows.labels)
    }
    return {label: points.to_dict() for label, points in found.items() if points is not None}


@dataclass(frozen=True)
class MeasuredRows:
    """The rows that calibration and thresholds come from: name, count, and counts by source where rows have one."""

    name: str
    rows: int
    fingerprint: str
    sources: Mapping[str, int]

    def to_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "rows": self.rows,
            "fingerprint": self.fingerprint,
            "sources": self.sources,
        }


def measured_rows(name: str, rows: "TextTable") -> MeasuredRows:
    """Return what a card tells of these rows; beyond SOURCES_STATED sources the smallest are counted as `others`."""
    return MeasuredRows(name, len(rows), rows.fingerprint(), source_counts(rows))


def source_counts(rows: "TextTable") -> dict[str, int]:
    """Count the rows of each source, the largest first; empty where the rows do not tell."""
    if rows.sources is None:
        return {}
    names, counts = np.unique(np.asarray(rows.sources, dtype=object), return_counts=True)
    ranked = sorted(zip(names, counts.tolist(), strict=True), key=lambda item: (-item[1], item[0]))
    stated = {str(name) or "unnamed": int(count) for name, count in ranked[:SOURCES_STATED]}
    rest = sum(count for _, count in ranked[SOURCES_STATED:])
    return stated | ({"others": stated.get("others", 0) + rest} if rest else {})
