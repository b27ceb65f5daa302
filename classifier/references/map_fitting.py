"""Fit a monotone map from this site's scores to those of another service. Pure maths on lists of scores from 0 to 1.

A map is a list of points (own score, score of the other service) with rising own scores. Between two points it is
linear, outside them constant. Applying it is a search among at most POINTS_MAX points and needs no library.

The quantile map carries thresholds over by share: for every whole percent of the other service's scale, and for each
further threshold that is asked for, it looks for the own score that as many texts reach. At these thresholds the
mapped scores flag the share that the other service flagged, up to half of the largest share of texts with one and the
same own score (two texts with equal scores cannot be told apart). Isotonic regression gives the expected score instead;
it is nearer on average and pulls extremes to the middle, so it flags less at high thresholds.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import nextafter
from typing import Any

import numpy
from numpy.typing import NDArray

Numbers = NDArray[numpy.float64]
FOLDS = 5
STEPS = 100
POINTS_MAX = 300
Points = list[tuple[float, float]]
Fit = Callable[[Numbers, Numbers, Sequence[float]], Points]


@dataclass(frozen=True)
class MapFit:
    """A map of one attribute with what it does to the pairs that it was fitted on.

    `error` is the mean absolute difference from the other service's score on pairs that the fit did not see (k-fold),
    `error_before` the same without a map. Shares are of texts at or above the caller's threshold: `share_reference` by
    the other service, `share_before` by the own scores as they are, `share_after` by the mapped ones.
    """

    points: Points
    pairs: int
    error: float
    error_before: float
    share_reference: float
    share_before: float
    share_after: float

    def to_data(self) -> dict[str, Any]:
        """Return the fit as ScoreMap.attributes stores it."""
        return {
            "points": [list(point) for point in self.points],
            "pairs": self.pairs,
            "error": self.error,
            "error_before": self.error_before,
            "share_reference": self.share_reference,
            "share_before": self.share_before,
            "share_after": self.share_after,
        }


def map_fit(ours: Sequence[float], theirs: Sequence[float], *, method: str, threshold: float) -> MapFit:
    """Fit a map by `method` (quantile or isotonic). Raises ValueError for no pairs or lists of different length."""
    if not len(ours) or len(ours) != len(theirs):
        raise ValueError("a map needs at least one pair, and one other score for each own one")
    own, other = numpy.asarray(ours, dtype=float), numpy.asarray(theirs, dtype=float)
    fit = FITS[method]
    points = fit(own, other, [threshold])
    return MapFit(
        points=points,
        pairs=len(own),
        error=_cross_validated(own, other, fit, threshold),
        error_before=float(numpy.abs(own - other).mean()),
        share_reference=float((other >= threshold).mean()),
        share_before=float((own >= threshold).mean()),
        share_after=float((mapped(points, own) >= threshold).mean()),
    )


def mapped(points: Sequence[Sequence[float]], scores: Numbers) -> Numbers:
    """Map many scores, exactly as `score_maps.apply_between` maps one."""
    xs, ys = numpy.asarray([p[0] for p in points]), numpy.asarray([p[1] for p in points])
    at = numpy.searchsorted(xs, scores, side="right")
    below, above = numpy.clip(at - 1, 0, None), numpy.clip(at, None, len(xs) - 1)
    low, high = ys[below], ys[above]
    width = numpy.where(xs[above] > xs[below], xs[above] - xs[below], 1.0)
    value = low + (high - low) * ((scores - xs[below]) / width)
    value = numpy.minimum(numpy.maximum(value, low), numpy.nextafter(high, 0.0))
    value = numpy.where((low == high) | (scores == xs[below]), low, value)
    return numpy.where(at == 0, ys[0], numpy.where(at == len(xs), ys[-1], value))


def quantile_points(ours: Numbers, theirs: Numbers, thresholds: Sequence[float] = ()) -> Points:
    """Return points that carry each whole percent, and `thresholds`, over by share (see the module docstring)."""
    scores, counts = numpy.unique(ours, return_counts=True)
    reach: list[int] = numpy.cumsum(
        counts[::-1]
    ).tolist()  # how many texts reach each own score, highest first
    highest_first: list[float] = scores[::-1].tolist()
    other = numpy.sort(theirs)
    few = numpy.unique(other)
    wanted = {step / STEPS for step in range(1, STEPS + 1)} | {t for t in thresholds if 0 < t <= 1}
    if len(few) <= STEPS:
        wanted |= {float(value) for value in few if value > 0}
    cuts: Points = []  # (own score, threshold that it reaches), both rising
    high = float(other[-1])
    for threshold in sorted(wanted):
        number = len(other) - int(numpy.searchsorted(other, threshold, side="left"))
        index = _nearest(reach, number) if number else None
        if index is None:  # own scores tie, so no text reaches it: neither may the highest of them
            high = min(high, nextafter(threshold, 0.0)) if number else high
            break
        cuts.append((highest_first[index], threshold))
    return _joined(cuts, scores.tolist(), low=min(float(other[0]), high), high=high)


def isotonic_points(ours: Numbers, theirs: Numbers, thresholds: Sequence[float] = ()) -> Points:
    """Return the points of the isotonic (least squares) regression, by pooling adjacent violators.

    Ayer et al., An empirical distribution function for sampling with incomplete information, Annals of Mathematical
    Statistics 26, 1955. scikit-learn has it too, but would cost each web process 100 MB; a test compares the two.
    """
    scores, inverse, counts = numpy.unique(ours, return_inverse=True, return_counts=True)
    sums = numpy.bincount(inverse, weights=theirs)
    blocks: list[list[float]] = []  # [first own score, last own score, sum of the other scores, their number]
    for score, total, number in zip(scores.tolist(), sums.tolist(), counts.tolist(), strict=True):
        blocks.append([score, score, total, number])
        while len(blocks) > 1 and blocks[-2][2] * blocks[-1][3] >= blocks[-1][2] * blocks[-2][3]:
            _, last, more, others = blocks.pop()
            blocks[-1][1], blocks[-1][2], blocks[-1][3] = last, blocks[-1][2] + more, blocks[-1][3] + others
    points: Points = []
    for first, last, total, number in blocks:
        value = min(max(total / number, 0.0), 1.0)
        points.append((first, value))
        if last > first:
            points.append((last, value))
    return _rising(_thinned(points))


FITS: dict[str, Fit] = {"quantile": quantile_points, "isotonic": isotonic_points}


def _cross_validated(ours: Numbers, theirs: Numbers, fit: Fit, threshold: float) -> float:
    """Return the mean absolute error over FOLDS folds of every FOLDS-th pair, because pairs are ordered by time."""
    folds = min(FOLDS, len(ours))
    if folds < 2:
        return float(numpy.abs(mapped(fit(ours, theirs, [threshold]), ours) - theirs).mean())
    fold = numpy.arange(len(ours)) % folds
    total = 0.0
    for number in range(folds):
        fitted_on, held_out = fold != number, fold == number
        points = fit(ours[fitted_on], theirs[fitted_on], [threshold])
        total += float(numpy.abs(mapped(points, ours[held_out]) - theirs[held_out]).sum())
    return total / len(ours)


def _nearest(reach: Sequence[int], number: int) -> int | None:
    """Return the index of the own score that about `number` texts reach; None if reaching none is nearest."""
    at = bisect_left(reach, number)
    under = reach[at - 1] if at else 0
    if at < len(reach) and reach[at] - number <= number - under:
        return at
    return at - 1 if at else None


def _joined(cuts: Points, scores: Sequence[float], *, low: float, high: float) -> Points:
    """Return the points of `cuts`, with the value just below each jump and the two ends."""
    points: Points = [(scores[0], low)] if not cuts or scores[0] < cuts[0][0] else []
    index = 0
    while index < len(cuts):
        cut, first = cuts[index]
        while index < len(cuts) and cuts[index][0] == cut:
            index += 1
        last = cuts[index - 1][1]
        under = scores[bisect_right(scores, nextafter(cut, -1.0)) - 1] if cut > scores[0] else None
        if last > first and under is not None and (not points or under > points[-1][0]):
            # Up to here nothing reaches `first`: a straight line to the jump's upper end would.
            before = points[-1][1] if points else low
            points.append((under, (before + first) / 2 if before < first else before))
        points.append((cut, last))
    top = max(high, points[-1][1])
    if scores[-1] > points[-1][0]:
        points.append((scores[-1], top))
    elif len(points) == 1 and not cuts:
        points[-1] = (points[-1][0], low)
    return _rising(points)


def _rising(points: Points) -> Points:
    """Return one point for each own score; the values never fall and lie in 0..1."""
    rising: Points = []
    for x, y in points:
        value = min(max(y, rising[-1][1] if rising else 0.0), 1.0)
        if rising and rising[-1][0] == x:
            rising[-1] = (x, value)
        else:
            rising.append((x, value))
    return rising


def _thinned(points: Points) -> Points:
    """Return at most POINTS_MAX of the points, evenly spaced by index, including both ends."""
    if len(points) <= POINTS_MAX:
        return points
    last = len(points) - 1
    return [points[round(index * last / (POINTS_MAX - 1))] for index in range(POINTS_MAX)]
