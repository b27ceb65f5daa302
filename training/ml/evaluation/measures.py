"""Every quality number of one label under many resamples of the rows at once: sorted once, then sums and products.

A resample is a row of counts: how often each row of the table was drawn. Threshold metrics and Brier are linear in the
counts, so they are one matrix product; the areas need one running sum over scores that were sorted once.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    AnyFloats = NDArray[np.float64] | NDArray[np.float32]

METRICS = ("accuracy", "precision", "recall", "f1", "macro_f1", "roc_auc", "pr_auc", "brier", "ece")
BINS = 15  # of the calibration error, as Guo et al. 2017
CHUNK = 32  # resamples at once: keeps the matrices inside the cache of a small machine
MOST_STRATA = 20
K = TypeVar("K")


class Measure:
    """The metrics of one label; rows whose target is unknown (-1) count nothing.

    `scores` and `targets` are [rows], `weights` [rows]; a score at or above `threshold` is called positive.
    """

    def __init__(
        self, scores: "AnyFloats", targets: "AnyFloats", threshold: float, weights: "AnyFloats"
    ) -> None:
        s = np.asarray(scores, dtype=np.float64)
        truth = np.asarray(targets, dtype=np.float64)
        known, y = truth >= 0, (truth == 1).astype(np.float64)
        w = np.where(known, np.asarray(weights, dtype=np.float64), 0.0)
        flagged = (s >= threshold).astype(np.float64)
        bin_index = np.clip((s * BINS).astype(int), 0, BINS - 1)
        gaps = np.zeros((len(s), BINS))
        gaps[np.arange(len(s)), bin_index] = w * (s - y)
        self.linear = np.column_stack(
            [
                w * flagged * y,
                w * flagged * (1 - y),
                w * (1 - flagged) * y,
                w * (1 - flagged) * (1 - y),
                w * (s - y) ** 2,
                gaps,
            ]
        )
        self.rows = len(s)
        self.positive = _descending(s, known & (y == 1))
        self.negative = _descending(s, known & (y == 0))
        self.positive_weights, self.negative_weights = w[self.positive], w[self.negative]
        high = -s[self.positive]  # ascending
        self.group_ends = np.flatnonzero(np.append(high[1:] != high[:-1], True)) if len(high) else high
        cuts, others = high[self.group_ends.astype(np.int64)], -s[self.negative]
        # of the harmless rows: how many lie above each distinct score of a positive one, and how many not below it
        self.above = np.searchsorted(others, cuts, side="left")
        self.upto = np.searchsorted(others, cuts, side="right")

    def __call__(self, counts: "Floats") -> dict[str, "Floats"]:
        """Return each metric [resamples] for counts [resamples, rows]; NaN where a class was not drawn."""
        sums = counts @ self.linear
        tp, fp, fn, tn, square = sums[:, :5].T
        total = tp + fp + fn + tn
        f1, f1_harmless = _ratio(2 * tp, 2 * tp + fp + fn), _ratio(2 * tn, 2 * tn + fp + fn)
        result = {
            "accuracy": _ratio(tp + tn, total, np.nan),
            "precision": _ratio(tp, tp + fp),
            "recall": _ratio(tp, tp + fn),
            "f1": f1,
            "macro_f1": (f1 + f1_harmless) / 2,
            "brier": _ratio(square, total, np.nan),
            "ece": _ratio(np.abs(sums[:, 5:]).sum(axis=1), total, np.nan),
        }
        result["roc_auc"], result["pr_auc"] = self._areas(counts)
        return result

    def _areas(self, counts: "Floats") -> tuple["Floats", "Floats"]:
        nothing = np.full(len(counts), np.nan)
        if not len(self.positive) or not len(self.negative):
            return nothing, nothing
        drawn = np.cumsum(counts[:, self.positive] * self.positive_weights, axis=1)[:, self.group_ends]
        steps = np.diff(drawn, axis=1, prepend=0.0)
        harmless = np.zeros((len(counts), len(self.negative) + 1))
        np.cumsum(counts[:, self.negative] * self.negative_weights, axis=1, out=harmless[:, 1:])
        above, upto = harmless[:, self.above], harmless[:, self.upto]
        positives, negatives = drawn[:, -1], harmless[:, -1]
        # a positive row wins against every harmless one below it and draws with its equals (Mann and Whitney 1947)
        wins = (steps * (negatives[:, None] - (above + upto) / 2)).sum(axis=1)
        average_precision = (steps * _ratio(drawn, drawn + upto)).sum(axis=1)
        both = (positives > 0) & (negatives > 0)
        return (
            np.where(both, _ratio(wins, positives * negatives), np.nan),
            np.where(both, _ratio(average_precision, positives), np.nan),
        )


def confusion(measure: Measure) -> dict[str, float]:
    """Return the weighted {tp, fp, fn, tn}."""
    tp, fp, fn, tn = measure.linear[:, :4].sum(axis=0)
    return {"tp": float(tp), "fp": float(fp), "fn": float(fn), "tn": float(tn)}


def point(measure: Measure) -> dict[str, float]:
    """Return the metrics of the table itself: every row drawn once."""
    return {name: float(values[0]) for name, values in measure(np.ones((1, measure.rows))).items()}


def bootstrap(
    measures: Mapping[K, Measure], weights: "AnyFloats", *, resamples: int, seed: int
) -> dict[K, dict[str, "Floats"]]:
    """Return each metric of each measure under the same resamples, [resamples] each, so that they can be paired."""
    drawn: dict[K, dict[str, list[Floats]]] = {key: {name: [] for name in METRICS} for key in measures}
    for counts in draws(weights, resamples, seed):
        for key, measure in measures.items():
            for name, values in measure(counts).items():
                drawn[key][name].append(values)
    return {
        key: {name: np.concatenate(parts) if parts else np.zeros(0) for name, parts in metrics.items()}
        for key, metrics in drawn.items()
    }


def draws(weights: "AnyFloats", resamples: int, seed: int) -> Iterator["Floats"]:
    """Yield counts [up to CHUNK, rows] of bootstrap resamples, drawn with replacement.

    Rows of equal weight form a stratum that is drawn by itself, because different weights come from a sampling plan
    that fixed how many rows of each kind there are (all toxic rows, every tenth harmless one); with equal weights that
    is the plain bootstrap. With more than MOST_STRATA different weights all rows are one stratum.
    """
    kinds, member = np.unique(np.asarray(weights), return_inverse=True)
    rows = len(member)
    strata = [np.arange(rows)]
    if 1 < len(kinds) <= MOST_STRATA:
        strata = [np.flatnonzero(member == kind) for kind in range(len(kinds))]
    rng = np.random.default_rng(seed)
    for start in range(0, resamples, CHUNK):
        counts = np.empty((min(CHUNK, resamples - start), rows))
        for line in counts:
            drawn = np.concatenate(
                [stratum[rng.integers(0, len(stratum), len(stratum))] for stratum in strata]
            )
            line[:] = np.bincount(drawn, minlength=rows)
        yield counts


def interval(values: "Floats", share: float = 0.95) -> tuple[float | None, float | None]:
    """Return the percentile interval; (None, None) when less than half of the resamples have a value."""
    known = values[np.isfinite(values)]
    if 2 * len(known) < len(values) or not len(known):
        return None, None
    low, high = np.quantile(known, [(1 - share) / 2, (1 + share) / 2])
    return float(low), float(high)


def _descending(scores: "Floats", chosen: "NDArray[np.bool_]") -> "NDArray[np.int64]":
    rows = np.flatnonzero(chosen)
    return rows[np.argsort(-scores[rows], kind="stable")]


def _ratio(above: "Floats", below: "Floats", otherwise: float = 0.0) -> "Floats":
    result = np.full(np.shape(below), otherwise)
    np.divide(above, below, out=result, where=below > 0)
    return result
