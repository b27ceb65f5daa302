"""The numbers of a comparison, against cases that can be worked out by hand and against scipy."""

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from classifier.references.score_comparison import (
    TooFewRows,
    compare,
    correlation,
    isotonic,
    ranks,
    threshold_for,
    translate,
)

OLD = numpy.array([0.05, 0.15, 0.25, 0.35, 0.45, 0.55, 0.65, 0.75, 0.85, 0.95])
SCORES = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=10, max_size=60)


def test_correlations_agree_with_scipy() -> None:
    generator = numpy.random.default_rng(3)
    old = generator.uniform(size=300).round(2)
    new = (0.5 * old + 0.5 * generator.uniform(size=300)).round(1)
    found = compare(old.tolist(), new.tolist())
    assert found.pearson == pytest.approx(stats.pearsonr(old, new).statistic)
    assert found.spearman == pytest.approx(stats.spearmanr(old, new).statistic)
    assert ranks(new).tolist() == stats.rankdata(new).tolist()


def test_scores_that_do_not_vary_have_no_correlation() -> None:
    assert correlation(OLD, numpy.full(10, 0.5)) is None


def test_a_threshold_is_carried_over_by_the_share_that_it_flags() -> None:
    found = translate(OLD, OLD**2, 0.7)
    assert found.new == pytest.approx(0.75**2)
    assert (found.old_share, found.new_share, found.agreement, found.kappa) == (0.3, 0.3, 1.0, 1.0)


def test_disagreement_is_counted_both_ways() -> None:
    found = translate(OLD, OLD[::-1], 0.8)
    assert (found.only_old, found.only_new, found.agreement) == (2, 2, 0.6)
    assert found.kappa == pytest.approx((0.6 - 0.68) / 0.32)


def test_a_threshold_that_flags_nothing_has_no_counterpart() -> None:
    found = translate(OLD, OLD, 0.99)
    assert (found.new, found.new_share, found.agreement, found.kappa) == (None, 0.0, 1.0, None)


def test_the_map_never_falls_and_follows_a_monotone_relation() -> None:
    points = isotonic(OLD, numpy.sqrt(OLD))
    assert [y for _, y in points] == sorted(y for _, y in points)
    assert points[0] == pytest.approx((0.05, 0.05**0.5))
    assert points[-1] == pytest.approx((0.95, 0.95**0.5))


def test_the_lowest_threshold_of_a_precision_is_found() -> None:
    labels = numpy.array([0, 0, 0, 1, 0, 0, 1, 1, 1, 1], dtype=bool)
    found = threshold_for(OLD, labels, 0.8)
    assert (found.threshold, found.flagged, found.precision, found.recall) == (0.55, 5, 0.8, 0.8)
    assert threshold_for(OLD, ~labels, 0.9).threshold is None


def test_equal_scores_are_flagged_together() -> None:
    scores = numpy.array([0.9] * 5 + [0.1] * 5)
    labels = numpy.array([1, 1, 1, 1, 0] + [0] * 5, dtype=bool)
    assert threshold_for(scores, labels, 1.0).threshold is None
    assert threshold_for(scores, labels, 0.8).flagged == 5


def test_a_policy_is_suggested_from_the_old_thresholds_or_the_wished_precision() -> None:
    labels = [value > 0.6 for value in OLD]
    assert compare(OLD.tolist(), OLD.tolist()).policy == {"review": 0.75, "remove": 0.95}
    wished = compare(OLD.tolist(), OLD.tolist(), labels=labels, target_precision=1.0)
    assert wished.policy == {"review": 0.65, "remove": 0.65}


def test_too_few_rows_say_nothing() -> None:
    with pytest.raises(TooFewRows, match=r"^9 rows are too few to compare; at least 10 are needed$"):
        compare([0.5] * 9, [0.5] * 9)


@given(SCORES)
@settings(max_examples=100, deadline=None)
def test_whatever_the_scores_the_report_adds_up(rows: list[tuple[float, float]]) -> None:
    found = compare([old for old, _ in rows], [new for _, new in rows], thresholds=[0.33])
    assert sum(each.rows for each in found.bins) == found.rows == len(rows)
    assert 0.33 in [each.old for each in found.translations]
    for each in found.translations:
        assert each.new_share >= each.old_share
        assert each.agreement == pytest.approx(1 - (each.only_old + each.only_new) / len(rows))
