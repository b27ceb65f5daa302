"""The careful, balanced and strict thresholds of versions on pages, with precision and recall."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from classifier.inference.operating_points import PRESETS, LabelPoints, OperatingPoint
from classifier.models import ModelVersion
from classifier.models.model_version import points_of
from training.ml.json_reader import read
from training.web.formatting import label_title


@dataclass(frozen=True)
class PointRow:
    """One label, or one version: its points in the order of PRESETS, None where one is missing."""

    title: str
    points: list[OperatingPoint | None]
    rows: int
    positives: int


@dataclass(frozen=True)
class PointsTable:
    """The points of a version by label, and the rows that they were measured on."""

    rows: list[PointRow]
    measured_on: str = ""
    sources: list[tuple[str, int]] = field(default_factory=list)


@dataclass(frozen=True)
class StatedRows:
    """What a manifest tells of the rows behind its operating points."""

    name: str = ""
    rows: int | None = None
    sources: dict[str, int] = field(default_factory=dict)


def points_table(version: ModelVersion) -> PointsTable:
    """Return the operating points of a version; without rows where it has none."""
    stated = read(StatedRows, version.manifest.get("operating_points_rows"))
    points = version.operating_points
    return PointsTable(
        [_row(label_title(label), points[label]) for label in version.labels if label in points],
        f"{stated.rows:,} rows of {stated.name}" if stated.rows else "",
        sorted(stated.sources.items(), key=lambda item: (-item[1], item[0])),  # the database keeps no order
    )


def points_of_versions(versions: Sequence[tuple[str, int]], label: str) -> list[PointRow]:
    """Return the points of one label for versions by title and id; those without are left out. One query."""
    stored = {
        pk: (thresholds, value)
        for pk, thresholds, value in ModelVersion.objects.filter(
            pk__in=[pk for _, pk in versions]
        ).values_list("pk", "thresholds", "manifest__operating_points")
    }
    rows = []
    for title, pk in versions:
        thresholds, value = stored[pk]
        points = points_of(value, thresholds).get(label)
        if points is not None:
            rows.append(_row(title, points))
    return rows


def _row(title: str, points: LabelPoints) -> PointRow:
    return PointRow(title, [points.points.get(preset) for preset in PRESETS], points.rows, points.positives)
