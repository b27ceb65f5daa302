"""Agreement at a threshold, its curve for the slider, distributions: by hand on small numbers."""

import pytest

from classifier.references.agreement import agreement_at, agreement_curve, histogram, joint_table, sampled
from classifier.tests.references.comparison.conftest import other_score, own_score

OURS = [0.9, 0.8, 0.1, 0.8, 0.2]
THEIRS = [0.95, 0.3, 0.85, 0.8, 0.1]


def test_agreement_counts_who_flags_what() -> None:
    at = agreement_at(OURS, THEIRS, 0.8)
    assert (at.both, at.only_ours, at.only_theirs, at.neither) == (2, 1, 1, 1)
    assert (at.share, at.ours_flags, at.theirs_flags) == (0.6, 0.6, 0.6)
    assert at.interval == pytest.approx((0.231, 0.882), abs=0.001)  # Wilson's for 3 of 5
    assert at.kappa.value == pytest.approx((0.6 - 0.52) / 0.48)


def test_without_pairs_nothing_is_said() -> None:
    at = agreement_at([], [], 0.8)
    assert (at.share, at.ours_flags, at.kappa.value) == (None, None, None)


def test_the_curve_says_the_same_as_counting_at_each_whole_percent() -> None:
    ours = [own_score(number) for number in range(500)]
    theirs = [other_score(number) for number in range(500)]
    curve = agreement_curve(ours, theirs)
    assert curve == [agreement_at(ours, theirs, step / 100) for step in range(101)]


def test_distributions_hold_every_score_once() -> None:
    assert histogram([0.0, 0.05, 0.5, 1.0], bins=4) == [2, 0, 1, 1]
    table = joint_table(OURS, THEIRS, bins=2)
    assert table == [[1, 1], [1, 2]]


def test_a_sample_is_bounded_and_spread_over_all() -> None:
    assert list(sampled(3, 10)) == [0, 1, 2]
    some = list(sampled(10_000, 100))
    assert (len(some), len(set(some)), some[0], some[-1]) == (100, 100, 0, 9_900)
