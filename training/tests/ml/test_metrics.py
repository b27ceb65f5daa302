"""Metrics against numbers worked out by hand, with weights and unknown labels."""

import numpy as np
import pytest

from training.ml.evaluation.metrics import (
    best_f1_threshold,
    careful_threshold,
    evaluate_scores,
    expected_calibration_error,
    label_metrics,
)

SCORES = np.array([0.9, 0.8, 0.4, 0.2])
TARGETS = np.array([1.0, 0.0, 1.0, 0.0])


def test_metrics_at_a_threshold_by_hand() -> None:
    found = label_metrics(SCORES, TARGETS, 0.5)
    assert (found["accuracy"], found["precision"], found["recall"], found["f1"]) == (0.5, 0.5, 0.5, 0.5)
    assert found["roc_auc"] == pytest.approx(0.75)
    assert found["pr_auc"] == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)
    assert found["brier"] == pytest.approx((0.01 + 0.64 + 0.36 + 0.04) / 4)


def test_a_weight_counts_as_that_many_rows() -> None:
    weighted = label_metrics(SCORES, TARGETS, 0.5, np.array([1.0, 3.0, 1.0, 2.0]))
    scores, targets = (np.array([v[i] for i in (0, 1, 1, 1, 2, 3, 3)]) for v in (SCORES, TARGETS))
    assert weighted["f1"] == pytest.approx(label_metrics(scores, targets, 0.5)["f1"])
    assert weighted["roc_auc"] == pytest.approx(label_metrics(scores, targets, 0.5)["roc_auc"])
    assert weighted["ece"] == pytest.approx(label_metrics(scores, targets, 0.5)["ece"])


def test_unknown_targets_are_left_out() -> None:
    with_unknown = label_metrics(np.append(SCORES, 0.99), np.append(TARGETS, -1), 0.5)
    assert with_unknown == label_metrics(SCORES, TARGETS, 0.5)


def test_the_best_threshold_lies_between_the_scores_it_parts() -> None:
    assert best_f1_threshold(np.array([0.9, 0.6, 0.4, 0.1]), np.array([1, 1, 0, 0])) == pytest.approx(0.5)


def test_the_best_threshold_beats_every_other_one() -> None:
    rng = np.random.default_rng(3)
    targets = (rng.random(400) < 0.2).astype(np.float64)
    scores = np.asarray(np.round(0.3 * targets + rng.random(400) * 0.7, 2), dtype=np.float64)  # with ties
    best = label_metrics(scores, targets, best_f1_threshold(scores, targets))["f1"]
    assert best == pytest.approx(max(label_metrics(scores, targets, t)["f1"] for t in np.unique(scores)))


def test_the_careful_threshold_is_higher_and_hardly_worse() -> None:
    rng = np.random.default_rng(4)
    targets = (rng.random(3000) < 0.1).astype(np.float64)
    scores = np.asarray(1 / (1 + np.exp(-(3 * targets - 2 + rng.normal(0, 1.2, 3000)))), dtype=np.float64)
    best, careful = best_f1_threshold(scores, targets), careful_threshold(scores, targets)
    at_best, at_careful = (label_metrics(scores, targets, t) for t in (best, careful))
    assert careful > best
    assert at_best["f1"] - 0.03 < at_careful["f1"] <= at_best["f1"]
    assert at_careful["precision"] > at_best["precision"]
    assert careful_threshold(scores, targets) == careful
    assert careful_threshold(scores, np.zeros(3000)) == 0.5


def test_calibration_error_by_hand() -> None:
    scores, targets = np.array([0.1, 0.1, 0.9, 0.9]), np.array([0.0, 1.0, 1.0, 1.0])
    assert expected_calibration_error(scores, targets, bins=2) == pytest.approx(0.5 * 0.4 + 0.5 * 0.1)


def test_one_class_alone_has_no_area() -> None:
    assert "roc_auc" not in label_metrics(SCORES, np.zeros(4), 0.5)


def test_a_label_without_known_rows_is_absent() -> None:
    targets = np.stack([TARGETS, np.full(4, -1.0)], axis=1)
    found = evaluate_scores(np.stack([SCORES, SCORES], axis=1), targets, ("a", "b"), {"a": 0.5, "b": 0.5})
    assert set(found) == {"a"}
