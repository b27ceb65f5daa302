"""McNemar's test by hand, and differences between two versions that are resampled together."""

import math

import numpy as np
import pytest

from training.ml.evaluation.compare import Rival, mcnemar, paired_differences, verdicts_compared
from training.ml.evaluation.measures import Measure, bootstrap, point


def pairs(b: int, c: int, both: int = 50) -> tuple[np.ndarray, np.ndarray]:
    ours = np.array([True] * b + [False] * c + [True] * both)
    theirs = np.array([False] * b + [True] * c + [True] * both)
    return ours, theirs


def test_few_differing_rows_are_tested_exactly() -> None:
    found = mcnemar(*pairs(1, 9))
    assert (found["b"], found["c"], found["statistic"]) == (1, 9, 1.0)
    assert found["p_value"] == pytest.approx(2 * (1 + 10) / 2**10)  # two tails of a fair coin's 0 or 1 in 10
    assert found["method"] == "exact binomial"


def test_many_differing_rows_are_tested_by_chi_square_with_correction() -> None:
    found = mcnemar(*pairs(40, 20))
    assert found["statistic"] == pytest.approx((40 - 20 - 1) ** 2 / 60)
    assert found["p_value"] == pytest.approx(math.erfc(math.sqrt(361 / 60 / 2)))
    assert 0.013 < found["p_value"] < 0.015


def test_no_difference_is_no_evidence() -> None:
    assert mcnemar(*pairs(0, 0))["p_value"] == 1.0
    assert mcnemar(*pairs(5, 5))["p_value"] == 1.0
    assert mcnemar(*pairs(30, 30))["p_value"] == 1.0


def test_verdicts_are_compared_at_each_versions_own_threshold_over_known_rows() -> None:
    targets = np.array([1, 0, 1, -1], dtype=np.float32)
    rival = Rival("old-1", ("insult", "toxic"), {"insult": 0.5, "toxic": 0.8}, np.array([[0, 0.7]] * 4))
    found = verdicts_compared("toxic", np.array([0.6, 0.6, 0.4, 0.6]), 0.5, targets, rival)
    # ours is right, wrong, wrong; theirs (never flags) is wrong, right, wrong
    assert (found["b"], found["c"], found["rows"], found["against"]) == (1, 1, 3, "old-1")


def test_a_clear_difference_has_an_interval_without_zero_and_a_twin_has_none() -> None:
    rng = np.random.default_rng(0)
    targets = (rng.random(800) < 0.4).astype(np.float64)
    weights = np.ones(800)
    good, bad = targets + rng.normal(0, 0.6, 800), targets + rng.normal(0, 2.0, 800)
    measures = {
        name: Measure(scores, targets, 0.5, weights) for name, scores in (("good", good), ("bad", bad))
    }
    drawn = bootstrap(measures, weights, resamples=200, seed=0)
    points = {name: point(measure) for name, measure in measures.items()}
    better = paired_differences(
        {"toxic": drawn["good"]}, {"toxic": drawn["bad"]}, {"toxic": points["good"]}, {"toxic": points["bad"]}
    )["toxic"]["roc_auc"]
    assert better["low"] is not None
    assert better["low"] > 0
    twin = paired_differences(
        {"toxic": drawn["good"]},
        {"toxic": drawn["good"]},
        {"toxic": points["good"]},
        {"toxic": points["good"]},
    )["toxic"]["roc_auc"]
    assert twin == {"value": 0.0, "low": 0.0, "high": 0.0}
