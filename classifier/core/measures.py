"""Statistics of counts: quantiles of a histogram, population stability, agreement of two raters, shares.

Pure functions that can be checked by hand; training.ml uses them too.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

SECONDS_FIRST = 0.25  # the first bin of a histogram of seconds ends here
SECONDS_STEPS = (
    4  # bins for each doubling: a quantile is at most 19 % of its bin's width away from the true one
)
SCORE_BINS = 20
Z_95 = 1.959964
EMPTY_SHARE = 1e-4


def seconds_quantile(bins: Mapping[str, int], share: float) -> float | None:
    """Return the quantile of a histogram of seconds, {bin: count}; None when it is empty.

    Bin b holds what is between SECONDS_FIRST * 2**(b / SECONDS_STEPS) and its next; inside a bin the quantile moves
    evenly on that logarithmic scale.
    """
    total = sum(bins.values())
    if total == 0:
        return None
    wanted, before = share * total, 0
    for place in sorted(map(int, bins)):
        inside = bins[str(place)]
        if before + inside >= wanted:
            return float(SECONDS_FIRST * 2 ** ((place + (wanted - before) / inside) / SECONDS_STEPS))
        before += inside
    raise AssertionError("the counts of a histogram add up to its total")


def population_stability(reference: Sequence[int], recent: Sequence[int]) -> float | None:
    """Return the population stability index of two histograms over the same bins; None when one of them is empty.

    Sum of (recent - reference) * ln(recent / reference) over the shares of each bin; an empty bin counts as
    EMPTY_SHARE. Below 0.1 nothing has moved to speak of, above 0.25 the population is another one (Siddiqi, Credit
    Risk Scorecards, Wiley 2006). Without any change it is about (bins - 1) * (1 / n + 1 / m) for samples of n and m
    (Yurdakul, Statistical Properties of Population Stability Index, Western Michigan University 2018).
    """
    n, m = sum(reference), sum(recent)
    if n == 0 or m == 0:
        return None
    index = 0.0
    for before, now in zip(reference, recent, strict=True):
        expected, actual = max(before / n, EMPTY_SHARE), max(now / m, EMPTY_SHARE)
        index += (actual - expected) * math.log(actual / expected)
    return index


@dataclass(frozen=True)
class Kappa:
    """Cohen's kappa with its 95 % interval; `value` is None where it is not defined (only one answer was given)."""

    n: int
    agreed: int
    value: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def share(self) -> float | None:
        return self.agreed / self.n if self.n else None


def cohen_kappa(table: Sequence[Sequence[int]]) -> Kappa:
    """Agreement of two raters beyond chance, from the counts of (first rater's answer, second rater's answer).

    Kappa: Cohen, A coefficient of agreement for nominal scales, Educational and Psychological Measurement 20, 1960.
    Its large-sample standard error: Fleiss, Cohen & Everitt, Psychological Bulletin 72, 1969, formula 13. The interval
    is cut at -1 and 1; with few comparisons it is rough.
    """
    n = sum(map(sum, table))
    places = range(len(table))
    agreed = sum(table[i][i] for i in places)
    if n == 0:
        return Kappa(0, 0)
    share = [[count / n for count in row] for row in table]
    first = [sum(row) for row in share]
    second = [sum(row[i] for row in share) for i in places]
    observed, chance = agreed / n, sum(first[i] * second[i] for i in places)
    if math.isclose(chance, 1.0):
        return Kappa(n, agreed)
    kappa = (observed - chance) / (1 - chance)
    same = sum(share[i][i] * (1 - (first[i] + second[i]) * (1 - kappa)) ** 2 for i in places)
    other = (
        sum(share[i][j] * (second[i] + first[j]) ** 2 for i in places for j in places if i != j)
        * (1 - kappa) ** 2
    )
    variance = (same + other - (kappa - chance * (1 - kappa)) ** 2) / (n * (1 - chance) ** 2)
    reach = Z_95 * math.sqrt(max(variance, 0.0))
    return Kappa(n, agreed, kappa, max(kappa - reach, -1.0), min(kappa + reach, 1.0))


@dataclass
class Confusion:
    """Verdicts of one version against decisions; positive is toxic."""

    tp: int = 0
    fp: int = 0
    fn: int = 0
    tn: int = 0

    def add(self, predicted: bool, truth: bool, number: int = 1) -> None:
        name = ("t" if predicted == truth else "f") + ("p" if predicted else "n")
        setattr(self, name, getattr(self, name) + number)

    @property
    def decided(self) -> int:
        return self.tp + self.fp + self.fn + self.tn

    @property
    def precision(self) -> tuple[int, int]:
        """Comments rightly called toxic, and all that were called so."""
        return self.tp, self.tp + self.fp

    @property
    def recall(self) -> tuple[int, int]:
        return self.tp, self.tp + self.fn

    @property
    def accuracy(self) -> tuple[int, int]:
        return self.tp + self.tn, self.decided

    @property
    def f1(self) -> float | None:
        of = 2 * self.tp + self.fp + self.fn
        return 2 * self.tp / of if of else None


def share_with_interval(share: float, interval: tuple[float, float]) -> str:
    """Return a share and its interval in percent: 90.0 % (81.2 to 95.0)."""
    low, high = interval
    return f"{share:.1%} ({100 * low:.1f} to {100 * high:.1f})".replace("%", "\N{NO-BREAK SPACE}%")


def wilson(hits: int, of: int) -> tuple[float, float]:
    """Return the 95 % interval of a share by Wilson's score (1927); (0, 1) where nothing was counted.

    It holds up with few counts and at shares of 0 and 1.
    """
    if not of:
        return 0.0, 1.0
    share, spread = hits / of, Z_95 * Z_95 / of
    middle = (share + spread / 2) / (1 + spread)
    half = Z_95 * math.sqrt(share * (1 - share) / of + spread / (4 * of)) / (1 + spread)
    return max(middle - half, 0.0), min(middle + half, 1.0)
