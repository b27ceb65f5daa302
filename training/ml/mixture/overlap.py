"""Finding training rows that are, or almost are, a text that the model is judged by.

Texts that are equal once folded (case, punctuation, white space and compatibility forms taken away) are found at any
length. Near-duplicates are found from 20 folded characters on, as the site finds those of a comment: candidates by the
MinHash sketch of `classifier.inference.sketch`, confirmed by the true Jaccard similarity of the character shingles.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from classifier.inference.sketch import BANDS, folded, similarity, sketches

ALIKE = 0.8  # of the shingles
NEARLY = 0.999  # at most, of texts that are not equal: they may have the same shingles all the same
BLOCK = 8_000


@dataclass(frozen=True)
class Overlap:
    """One training row that a judged text equals (`similarity` 1.0) or nearly equals."""

    row: int
    judged: int
    similarity: float


@dataclass(frozen=True)
class OverlapReport:
    """What was compared and left out, for a model card."""

    judged_texts: int
    rows: int
    exact: int
    near: int

    def to_dict(self) -> dict[str, int]:
        """Return the counts as a run's provenance holds them."""
        return asdict(self)

    def sentence(self) -> str:
        """Return the count in words."""
        return (
            f"{self.rows:,} training rows were compared with {self.judged_texts:,} texts of the test suites; "
            f"{self.exact:,} equal ones and {self.near:,} near-duplicates were left out."
        )


def find_overlaps(texts: Sequence[str], judged: Sequence[str], *, alike: float = ALIKE) -> list[Overlap]:
    """Return each training row that equals or nearly equals a judged text, with the most similar one, in row order.

    Only the judged texts are kept in memory, by their hashes; a row is folded, looked up and forgotten. Case,
    punctuation and white space do not count. Judged texts without any character are left out.
    """
    index = _Index(judged)
    overlaps = []
    for begin in range(0, len(texts), BLOCK):
        folds = [folded(text) for text in texts[begin : begin + BLOCK]]
        candidates = index.sharing(folds)
        for position, fold in enumerate(folds):
            if fold in index.exact:
                overlaps.append(Overlap(begin + position, index.exact[fold], 1.0))
            elif position in candidates:
                judged_index, value = index.most_similar(fold, candidates[position])
                if value >= alike:
                    overlaps.append(Overlap(begin + position, judged_index, min(value, NEARLY)))
    return overlaps


def without_overlaps(
    texts: Sequence[str], judged: Sequence[str], *, alike: float = ALIKE
) -> tuple[list[int], OverlapReport]:
    """Return the rows to keep, in order, and what was left out."""
    overlaps = find_overlaps(texts, judged, alike=alike)
    left_out = {overlap.row for overlap in overlaps}
    exact = sum(overlap.similarity == 1.0 for overlap in overlaps)
    report = OverlapReport(len(judged), len(texts), exact, len(overlaps) - exact)
    return [row for row in range(len(texts)) if row not in left_out], report


class _Index:
    """Judged texts by folded text and by every band of their sketch."""

    def __init__(self, judged: Sequence[str]) -> None:
        self.folds = [folded(text) for text in judged]
        self.exact = {fold: index for index, fold in reversed(list(enumerate(self.folds))) if fold}
        made, known = sketches(self.folds)
        self.bands = [np.unique(made[known, band]) for band in range(BANDS)]
        self.holders: dict[tuple[int, int], list[int]] = defaultdict(list)
        for index in np.flatnonzero(known):
            for band in range(BANDS):
                self.holders[band, int(made[index, band])].append(int(index))

    def sharing(self, folds: Sequence[str]) -> dict[int, set[int]]:
        """Return the judged texts that share a band with each of these, for those that share any."""
        made, known = sketches(folds)
        candidates: dict[int, set[int]] = defaultdict(set)
        for band in range(BANDS):
            for position in np.flatnonzero(known & np.isin(made[:, band], self.bands[band])):
                candidates[int(position)].update(self.holders[band, int(made[position, band])])
        return candidates

    def most_similar(self, fold: str, candidates: Iterable[int]) -> tuple[int, float]:
        """Return the candidate with the highest similarity, and that."""
        value, index = max((similarity(fold, self.folds[index]), -index) for index in candidates)
        return -index, value
