"""The presets careful, balanced and strict on pages: a label's thresholds in words, and bands to start from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from classifier.inference.bands import OF_THE_MODEL, PRIMARY, REMOVE, REVIEW
from classifier.inference.operating_points import BALANCED, CAREFUL, PRESETS, STRICT, LabelPoints, Preset
from classifier.models import ModelVersion
from classifier.web.formatting import label_title

WORD_OF: Mapping[Preset, str] = {CAREFUL: CAREFUL, BALANCED: OF_THE_MODEL, STRICT: STRICT}
PRESET_BANDS: Mapping[str, Mapping[str, Any]] = {
    preset: {PRIMARY: {REVIEW: word, REMOVE: None}} for preset, word in WORD_OF.items()
}
"""What a preset fills into a policy: where a person begins to look, by the main label; nothing is removed."""


@dataclass(frozen=True)
class PointLine:
    """One operating point in words."""

    preset: str
    title: str
    threshold: str
    precision: str = ""
    recall: str = ""


@dataclass(frozen=True)
class LabelPresets:
    """The thresholds that the active version draws for a label; `own` is None where it does not have the label."""

    own: float | None = None
    points: LabelPoints = field(default_factory=lambda: LabelPoints({}))

    @property
    def own_text(self) -> str:
        return "" if self.own is None else f"{self.own:.3f}"

    @property
    def lines(self) -> list[PointLine]:
        """The points that were measured, with precision and recall."""
        return [
            PointLine(
                preset,
                preset.capitalize(),
                f"{point.threshold:.3f}",
                f"{point.precision * 100:.0f} %",
                f"{point.recall * 100:.0f} %",
            )
            for preset in PRESETS
            if (point := self.points.points.get(preset)) is not None
        ]

    @property
    def incomplete(self) -> bool:
        """Whether careful or strict would be the model's own threshold, because it has no such point."""
        return self.own is not None and not {CAREFUL, STRICT} <= set(self.points.points)

    def choice(self, word: str) -> str:
        """Name a threshold that the model draws, with its number where it is known."""
        preset = next(preset for preset, each in WORD_OF.items() if each == word)
        if self.own is None:
            return preset.capitalize()
        drawn = self.own if preset == BALANCED else self.points.threshold(preset)
        return (
            f"{preset.capitalize()}: {drawn:.3f}"
            if drawn is not None
            else f"{preset.capitalize()}: as balanced"
        )


def presets_of(model: ModelVersion | None, label: str) -> LabelPresets:
    """Return the thresholds that `model` draws for a label of a policy, which may be `*`, its main label."""
    if model is None:
        return LabelPresets()
    name = model.primary_label if label == PRIMARY else label
    own = model.thresholds.get(name)
    return LabelPresets(own, model.operating_points.get(name, LabelPoints({})))


def without_points(model: ModelVersion | None) -> list[str]:
    """Name the labels of a version for which careful and strict are its own threshold."""
    if model is None:
        return []
    return [label_title(label) for label in model.labels if presets_of(model, label).incomplete]
