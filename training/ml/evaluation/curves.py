"""The curves behind the numbers, thinned for drawing: ROC, precision-recall, reliability, thresholds."""

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    AnyFloats = NDArray[np.float64] | NDArray[np.float32]

MOST_POINTS = 200
BINS = 15


def curves(
    scores: "AnyFloats", targets: "AnyFloats", weights: "AnyFloats", threshold: float
) -> dict[str, Any]:
    """Return the four curves of one label; targets are 0 or 1, weights honoured. Curves that need both classes are
    empty when one is missing."""
    s, y, w = (np.asarray(values, dtype=np.float64) for values in (scores, targets, weights))
    order = np.argsort(-s, kind="stable")
    s, y, w = s[order], y[order], w[order]
    ends = np.flatnonzero(np.append(s[1:] != s[:-1], True))  # a threshold cannot part equal scores
    tp, fp = np.cumsum(w * y)[ends], np.cumsum(w * (1 - y))[ends]
    positives, negatives = (w * y).sum(), (w * (1 - y)).sum()
    both = positives > 0 and negatives > 0
    return {
        "roc": _roc(tp / positives, fp / negatives) if both else [],
        "pr": _precision_recall(tp, fp, positives) if both else [],
        "reliability": reliability(s, y, w),
        "thresholds": _thresholds(s, y, w, threshold) if positives > 0 else [],
    }


def thin(points: "Floats", most: int = MOST_POINTS) -> "Floats":
    """Keep at most `most` of points [n, 2], evenly spaced along the curve; the first and last always stay."""
    if len(points) <= most:
        return points
    way = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(points, axis=0)).sum(axis=1))])
    kept = np.unique(np.searchsorted(way, np.linspace(0.0, way[-1], most)))
    kept[0], kept[-1] = 0, len(points) - 1
    return points[np.unique(kept)]


def reliability(s: "Floats", y: "Floats", w: "Floats", bins: int = BINS) -> list[dict[str, float]]:
    """Return mean score, rate of positives and weight for each equal-width bin that holds rows."""
    bin_index = np.clip((s * bins).astype(int), 0, bins - 1)
    weight, score, hits = (np.bincount(bin_index, values, bins) for values in (w, w * s, w * y))
    return [
        {"mean": score[b] / weight[b], "rate": hits[b] / weight[b], "weight": weight[b]}
        for b in range(bins)
        if weight[b] > 0
    ]


def _roc(recall: "Floats", false_alarms: "Floats") -> list[list[float]]:
    points = np.column_stack([np.append(0.0, false_alarms), np.append(0.0, recall)])
    points[-1] = 1.0
    shown: list[list[float]] = thin(points).tolist()
    return shown


def _precision_recall(tp: "Floats", fp: "Floats", positives: float) -> list[list[float]]:
    flagged = tp + fp
    some = flagged > 0  # rows of weight 0 flag nothing
    points = np.column_stack([tp[some] / positives, tp[some] / flagged[some]])
    shown: list[list[float]] = thin(np.vstack([[0.0, 1.0], points])).tolist()
    return shown


def _thresholds(s: "Floats", y: "Floats", w: "Floats", own: float) -> list[dict[str, float]]:
    """Sample an even grid, quantiles of the scores (rare labels live close to 0) and the model's own threshold."""
    grid = np.concatenate([np.linspace(0, 1, 101), np.quantile(s, np.linspace(0, 1, 98)), [own]])
    grid = np.unique(grid)
    above = np.searchsorted(-s, -grid, side="right")  # how many rows score at least as high
    hits, flagged = np.append(0.0, np.cumsum(w * y))[above], np.append(0.0, np.cumsum(w))[above]
    positives, total = (w * y).sum(), w.sum()
    precision = np.divide(hits, flagged, out=np.ones_like(hits), where=flagged > 0)
    return [
        {
            "threshold": float(grid[i]),
            "precision": float(precision[i]),
            "recall": float(hits[i] / positives),
            "f1": float(2 * hits[i] / (flagged[i] + positives)),
            "flagged": float(flagged[i] / total),
        }
        for i in range(len(grid))
    ]
