"""The maths of score maps: monotone, within 0 to 1, the same share flagged, errors on unseen pairs."""

from collections import Counter

import numpy
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from classifier.references.map_fitting import POINTS_MAX, isotonic_points, map_fit, mapped, quantile_points
from classifier.references.score_maps import apply_between
from classifier.tests.references.comparison.conftest import other_score, own_score

scores = st.floats(min_value=0, max_value=1, allow_nan=False)
few = st.sampled_from([0.0, 0.25, 0.5, 0.8, 1.0])
pairs = st.lists(
    st.tuples(st.one_of(scores, few, st.just(0.3)), st.one_of(scores, few)), min_size=1, max_size=60
)
thresholds = st.one_of(st.integers(1, 100).map(lambda step: step / 100), scores.filter(lambda t: t > 0))
SOME = settings(max_examples=150, deadline=None, derandomize=True)


def apply(points: list[tuple[float, float]], score: float) -> float:
    return apply_between([x for x, _ in points], [y for _, y in points], score)


@SOME
@given(pairs, st.sampled_from(["quantile", "isotonic"]), st.lists(scores, min_size=2, max_size=20))
def test_a_map_never_falls_and_stays_within_0_and_1(
    given_pairs: list[tuple[float, float]], method: str, asked: list[float]
) -> None:
    ours, theirs = zip(*given_pairs, strict=True)
    points = map_fit(ours, theirs, method=method, threshold=0.8).points
    assert len(points) <= POINTS_MAX
    assert all(a < b for a, b in zip([x for x, _ in points], [x for x, _ in points][1:], strict=False))
    values = [apply(points, score) for score in sorted([*asked, *ours])]
    assert values == sorted(values)
    assert all(0 <= value <= 1 for value in values)


@SOME
@example(
    [(0.3, 1.0), (1.0, 0.0), (1.0, 0.0), (1.0, 0.0)], 0.01
)  # three tie where one is flagged: then nobody is
@given(pairs, thresholds)
def test_the_share_flagged_is_the_one_before_up_to_half_of_the_largest_tie(
    given_pairs: list[tuple[float, float]], threshold: float
) -> None:
    ours, theirs = zip(*given_pairs, strict=True)
    fit = map_fit(ours, theirs, method="quantile", threshold=threshold)
    ties = Counter(ours).most_common(1)[0][1]
    tolerance = ties / 2 / len(ours) if ties > 1 else 0
    assert abs(fit.share_after - fit.share_reference) <= tolerance + 1e-12


@SOME
@given(pairs, st.sampled_from(["quantile", "isotonic"]), st.lists(scores, min_size=1, max_size=20))
def test_many_at_once_are_mapped_exactly_as_one(
    given_pairs: list[tuple[float, float]], method: str, asked: list[float]
) -> None:
    ours, theirs = zip(*given_pairs, strict=True)
    points = map_fit(ours, theirs, method=method, threshold=0.8).points
    every = [*asked, *ours]
    assert mapped(points, numpy.asarray(every)).tolist() == [apply(points, score) for score in every]


@pytest.mark.parametrize("threshold", [0.5, 0.65, 0.7, 0.8, 0.9, 0.95])
def test_every_threshold_in_whole_percent_keeps_its_share_not_only_the_one_that_was_asked_for(
    threshold: float,
) -> None:
    ours = [own_score(number) for number in range(4_000)]
    theirs = [other_score(number) for number in range(4_000)]
    points = quantile_points(numpy.asarray(ours), numpy.asarray(theirs))
    before = sum(score >= threshold for score in theirs)
    assert before != sum(score >= threshold for score in ours)
    assert sum(apply(points, score) >= threshold for score in ours) == before


def test_isotonic_regression_is_that_of_scikit_learn() -> None:
    from sklearn.isotonic import IsotonicRegression

    ours = numpy.asarray([own_score(number) for number in range(400)])
    theirs = numpy.asarray([other_score(number) for number in range(400)])
    points = isotonic_points(ours, theirs)
    expected = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(ours, theirs).predict(ours)
    assert numpy.allclose(mapped(points, ours), expected, atol=1e-12)


def test_the_error_is_measured_on_pairs_that_the_fit_did_not_see() -> None:
    """Noise that has nothing to do with the own score: a fit on the same pairs would tell a smaller error."""
    ours = [number / 50 for number in range(50)]
    theirs = [(number * 37 % 50) / 50 for number in range(50)]
    fit = map_fit(ours, theirs, method="isotonic", threshold=0.8)
    seen = numpy.abs(mapped(fit.points, numpy.asarray(ours)) - numpy.asarray(theirs)).mean()
    assert fit.error > seen
    assert fit.error_before == pytest.approx(sum(abs(a - b) for a, b in zip(ours, theirs, strict=True)) / 50)


def test_scores_that_are_all_the_same_make_a_map_of_one_value() -> None:
    theirs = [number / 100 for number in range(100)]
    fit = map_fit([0.4] * 100, theirs, method="quantile", threshold=0.8)
    assert [round(y, 1) for _, y in fit.points] == [0.5]
    constant = map_fit([number / 100 for number in range(100)], [0.3] * 100, method="quantile", threshold=0.8)
    assert {y for _, y in constant.points} == {0.3}
    assert constant.share_after == 0


def test_no_pairs_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one pair"):
        map_fit([], [], method="quantile", threshold=0.8)
