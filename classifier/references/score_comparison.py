"""Old scores beside this model's, for sites that move from another service: similarity, and new thresholds.

The origin of the old scores does not matter here. A threshold is carried over by share: the new one flags as many of
the texts as the old one did, so a queue stays as long as it was; agreement and kappa say whether the same ones.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy
from numpy.typing import NDArray

from classifier.core.measures import cohen_kappa

Numbers = NDArray[numpy.float64]
OLD_THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9)
BINS = 10
MAP_STEPS = 20
ROWS_MIN = 10
REVIEW_AT, REMOVE_AT = 0.7, 0.9
"""The old thresholds that a suggested policy starts from, where they flag anything: a look, and removal."""


class TooFewRows(ValueError):
    """There are too few rows for a meaningful comparison."""


@dataclass(frozen=True)
class Bin:
    """The rows whose old score lies from `begin` up to `end`, with statistics of their new scores."""

    begin: float
    end: float
    rows: int
    old_mean: float
    new_mean: float
    new_low: float  # the tenth percentile
    new_high: float  # the ninetieth


@dataclass(frozen=True)
class Translation:
    """One old threshold: the new one that flags the same share, and how often the two then agree.

    `new` is None where the old one flags nothing. `new_share` is above `old_share` only where new scores are equal.
    """

    old: float
    old_share: float
    new: float | None
    new_share: float
    agreement: float
    kappa: float | None
    only_old: int
    only_new: int


@dataclass(frozen=True)
class Target:
    """The lowest new threshold whose flagged rows are correct (by the given labels) at least as often as asked."""

    precision_wished: float
    threshold: float | None
    precision: float | None
    recall: float | None
    flagged: int


@dataclass(frozen=True)
class Comparison:
    rows: int
    pearson: float | None
    spearman: float | None
    bins: list[Bin]
    mapping: list[tuple[float, float]]  # (old, new): isotonic, so it never falls
    translations: list[Translation]
    target: Target | None = None
    policy: dict[str, float] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def compare(
    old: Sequence[float],
    new: Sequence[float],
    *,
    thresholds: Sequence[float] = (),
    labels: Sequence[bool] | None = None,
    target_precision: float | None = None,
) -> Comparison:
    """Compare the scores of the same texts. Raises TooFewRows under ROWS_MIN rows."""
    if len(old) < ROWS_MIN:
        raise TooFewRows(f"{len(old)} rows are too few to compare; at least {ROWS_MIN} are needed")
    before, after = numpy.asarray(old, dtype=float), numpy.asarray(new, dtype=float)
    if before.shape != after.shape:
        raise ValueError("there must be one new score for each old one")
    wanted = sorted({*OLD_THRESHOLDS, *thresholds})
    translations = [translate(before, after, threshold) for threshold in wanted]
    target = None
    if labels is not None and target_precision is not None:
        target = threshold_for(after, numpy.asarray(labels, dtype=bool), target_precision)
    return Comparison(
        rows=len(before),
        pearson=correlation(before, after),
        spearman=correlation(ranks(before), ranks(after)),
        bins=bins(before, after),
        mapping=isotonic(before, after),
        translations=translations,
        target=target,
        policy=suggested(translations, target),
    )


def correlation(first: Numbers, second: Numbers) -> float | None:
    """Return Pearson's r; None where either list does not vary."""
    a, b = first - first.mean(), second - second.mean()
    size = float(numpy.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / size if size > 0 else None


def ranks(values: Numbers) -> Numbers:
    """Rank the values from 1; equal values share the mean of their ranks."""
    _, inverse, count = numpy.unique(values, return_inverse=True, return_counts=True)
    last = numpy.cumsum(count)
    return numpy.asarray((last - (count - 1) / 2)[inverse], dtype=float)


def bins(old: Numbers, new: Numbers) -> list[Bin]:
    """Group the rows by tenths of the old score; empty tenths are left out."""
    filled = []
    which = numpy.minimum((old * BINS).astype(int), BINS - 1)
    for number in range(BINS):
        inside = which == number
        if not inside.any():
            continue
        low, high = numpy.quantile(new[inside], (0.1, 0.9))
        filled.append(
            Bin(
                begin=number / BINS,
                end=(number + 1) / BINS,
                rows=int(inside.sum()),
                old_mean=float(old[inside].mean()),
                new_mean=float(new[inside].mean()),
                new_low=float(low),
                new_high=float(high),
            )
        )
    return filled


def isotonic(old: Numbers, new: Numbers) -> list[tuple[float, float]]:
    """Return (old, expected new) scores by isotonic regression, at equal steps over the range of the old ones."""
    from sklearn.isotonic import IsotonicRegression

    fitted = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip").fit(old, new)
    at = numpy.linspace(old.min(), old.max(), MAP_STEPS + 1)
    return [(float(x), float(y)) for x, y in zip(at, fitted.predict(at), strict=True)]


def translate(old: Numbers, new: Numbers, threshold: float) -> Translation:
    """Find the new threshold that flags as many rows as `threshold` flags by the old scores."""
    flagged = old >= threshold
    count = int(flagged.sum())
    new_threshold = float(numpy.sort(new)[-count]) if count else None
    again = new >= new_threshold if new_threshold is not None else numpy.zeros(len(new), dtype=bool)
    both = int((flagged & again).sum())
    only_old, only_new = count - both, int(again.sum()) - both
    raters = cohen_kappa([[both, only_old], [only_new, len(new) - both - only_old - only_new]])
    return Translation(
        old=threshold,
        old_share=float(flagged.mean()),
        new=new_threshold,
        new_share=float(again.mean()),
        agreement=float((flagged == again).mean()),
        kappa=raters.value,
        only_old=only_old,
        only_new=only_new,
    )


def threshold_for(new: Numbers, labels: NDArray[numpy.bool_], precision: float) -> Target:
    """Find the lowest threshold whose flagged rows are correct at least that often."""
    order = numpy.argsort(-new, kind="stable")
    scores, right = new[order], numpy.cumsum(labels[order])
    share = right / numpy.arange(1, len(new) + 1)
    whole = numpy.append(scores[1:] != scores[:-1], True)  # equal scores are flagged together
    fits = numpy.flatnonzero(whole & (share >= precision))
    if not len(fits):
        return Target(precision, None, None, None, 0)
    last = int(fits[-1])
    every = int(labels.sum())
    return Target(
        precision_wished=precision,
        threshold=float(scores[last]),
        precision=float(share[last]),
        recall=float(right[last]) / every if every else None,
        flagged=last + 1,
    )


def suggested(translations: Sequence[Translation], target: Target | None) -> dict[str, float]:
    """Suggest the bands of a first policy: review where the old 0.7 was, remove where 0.9 was or the target is met."""
    new = {translation.old: translation.new for translation in translations}
    review, remove = new.get(REVIEW_AT), new.get(REMOVE_AT)
    if target is not None:
        remove = target.threshold
    if review is not None and remove is not None and review > remove:
        review = remove
    return {name: value for name, value in (("review", review), ("remove", remove)) if value is not None}
