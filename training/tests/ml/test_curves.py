"""Curves by hand, and thinned without losing their ends."""

import numpy as np
import pytest

from training.ml.evaluation.curves import MOST_POINTS, curves

SCORES = np.array([0.9, 0.8, 0.6, 0.2])
TARGETS = np.array([1.0, 0.0, 1.0, 0.0])


def test_the_points_are_those_counted_by_hand() -> None:
    found = curves(SCORES, TARGETS, np.ones(4), 0.5)
    assert found["roc"] == [[0, 0], [0, 0.5], [0.5, 0.5], [0.5, 1], [1, 1]]
    assert found["pr"] == [[0, 1], [0.5, 1], [0.5, 0.5], [1, pytest.approx(2 / 3)], [1, 0.5]]
    own = next(one for one in found["thresholds"] if one["threshold"] == 0.5)
    assert own == {
        "threshold": 0.5,
        "precision": pytest.approx(2 / 3),
        "recall": 1,
        "f1": 0.8,
        "flagged": 0.75,
    }
    assert sum(one["weight"] for one in found["reliability"]) == 4


def test_weights_move_the_curve() -> None:
    found = curves(SCORES, TARGETS, np.array([1.0, 3, 1, 1]), 0.5)
    assert found["roc"][2] == [0.75, 0.5]
    assert found["pr"][-1] == [1, pytest.approx(2 / 6)]


def test_a_long_curve_is_thinned_and_keeps_its_ends() -> None:
    rng = np.random.default_rng(0)
    targets = (rng.random(5000) < 0.1).astype(np.float64)
    scores = np.clip(0.3 * targets + rng.random(5000) * 0.7, 0, 1)
    found = curves(scores, targets, np.ones(5000), 0.4)
    assert all(len(found[name]) <= MOST_POINTS for name in found)
    assert found["roc"][0] == [0, 0]
    assert found["roc"][-1] == [1, 1]
    assert found["pr"][0] == [0, 1]
    assert found["pr"][-1] == [1, pytest.approx(targets.mean())]


def test_one_class_alone_has_no_roc() -> None:
    found = curves(SCORES, np.ones(4), np.ones(4), 0.5)
    assert found["roc"] == found["pr"] == []
    assert found["reliability"]
