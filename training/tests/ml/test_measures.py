"""Every metric by hand, against scikit-learn, under weights, and as intervals."""

import numpy as np
import pytest

from training.ml.evaluation.measures import Measure, bootstrap, confusion, draws, interval, point
from training.ml.evaluation.metrics import label_metrics

SCORES = np.array([0.9, 0.8, 0.6, 0.4, 0.2])
TARGETS = np.array([1.0, 0.0, 1.0, 1.0, 0.0])
ONES = np.ones(5)


def random_rows(rows: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    targets = (rng.random(rows) < 0.3).astype(np.float32)
    scores = np.round(1 / (1 + np.exp(-(rng.normal(0, 1, rows) + 2 * targets - 1))), 2)  # with ties
    return scores, targets, np.where(targets == 1, 1.0, 4.0)


def test_the_metrics_are_those_counted_by_hand() -> None:
    found = point(Measure(SCORES, TARGETS, 0.5, ONES))
    # of 3 x 2 pairs of a positive and a negative row, 0.9 wins two, 0.6 and 0.4 win one each
    assert found["roc_auc"] == pytest.approx(4 / 6)
    # precision at each positive: 1/1, 2/3, 3/4
    assert found["pr_auc"] == pytest.approx((1 + 2 / 3 + 3 / 4) / 3)
    assert found["accuracy"] == pytest.approx(3 / 5)
    assert found["precision"] == found["recall"] == found["f1"] == pytest.approx(2 / 3)
    assert found["macro_f1"] == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert found["brier"] == pytest.approx((0.01 + 0.64 + 0.16 + 0.36 + 0.04) / 5)
    assert confusion(Measure(SCORES, TARGETS, 0.5, ONES)) == {"tp": 2.0, "fp": 1.0, "fn": 1.0, "tn": 1.0}


def test_equal_scores_count_half() -> None:
    assert point(Measure(np.full(4, 0.5), np.array([1.0, 0, 1, 0]), 0.5, np.ones(4)))["roc_auc"] == 0.5


def test_the_metrics_are_those_of_scikit_learn_with_weights_and_ties() -> None:
    scores, targets, weights = random_rows(500)
    ours = point(Measure(scores, targets, 0.5, weights))
    theirs = label_metrics(scores, targets, 0.5, weights)
    for name in ("roc_auc", "pr_auc", "accuracy", "precision", "recall", "f1", "brier", "ece"):
        assert ours[name] == pytest.approx(theirs[name], abs=1e-9), name


def test_a_row_of_weight_two_counts_as_the_row_twice() -> None:
    weighted = point(Measure(SCORES, TARGETS, 0.5, np.array([1.0, 2, 1, 1, 1])))
    twice = np.array([0, 1, 1, 2, 3, 4])
    assert weighted == pytest.approx(point(Measure(SCORES[twice], TARGETS[twice], 0.5, np.ones(6))))


def test_rows_of_unknown_target_count_nothing() -> None:
    known = point(Measure(SCORES, TARGETS, 0.5, ONES))
    more = point(Measure(np.append(SCORES, 0.99), np.append(TARGETS, -1.0), 0.5, np.append(ONES, 7.0)))
    assert more == pytest.approx(known)


def test_one_class_alone_has_no_areas() -> None:
    found = point(Measure(SCORES, np.ones(5), 0.5, ONES))
    assert np.isnan(found["roc_auc"])
    assert np.isnan(found["pr_auc"])
    assert found["recall"] == pytest.approx(3 / 5)


def test_a_resample_is_measured_as_the_table_with_its_rows() -> None:
    scores, targets, weights = random_rows(200)
    counts = next(draws(weights, 3, seed=5))
    drawn = Measure(scores, targets, 0.5, weights)(counts)
    for number, line in enumerate(counts):
        rows = np.repeat(np.arange(200), line.astype(int))
        expected = point(Measure(scores[rows], targets[rows], 0.5, weights[rows]))
        assert {name: values[number] for name, values in drawn.items()} == pytest.approx(expected)


def test_intervals_hold_the_value_and_shrink_with_more_rows() -> None:
    widths = []
    for rows in (200, 3200):
        scores, targets, weights = random_rows(rows)
        measure = Measure(scores, targets, 0.5, weights)
        drawn = bootstrap({"toxic": measure}, weights, resamples=300, seed=1)["toxic"]
        low, high = interval(drawn["roc_auc"])
        assert low is not None
        assert high is not None
        assert low < point(measure)["roc_auc"] < high
        widths.append(high - low)
    assert widths[1] < widths[0] / 2.5  # sixteen times the rows: about a quarter


def test_rows_are_drawn_within_strata_of_equal_weight() -> None:
    weights = np.array([1.0] * 30 + [9.5] * 70)
    for counts in draws(weights, 50, seed=2):
        assert (counts[:, :30].sum(axis=1) == 30).all()
        assert (counts.sum(axis=1) == 100).all()


def test_the_same_seed_draws_the_same_rows() -> None:
    first, again, other = (next(draws(np.ones(50), 2, seed=seed)) for seed in (3, 3, 4))
    assert (first == again).all()
    assert (first != other).any()


def test_no_interval_is_told_when_most_resamples_lack_a_class() -> None:
    assert interval(np.array([np.nan, np.nan, 0.5])) == (None, None)
