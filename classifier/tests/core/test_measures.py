"""Quantiles, population stability and kappa agree with what is published or counted by hand."""

import math

import pytest

from classifier.core.measures import cohen_kappa, population_stability, seconds_quantile


def test_kappa_and_its_interval_are_those_of_the_published_example() -> None:
    """Two raters' diagnoses of 100 people: Fleiss, Levin & Paik, Statistical Methods for Rates and Proportions."""
    kappa = cohen_kappa([[75, 1, 4], [5, 4, 1], [0, 0, 10]])
    assert kappa.value == pytest.approx(0.68, abs=0.005)
    assert kappa.low is not None and kappa.high is not None  # noqa: PT018
    assert (kappa.high - kappa.low) / 2 / 1.96 == pytest.approx(0.087, abs=0.001)
    assert (kappa.n, kappa.agreed, kappa.share) == (100, 89, 0.89)


def test_kappa_of_two_answers_is_what_one_reckons_by_hand() -> None:
    assert cohen_kappa([[20, 5], [10, 15]]).value == pytest.approx(0.4)
    assert cohen_kappa([[5, 0], [0, 5]]).value == 1.0
    assert cohen_kappa([[0, 5], [5, 0]]).value == -1.0


def test_kappa_is_not_defined_without_comparisons_or_with_one_answer_alone() -> None:
    assert cohen_kappa([[0, 0], [0, 0]]).value is None
    assert cohen_kappa([[7, 0], [0, 0]]).value is None
    assert cohen_kappa([[7, 0], [0, 0]]).share == 1.0


def test_population_stability_is_what_one_reckons_by_hand() -> None:
    by_hand = (
        (0.4 - 0.5) * math.log(0.4 / 0.5) + (0.35 - 0.3) * math.log(0.35 / 0.3) + 0.05 * math.log(0.25 / 0.2)
    )
    assert population_stability([50, 30, 20], [160, 140, 100]) == pytest.approx(by_hand)
    assert population_stability([5, 5], [500, 500]) == 0.0
    assert population_stability([1, 0], [0, 1]) == pytest.approx(2 * (1 - 1e-4) * math.log(1e4))
    assert population_stability([0, 0], [1, 1]) is None


def test_a_quantile_of_seconds_lies_in_the_bin_of_the_true_one() -> None:
    assert seconds_quantile({}, 0.5) is None
    assert seconds_quantile({"16": 1}, 1.0) == pytest.approx(0.25 * 2 ** (17 / 4))
    bins = {"16": 10, "20": 10}  # ten between 4.0 and 4.8 seconds, ten between 8.0 and 9.5
    assert seconds_quantile(bins, 0.5) == pytest.approx(4.757, abs=0.01)
    quantile = seconds_quantile(bins, 0.9)
    assert quantile is not None
    assert 8.0 < quantile < 9.52
