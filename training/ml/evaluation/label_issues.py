"""Rows that are probably labelled wrongly, by confident learning (Northcutt et al. 2021) as Cleanlab computes it."""

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from training.ml.data.tables import TextTable

MOST = 50
MOST_CHARACTERS = 500
FEWEST_OF_A_CLASS = 5
TRAIN_ROWS = 20_000
FOLDS = 3


def label_issues(
    table: "TextTable", labels: tuple[str, ...], scores: "NDArray[np.float64]", most: int = MOST
) -> list[dict[str, Any]]:
    """Return the likeliest label errors over all labels, the worst first.

    `scores` [rows, labels] must come from a model that has not learned from these rows: a model that has agrees with
    their mistakes. A row is suspected when the model is as sure of the other answer as it is, on average, on rows that
    were given that answer. `quality` is the probability that the model gives to the label as it stands.
    """
    issues: list[dict[str, Any]] = []
    for position, label in enumerate(labels):
        given = table.targets[:, table.labels.index(label)]
        known = np.flatnonzero(given >= 0)
        truth, positive = (given[known] == 1).astype(int), scores[known, position]
        if min(truth.sum(), len(truth) - truth.sum()) < FEWEST_OF_A_CLASS:
            continue
        for suspect in _suspects(truth, positive)[:most]:
            row, chance = int(known[suspect]), float(positive[suspect])
            issues.append(
                {
                    "row": row,
                    "text": table.texts[row][:MOST_CHARACTERS],
                    "label": label,
                    "given": int(truth[suspect]),
                    "score": chance,
                    "quality": chance if truth[suspect] else 1 - chance,
                }
            )
    return sorted(issues, key=lambda issue: issue["quality"])[:most]


def train_label_issues(
    table: "TextTable", label: str, seed: int = 0, rows: int = TRAIN_ROWS, most: int = MOST
) -> list[dict[str, Any]]:
    """Return likely errors in `label` of the training rows, by TF-IDF and logistic regression, cross-validated.

    A model's own scores on the rows that it learned are no evidence, and training it again for each fold costs hours;
    the word counter gives out-of-sample probabilities in seconds. At most `rows` rows, drawn with `seed`, are looked
    at; `row` counts in the whole table.
    """
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    from training.ml.evaluation.tfidf import word_counter

    column = table.labels.index(label)
    known = np.flatnonzero(table.targets[:, column] >= 0)
    if len(known) > rows:
        known = np.sort(np.random.default_rng(seed).choice(known, rows, replace=False))
    truth = (table.targets[known, column] == 1).astype(int)
    if min(truth.sum(), len(truth) - truth.sum()) < max(FEWEST_OF_A_CLASS, FOLDS):
        return []
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    texts = [table.texts[i] for i in known]
    chance = cross_val_predict(word_counter(seed), texts, truth, cv=folds, method="predict_proba")[:, 1]
    issues = label_issues(table.take(known), (label,), chance[:, None], most)
    return [{**issue, "row": int(known[issue["row"]])} for issue in issues]


def _suspects(truth: "NDArray[np.int64]", positive: "NDArray[np.float64]") -> list[int]:
    from cleanlab.filter import find_label_issues

    rows: list[int] = find_label_issues(
        truth,
        np.column_stack([1 - positive, positive]),
        filter_by="confident_learning",
        return_indices_ranked_by="self_confidence",
        n_jobs=1,
    ).tolist()
    return rows
