"""Is one version better than another on the same rows: McNemar's test of verdicts, and paired bootstrap of metrics."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from training.ml.evaluation.measures import interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from training.ml.data.tables import TextTable
    from training.ml.progress import Listener

FEW_DISCORDANT = (
    25  # below this the chi-square approximation is not trusted (Edwards 1948; common textbook limit)
)
PAIRED = ("roc_auc", "pr_auc", "f1", "accuracy")


@dataclass(frozen=True)
class Rival:
    """Another version's answers to the same rows: `scores` [rows, labels] in the order of its own `labels`."""

    version: str
    labels: tuple[str, ...]
    thresholds: Mapping[str, float]
    scores: "NDArray[np.float64] | NDArray[np.float32]"

    def column(self, label: str) -> "NDArray[np.float64]":
        return np.asarray(self.scores[:, self.labels.index(label)], dtype=np.float64)


def load_rival(artifact: Path, scores: Path) -> Rival:
    """Read a version's manifest and the scores that an evaluation wrote as `scores.npy`. Nothing is unpickled."""
    from classifier.inference.artifact import load_manifest

    manifest = load_manifest(artifact)
    matrix = np.load(scores, allow_pickle=False)
    return Rival(manifest.version, manifest.labels, dict(manifest.thresholds), matrix)


def answers_of(
    artifact: Path, table: "TextTable", *, backend: str = "auto", listener: "Listener | None" = None
) -> Rival:
    """Score the rows with another version, where its answers are not known yet."""
    from training.ml.evaluation.subject import ServedModel

    other = ServedModel(artifact, backend)
    return Rival(other.version, other.labels, other.thresholds, other.score(table.texts, listener))


def mcnemar(ours: "NDArray[np.bool_]", theirs: "NDArray[np.bool_]") -> dict[str, Any]:
    """Test whether two versions are right equally often, from which rows each one got right (McNemar 1947).

    `b` counts rows that only ours got right, `c` rows that only theirs did. Rows count once whatever their weight: the
    test is about the pairs that were seen. Few discordant pairs: exact two-sided binomial test, `statistic` is the
    smaller count; else chi-square with one degree of freedom and Edwards' continuity correction.
    """
    b, c = int((ours & ~theirs).sum()), int((theirs & ~ours).sum())
    pairs = b + c
    if pairs < FEW_DISCORDANT:
        tail = sum(math.comb(pairs, k) for k in range(min(b, c) + 1)) / 2**pairs
        return {
            "b": b,
            "c": c,
            "statistic": float(min(b, c)),
            "p_value": min(1.0, 2 * tail),
            "method": "exact binomial",
        }
    statistic = max(0.0, abs(b - c) - 1) ** 2 / pairs
    return {
        "b": b,
        "c": c,
        "statistic": statistic,
        "p_value": math.erfc(math.sqrt(statistic / 2)),
        "method": "chi-square with continuity correction",
    }


def verdicts_compared(
    label: str, scores: "NDArray[np.float64]", threshold: float, targets: "NDArray[np.float32]", rival: Rival
) -> dict[str, Any]:
    """Return McNemar's test between both versions' verdicts on one label, over the rows where it is known."""
    known = targets >= 0
    truth = targets[known] == 1
    ours = (scores[known] >= threshold) == truth
    theirs = (rival.column(label)[known] >= rival.thresholds[label]) == truth
    tested = mcnemar(ours, theirs)
    return {
        "against": rival.version,
        "label": label,
        "rows": int(known.sum()),
        "weights": "plain row counts",
        **tested,
    }


def paired_differences(
    ours: dict[str, dict[str, "NDArray[np.float64]"]],
    theirs: dict[str, dict[str, "NDArray[np.float64]"]],
    our_points: dict[str, dict[str, float]],
    their_points: dict[str, dict[str, float]],
) -> dict[str, dict[str, dict[str, float | None]]]:
    """Return {label: {metric: {value, low, high}}} of ours minus theirs, resampled together.

    Both were resampled with the same counts, so what makes rows hard for both cancels out; an interval that leaves 0
    out is a difference that the rows can tell.
    """
    differences: dict[str, dict[str, dict[str, float | None]]] = {}
    for label in ours:
        if label in theirs:
            differences[label] = {}
            for name in PAIRED:
                low, high = interval(ours[label][name] - theirs[label][name])
                value = our_points[label][name] - their_points[label][name]
                differences[label][name] = {"value": value, "low": low, "high": high}
    return differences
