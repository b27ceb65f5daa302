"""How alike two services score the same texts: agreement at a threshold, distributions, a joint table. Pure functions.

Scores are from 0 to 1, `ours` and `theirs` in the same order. Intervals are Wilson's at 95 %.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from classifier.core.measures import Kappa, cohen_kappa, wilson

BINS = 20
GRID_BINS = 5
STEPS = 100


@dataclass(frozen=True)
class Agreement:
    """The two services at one threshold: how many texts both flag, only one of them, or neither."""

    threshold: float
    both: int
    only_ours: int
    only_theirs: int
    neither: int

    @property
    def pairs(self) -> int:
        return self.both + self.only_ours + self.only_theirs + self.neither

    @property
    def agreed(self) -> int:
        return self.both + self.neither

    @property
    def share(self) -> float | None:
        """Return the share of texts that both flag or both leave alone; None without pairs."""
        return self.agreed / self.pairs if self.pairs else None

    @property
    def interval(self) -> tuple[float, float]:
        return wilson(self.agreed, self.pairs)

    @property
    def kappa(self) -> Kappa:
        return cohen_kappa([[self.both, self.only_ours], [self.only_theirs, self.neither]])

    @property
    def ours_flags(self) -> float | None:
        return (self.both + self.only_ours) / self.pairs if self.pairs else None

    @property
    def theirs_flags(self) -> float | None:
        return (self.both + self.only_theirs) / self.pairs if self.pairs else None


def agreement_at(ours: Sequence[float], theirs: Sequence[float], threshold: float) -> Agreement:
    """Count the pairs by which service flags them (a score at or above `threshold`)."""
    both = only_ours = only_theirs = 0
    for own, other in zip(ours, theirs, strict=True):
        if own >= threshold:
            if other >= threshold:
                both += 1
            else:
                only_ours += 1
        elif other >= threshold:
            only_theirs += 1
    return Agreement(threshold, both, only_ours, only_theirs, len(ours) - both - only_ours - only_theirs)


def agreement_curve(ours: Sequence[float], theirs: Sequence[float]) -> list[Agreement]:
    """Return the agreement at every whole percent from 0 to 1, for a slider: STEPS + 1 of them."""
    lower = sorted(map(min, ours, theirs))
    own, other, pairs = sorted(ours), sorted(theirs), len(ours)
    curve = []
    for step in range(STEPS + 1):
        threshold = step / STEPS
        flagged, others, both = (pairs - bisect_left(ranked, threshold) for ranked in (own, other, lower))
        curve.append(
            Agreement(threshold, both, flagged - both, others - both, pairs - flagged - others + both)
        )
    return curve


def histogram(scores: Sequence[float], bins: int = BINS) -> list[int]:
    """Count the scores in each of `bins` equal parts of 0 to 1; a score of 1 is in the last part."""
    edges = [index / bins for index in range(1, bins)]
    counts = [0] * bins
    for score in scores:
        counts[bisect_right(edges, score)] += 1
    return counts


def joint_table(ours: Sequence[float], theirs: Sequence[float], bins: int = GRID_BINS) -> list[list[int]]:
    """Count pairs by the other service's score (rows) and our own (columns) in `bins` equal parts, lowest first."""
    edges = [index / bins for index in range(1, bins)]
    counts = [[0] * bins for _ in range(bins)]
    for own, other in zip(ours, theirs, strict=True):
        counts[bisect_right(edges, other)][bisect_right(edges, own)] += 1
    return counts


def sampled(pairs: int, most: int) -> Iterator[int]:
    """Yield at most `most` indices below `pairs`, evenly spread."""
    if pairs <= most:
        yield from range(pairs)
        return
    yield from (index * pairs // most for index in range(most))
