"""Quality of probabilities against labels; every function takes row weights and skips unknown (-1) labels."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64] | NDArray[np.float32]


def best_f1_threshold(scores: "Floats", targets: "Floats", weights: "Floats | None" = None) -> float:
    """Return the threshold (score >= threshold means positive) with the highest F1; 0.5 without positives.

    It lies half-way between the two neighbouring scores that it parts, so that rounding moves no row across it.
    """
    curve = curve_by_score(scores, targets, weights)
    return 0.5 if curve is None else curve.cut_after(int(np.argmax(curve.f1)))


def careful_threshold(
    scores: "Floats",
    targets: "Floats",
    weights: "Floats | None" = None,
    *,
    resamples: int = 200,
    seed: int = 0,
) -> float:
    """Return the highest threshold whose F1 is within one standard error of the best; 0.5 without positives.

    F1 is flat around its best value, which some thousand rows place by chance. Of thresholds that cannot be told apart
    the highest flags the fewest harmless comments: the one-standard-error rule (Breiman et al. 1984). The standard
    error is that of F1 at the best threshold, by bootstrap over rows.
    """
    curve = curve_by_score(scores, targets, weights)
    if curve is None:
        return 0.5
    best = int(np.argmax(curve.f1))
    flagged = (curve.row_scores >= curve.cut_after(best)).astype(np.float64)
    y, w = curve.row_targets, curve.row_weights
    rng = np.random.default_rng(seed)
    resampled = np.empty(resamples)
    for i in range(resamples):
        count = w * rng.multinomial(len(y), np.full(len(y), 1 / len(y)))
        hit = (count * flagged * y).sum()
        resampled[i] = 2 * hit / max((count * (flagged + y)).sum(), 1e-12)
    enough = curve.f1 >= curve.f1[best] - resampled.std()
    return curve.cut_after(int(np.flatnonzero(enough)[0]))


@dataclass(frozen=True)
class ScoreCurve:
    """Precision, recall and F1 of flagging down to each distinct score, the highest first.

    `flagged` counts the rows down to it; behind them the rows themselves, those with unknown targets left out.
    """

    f1: "NDArray[np.float64]"
    precision: "NDArray[np.float64]"
    recall: "NDArray[np.float64]"
    flagged: "NDArray[np.int64]"
    cuts: "NDArray[np.float64]"
    row_scores: "NDArray[np.float64]"
    row_targets: "NDArray[np.float64]"
    row_weights: "NDArray[np.float64]"

    def cut_after(self, index: int) -> float:
        """Return the threshold half-way between the score at `index` and the next lower one, or 0."""
        below = self.cuts[index + 1] if index + 1 < len(self.cuts) else 0.0
        return float((self.cuts[index] + below) / 2)


def curve_by_score(scores: "Floats", targets: "Floats", weights: "Floats | None") -> ScoreCurve | None:
    """Return how precision and recall change with the threshold; None without positive rows."""
    known = targets >= 0
    s, y = np.asarray(scores, dtype=np.float64)[known], (targets[known] == 1).astype(np.float64)
    w = np.ones(len(s)) if weights is None else np.asarray(weights, dtype=np.float64)[known]
    if not y.any():
        return None
    order = np.argsort(-s, kind="stable")
    s, y, w = s[order], y[order], w[order]
    hits, load, positive = np.cumsum(w * y), np.cumsum(w), (w * y).sum()
    ends = np.flatnonzero(np.append(s[1:] != s[:-1], True))  # a threshold cannot part equal scores
    hits, load = hits[ends], load[ends]
    precision = np.divide(hits, load, out=np.zeros_like(hits), where=load > 0)
    return ScoreCurve(2 * hits / (load + positive), precision, hits / positive, ends + 1, s[ends], s, y, w)


def expected_calibration_error(
    scores: "Floats", targets: "Floats", weights: "Floats | None" = None, bins: int = 15
) -> float:
    """Return the weighted mean gap of mean score and positive rate over equal-width bins (Guo et al. 2017)."""
    w = np.ones(len(scores)) if weights is None else np.asarray(weights, dtype=np.float64)
    bin_index = np.clip((np.asarray(scores, dtype=np.float64) * bins).astype(int), 0, bins - 1)
    gap = 0.0
    for b in range(bins):
        inside = bin_index == b
        if (total := w[inside].sum()) > 0:
            gap += abs((w[inside] * (scores[inside] - targets[inside])).sum() / total) * total
    return float(gap / w.sum())


def label_metrics(
    scores: "Floats", targets: "Floats", threshold: float, weights: "Floats | None" = None
) -> dict[str, float]:
    """Return ROC-AUC, PR-AUC (average precision), accuracy, F1, precision, recall, Brier, ECE, support, prior.

    Areas are NaN-free: absent when only one class is there. `support` counts rows, `positives` positive rows.
    """
    from sklearn.metrics import average_precision_score, roc_auc_score

    known = targets >= 0
    s, y = np.asarray(scores, dtype=np.float64)[known], (targets[known] == 1).astype(np.float64)
    w = np.ones(len(s)) if weights is None else np.asarray(weights, dtype=np.float64)[known]
    flagged = (s >= threshold).astype(np.float64)
    hit, false_alarm, miss = (
        (w * flagged * y).sum(),
        (w * flagged * (1 - y)).sum(),
        (w * (1 - flagged) * y).sum(),
    )
    result = {
        "support": float(len(s)),
        "positives": float(y.sum()),
        "prior": float((w * y).sum() / w.sum()),
        "threshold": float(threshold),
        "accuracy": float((w * (flagged == y)).sum() / w.sum()),
        "precision": float(hit / (hit + false_alarm)) if hit + false_alarm else 0.0,
        "recall": float(hit / (hit + miss)) if hit + miss else 0.0,
        "f1": float(2 * hit / (2 * hit + false_alarm + miss)) if hit else 0.0,
        "brier": float((w * (s - y) ** 2).sum() / w.sum()),
        "ece": expected_calibration_error(s, y, w),
    }
    if 0 < y.sum() < len(y):
        result["roc_auc"] = float(roc_auc_score(y, s, sample_weight=w))
        result["pr_auc"] = float(average_precision_score(y, s, sample_weight=w))
    return result


def evaluate_scores(
    scores: "Floats",
    targets: "Floats",
    labels: Sequence[str],
    thresholds: dict[str, float],
    weights: "Floats | None" = None,
) -> dict[str, dict[str, float]]:
    """Return `label_metrics` of every label that has a known target, and their plain mean as `macro`."""
    result: dict[str, dict[str, float]] = {}
    for position, label in enumerate(labels):
        if (targets[:, position] >= 0).any():
            result[label] = label_metrics(
                scores[:, position], targets[:, position], thresholds[label], weights
            )
    if len(result) > 1:
        shared = ("roc_auc", "pr_auc", "f1", "precision", "recall", "accuracy", "ece")
        result["macro"] = {
            name: float(np.mean([m[name] for m in result.values() if name in m]))
            for name in shared
            if any(name in m for m in result.values())
        }
    return result
