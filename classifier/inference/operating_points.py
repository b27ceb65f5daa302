"""The operating points of a label: a careful, a balanced and a strict threshold, with precision and recall of each.

Careful flags little, so that most of what it flags is right; strict misses little; balanced is the model's own
threshold, which makes the verdict. A manifest holds them as `{label: {"careful": {"threshold", "precision", "recall"},
…}}` with the number of validation rows that know the label (`rows`) and of those that have it (`positives`). `balanced`
is always there; the others are missing where too few rows have the label. training.ml.evaluation.operating_points makes
them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from classifier.inference.errors import ArtifactInvalid

Preset = Literal["careful", "balanced", "strict"]

CAREFUL: Literal["careful"] = "careful"
BALANCED: Literal["balanced"] = "balanced"
STRICT: Literal["strict"] = "strict"
PRESETS: tuple[Preset, ...] = (CAREFUL, BALANCED, STRICT)
COUNTS = ("rows", "positives")
FIELD = "operating_points"


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """A threshold with its precision and recall on validation rows, each from 0 to 1."""

    threshold: float
    precision: float
    recall: float

    def to_dict(self) -> dict[str, float]:
        return {"threshold": self.threshold, "precision": self.precision, "recall": self.recall}


@dataclass(frozen=True, slots=True)
class LabelPoints:
    """The operating points of one label, and how many validation rows know it and have it (0: not stated)."""

    points: Mapping[Preset, OperatingPoint]
    rows: int = 0
    positives: int = 0

    def threshold(self, preset: Preset) -> float | None:
        point = self.points.get(preset)
        return None if point is None else point.threshold

    def to_dict(self) -> dict[str, Any]:
        return {
            **{preset: self.points[preset].to_dict() for preset in PRESETS if preset in self.points},
            "rows": self.rows,
            "positives": self.positives,
        }


def read_operating_points(value: Any, thresholds: Mapping[str, Any]) -> dict[str, LabelPoints]:
    """Return the operating points of a manifest by label; empty where it has none. Raises ArtifactInvalid.

    `thresholds` are the model's own by label; the balanced point has to be at the label's.
    """
    if value is None:
        return {}
    if not isinstance(value, Mapping) or not set(value) <= set(thresholds):
        raise ArtifactInvalid(f"manifest field {FIELD} must be an object of labels that the model has")
    return {label: _label_points(value[label], label, float(thresholds[label])) for label in value}


def _label_points(value: Any, label: str, own: float) -> LabelPoints:
    where = f"{FIELD}.{label}"
    if not isinstance(value, Mapping) or not set(value) <= {*PRESETS, *COUNTS} or BALANCED not in value:
        raise ArtifactInvalid(
            f"manifest field {where} must hold balanced, and may hold careful, strict, rows and positives"
        )
    points = {preset: _point(value[preset], f"{where}.{preset}") for preset in PRESETS if preset in value}
    if abs(points[BALANCED].threshold - own) > 1e-9:
        raise ArtifactInvalid(f"manifest field {where}.balanced must be at the label's threshold, {own:g}")
    drawn = [points[preset].threshold for preset in PRESETS if preset in points]
    if drawn != sorted(drawn, reverse=True):
        raise ArtifactInvalid(f"manifest field {where} must fall from careful over balanced to strict")
    counts = [value.get(name, 0) for name in COUNTS]
    if any(isinstance(count, bool) or not isinstance(count, int) or count < 0 for count in counts):
        raise ArtifactInvalid(f"manifest field {where} must count rows and positives in whole numbers")
    return LabelPoints(points, *counts)


def _point(value: Any, where: str) -> OperatingPoint:
    names = ("threshold", "precision", "recall")
    if not isinstance(value, Mapping) or set(value) != set(names):
        raise ArtifactInvalid(f"manifest field {where} must hold {', '.join(names)}")
    for name in names:
        number = value[name]
        if isinstance(number, bool) or not isinstance(number, int | float) or not 0 <= number <= 1:
            raise ArtifactInvalid(f"manifest field {where}.{name} must be a number from 0 to 1")
    return OperatingPoint(*(float(value[name]) for name in names))
