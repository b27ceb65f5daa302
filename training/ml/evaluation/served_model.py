"""Measuring an artifact as it is served: through the classifier's own scorer, windows and all."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from classifier.inference.scorer import Scorer
from training.ml.data.tables import TextTable
from training.ml.evaluation.metrics import evaluate_scores
from training.ml.progress import Cancelled, Listener, Progress, SilentListener

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Evaluation:
    """Metrics by label at the artifact's thresholds, and the scores [rows, labels] that they were made of."""

    version: str
    backend: str
    metrics: dict[str, dict[str, float]]
    scores: "NDArray[np.float64]"
    rows: int
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        return {
            "version": self.version,
            "backend": self.backend,
            "rows": self.rows,
            "seconds": round(self.seconds, 1),
            "metrics": self.metrics,
        }


def score_matrix(
    scorer: Scorer, texts: Sequence[str], listener: Listener | None = None, chunk: int = 512
) -> "NDArray[np.float64]":
    """Return probabilities [rows, labels] in the texts' order. Raises Cancelled when the listener says stop."""
    listener = listener or SilentListener()
    result = np.zeros((len(texts), len(scorer.labels)))
    order = np.argsort([len(text) for text in texts], kind="stable")
    started = time.monotonic()
    for start in range(0, len(texts), chunk):
        if listener.should_stop():
            raise Cancelled
        rows = order[start : start + chunk]
        scored = scorer.score([texts[i] for i in rows])
        result[rows] = [[one.scores[label] for label in scorer.labels] for one in scored]
        done = start + len(rows)
        spent = time.monotonic() - started
        listener.report(
            Progress("evaluate", done, len(texts), done / spent, 0.0, {}, spent / done * (len(texts) - done))
        )
    return result


def evaluate_artifact(
    folder: Path, table: TextTable, *, backend: str = "auto", listener: Listener | None = None
) -> Evaluation:
    """Score every row of `table` with the artifact in `folder` and measure it, row weights honoured."""
    started = time.monotonic()
    scorer = Scorer(folder, backend=backend)
    scores = score_matrix(scorer, table.texts, listener)
    positions = [scorer.labels.index(label) for label in table.labels if label in scorer.labels]
    labels = [scorer.labels[i] for i in positions]
    columns = [table.labels.index(label) for label in labels]
    metrics = evaluate_scores(
        scores[:, positions],
        table.targets[:, columns],
        labels,
        dict(scorer.manifest.thresholds),
        table.weights,
    )
    return Evaluation(
        scorer.version, scorer.backend_name, metrics, scores, len(table), time.monotonic() - started
    )
