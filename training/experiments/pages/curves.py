"""Curves as charts.js draws them, and as the few numbers that say the same without a picture."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from training.experiments.pages.run_rows import loss_rank, loss_word
from training.experiments.selectors import Curves
from training.ml.evaluation.stored import AtThreshold, LabelCurves, Point

SPEED = {
    "rows_per_second": "rows a second",
    "tokens_per_second": "tokens a second",
    "memory_mib": "memory, MiB",
}
POINTS_MAX = 400
Payload = dict[str, Any]
SHARE: Payload = {"percent": True, "min": 0, "max": 1}
"""An axis of shares."""


@dataclass(frozen=True)
class CurveRow:
    """A curve as a row of a table: where it began, its lowest point, where it is."""

    name: str
    first: str
    lowest: str
    last: str
    step: int


def training_curves(curves: Curves, *, of: str = "losses", over: bool = True, prefix: str = "") -> Payload:
    """Plot the loss parts over steps, or (of="speed") the rows a second; `over` tells the page to stop asking."""
    chosen = _chosen(curves, of)
    phases = {phase for phase, _ in chosen}
    series = [
        {"name": prefix + _name(phase, name, len(phases) > 1), "points": thin(points)}
        for (phase, name), points in chosen.items()
    ]
    y = {"name": ""} if of == "losses" else {"name": "", "min": 0}
    return {
        "series": series,
        "x": {"name": "Step", "min": 0},
        "y": y,
        "over": over,
        "note": "The first numbers come with the first steps",
    }


def curve_rows(curves: Curves) -> list[CurveRow]:
    phases = {phase for phase, _ in curves}
    return [
        CurveRow(
            _name(phase, name, len(phases) > 1),
            _short(points[0][1]),
            _short(min(value for _, value in points)),
            _short(points[-1][1]),
            points[-1][0],
        )
        for (phase, name), points in curves.items()
        if points
    ]


def thin(points: Sequence[tuple[float, float]], most: int = POINTS_MAX) -> list[list[float]]:
    """Return at most `most` points, evenly taken; the first and the last always stay."""
    if len(points) <= most:
        return [list(point) for point in points]
    step = (len(points) - 1) / (most - 1)
    return [list(points[round(index * step)]) for index in range(most)]


def _chosen(curves: Curves, of: str) -> Curves:
    """Select the losses, which are all curves but those of speed, or the rows a second."""
    if of == "speed":
        return {key: points for key, points in curves.items() if key[1] == "rows_per_second"}
    names = sorted((key for key in curves if key[1] not in SPEED), key=lambda key: loss_rank(key[1]))
    return {key: curves[key] for key in names}


def _name(phase: str, name: str, many: bool) -> str:
    word = SPEED.get(name) or loss_word(name)
    return f"{phase}: {word}" if many else word


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def quality_curves(curves: Mapping[str, LabelCurves]) -> dict[str, Payload]:
    """Plot ROC, precision-recall and reliability by the title of their label."""
    roc = [{"name": name, "points": curve.roc} for name, curve in curves.items()]
    pr = [{"name": name, "points": curve.pr} for name, curve in curves.items()]
    reliability: list[Payload] = []
    for name, curve in curves.items():
        points = [
            [group.mean, group.rate]
            for group in curve.reliability
            if group.mean is not None and group.rate is not None
        ]
        reliability.append({"name": name, "points": points, "hidden": bool(reliability)})
    return {
        "roc": {
            "series": _drawn(roc),
            "x": {"name": "False alarms among harmless rows", **SHARE},
            "y": {"name": "Toxic rows found", **SHARE},
            "diagonal": "chance",
        },
        "pr": {
            "series": _drawn(pr),
            "x": {"name": "Recall: toxic rows found", **SHARE},
            "y": {"name": "Precision: flagged rows that are toxic", **SHARE},
        },
        "reliability": {
            "series": _drawn(reliability),
            "x": {"name": "Probability that the model gave", **SHARE},
            "y": {"name": "Share that was toxic", **SHARE},
            "diagonal": "perfectly calibrated",
        },
    }


def threshold_curves(rows: Sequence[AtThreshold]) -> Payload:
    """Plot precision, recall, F1 and the share flagged at every threshold of one label."""
    names = {"precision": "Precision", "recall": "Recall", "f1": "F1", "flagged": "Share flagged"}
    series = [
        {"name": title, "points": _known(rows, key), "dashed": key == "flagged"}
        for key, title in names.items()
    ]
    return {
        "series": _drawn(series),
        "x": {"name": "Threshold", "min": 0, "max": 1},
        "y": {"name": "", **SHARE},
    }


def _known(rows: Sequence[AtThreshold], key: str) -> list[list[float]]:
    pairs = [(row.threshold, getattr(row, key)) for row in rows]
    return [[x, y] for x, y in pairs if x is not None and y is not None]


def _drawn(series: list[Payload]) -> list[Payload]:
    return [curve for curve in series if curve["points"]]


def best_beside(points: Sequence[Point], x: float, *, rising: bool = True) -> float | None:
    """Return the best y among the points up to x (rising: a ROC's recall) or from x on (a PR curve's precision)."""
    return max((b for a, b in points if (a <= x if rising else a >= x)), default=None)
