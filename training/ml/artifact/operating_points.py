"""The part of a model card about operating points: which thresholds, what they are worth, and on which rows."""

from collections.abc import Mapping
from typing import Any

from classifier.inference.operating_points import PRESETS

OPERATING_POINTS = ("operating_points", "operating_points_rows")
"""Fields of a run's card and of a manifest: the points by label, and the rows that they were measured on."""


def points_section(manifest: Mapping[str, Any]) -> list[str]:
    """Return the section of the card; empty where the manifest has no operating points."""
    points = manifest.get(OPERATING_POINTS[0])
    if not points:
        return []
    lines = [
        "| label | careful | balanced | strict | rows with it |",
        "|---|---|---|---|---|",
    ]
    for label in (name for name in manifest["labels"] if name in points):
        of_label = points[label]
        cells = " | ".join(_cell(of_label.get(preset)) for preset in PRESETS)
        lines.append(
            f"| {label} | {cells} | {of_label.get('positives', 0):,} of {of_label.get('rows', 0):,} |"
        )
    return [
        "## Operating points",
        "Thresholds with precision / recall. `careful` flags little: the lowest threshold with a precision of 0.90, "
        "else the one of the highest precision. `balanced` is the model's own threshold, which makes the verdict. "
        f"`strict` misses little: the highest threshold with a recall of 0.90. {_measured_on(manifest)}",
        "\n".join(lines),
    ]


def _cell(point: Mapping[str, float] | None) -> str:
    if point is None:
        return "-"
    return f"{point['threshold']:.3f} ({point['precision']:.2f} / {point['recall']:.2f})"


def _measured_on(manifest: Mapping[str, Any]) -> str:
    rows = manifest.get(OPERATING_POINTS[1]) or {}
    if not rows:
        return ""
    text = f"Measured on {rows['rows']:,} rows of `{rows['name']}`"
    if sources := rows.get("sources"):
        text += ", by source: " + ", ".join(
            f"{name} {count:,}"
            for name, count in sorted(sources.items(), key=lambda item: (-item[1], item[0]))
        )
    return text + "."
