"""What every model has to beat: always the commonest answer, and a word counter with logistic regression."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from training.ml.evaluation.metrics import careful_threshold
from training.ml.evaluation.report import Report
from training.ml.evaluation.run import measure_subject
from training.ml.evaluation.subject import Size
from training.ml.evaluation.tfidf import word_counter
from training.ml.progress import Listener

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from training.ml.data.tables import TextTable

MOST_ROWS = 150_000
HELD_OUT = 0.1  # of the training rows, to choose thresholds on
MOST_HELD_OUT = 20_000
FEWEST_POSITIVES = 10


@dataclass
class Baseline:
    """A `Subject` around a function from texts to probabilities [texts, labels]."""

    version: str
    labels: tuple[str, ...]
    thresholds: dict[str, float]
    answer: Callable[[Sequence[str]], "NDArray[np.float64]"]
    size: Size
    backend: str = "scikit-learn"
    notes: list[str] = field(default_factory=list)

    @property
    def primary(self) -> str:
        return self.labels[0]

    def score(self, texts: Sequence[str], listener: Listener | None = None) -> "NDArray[np.float64]":
        return self.answer(texts)

    def explain(self, text: str, label: str) -> list[dict[str, Any]]:
        return []


def majority(
    train_table: "TextTable", test_table: "TextTable", labels: Sequence[str] | None = None, **measuring: Any
) -> Report:
    """Report on giving every text the share of each label in the training rows, called positive from one half on.

    `measuring` goes to `measure_subject` (suites, seed, listener, resamples, rival).
    """
    shares = {}
    for label in labels or train_table.labels:
        known, targets, weights = _known(train_table, label)
        if len(known):
            shares[label] = float(np.average(targets, weights=weights))
    row = np.array(list(shares.values()))
    subject = Baseline(
        "majority",
        tuple(shares),
        dict.fromkeys(shares, 0.5),
        lambda texts: np.tile(row, (len(texts), 1)),
        Size(bytes=8 * len(row), parameters=len(row), trainable_parameters=len(row)),
    )
    return measure_subject(subject, test_table, **measuring)


def tfidf(
    train_table: "TextTable",
    test_table: "TextTable",
    labels: Sequence[str] | None = None,
    *,
    seed: int = 0,
    max_rows: int = MOST_ROWS,
    **measuring: Any,
) -> Report:
    """Report on TF-IDF of words and word pairs with one logistic regression a label; same seed, same report.

    Learns from at most `max_rows` rows (drawn with `seed`) and MOST_TERMS terms; the report's `notes` say so. The
    thresholds are chosen on a tenth of the training rows that the model does not learn from.
    """
    subject = fit_tfidf(train_table, tuple(labels or train_table.labels), seed=seed, max_rows=max_rows)
    return measure_subject(subject, test_table, seed=seed, notes=subject.notes, **measuring)


BASELINES: dict[str, Callable[..., Report]] = {"majority": majority, "tfidf": tfidf}


def fit_tfidf(
    table: "TextTable", labels: Sequence[str], *, seed: int = 0, max_rows: int = MOST_ROWS
) -> Baseline:
    """Fit the word counter; a label with fewer than FEWEST_POSITIVES rows of a class is left out."""
    rng = np.random.default_rng(seed)
    rows = rng.permutation(len(table))[:max_rows]
    held_out = min(int(len(rows) * HELD_OUT), MOST_HELD_OUT)
    kept_aside, learned = table.take(np.sort(rows[:held_out])), table.take(np.sort(rows[held_out:]))
    pipeline = word_counter(seed)
    vectors, aside = pipeline[0].fit_transform(learned.texts), pipeline[0].transform(kept_aside.texts)
    models, thresholds = {}, {}
    for label in labels:
        known, targets, weights = _known(learned, label)
        if min(targets.sum(), len(targets) - targets.sum()) < FEWEST_POSITIVES:
            continue
        models[label] = word_counter(seed)[1].fit(vectors[known], targets, sample_weight=weights)
        here, truth, importance = _known(kept_aside, label)
        chance = models[label].predict_proba(aside[here])[:, 1] if len(here) else np.zeros(0)
        thresholds[label] = careful_threshold(chance, truth.astype(np.float64), importance)
    terms = pipeline[0].vocabulary_
    numbers = sum(model.coef_.size + 1 for model in models.values()) + len(terms)
    note = f"learned from {len(learned):,} of {len(table):,} rows and {len(terms):,} terms"
    if len(rows) < len(table):
        note += f"; at most {max_rows:,} rows are used"

    def answer(texts: Sequence[str]) -> "NDArray[np.float64]":
        counted = pipeline[0].transform(texts)
        return np.column_stack([model.predict_proba(counted)[:, 1] for model in models.values()])

    return Baseline(
        "tfidf",
        tuple(models),
        thresholds,
        answer,
        Size(sum(len(term.encode()) for term in terms) + 8 * numbers, numbers, numbers),
        notes=[note],
    )


def _known(
    table: "TextTable", label: str
) -> tuple["NDArray[np.int64]", "NDArray[np.int64]", "NDArray[np.float32]"]:
    targets = table.targets[:, table.labels.index(label)]
    rows = np.flatnonzero(targets >= 0)
    return rows, (targets[rows] == 1).astype(np.int64), table.weights[rows]
