"""Finding rows that are almost the same text, among hundreds of thousands, in seconds and bounded memory.

Each text is reduced to its smallest few hashes of five-word shingles (the sketch of Broder 1997, "On the resemblance
and containment of documents"); rows that share most of their sketch are near duplicates. Only numpy and the standard
library.
"""

import re
from collections.abc import Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Rows = NDArray[np.int64]

SHINGLE = 5
SKETCH = 8
FEWEST_WORDS = 8  # shorter texts are alike by chance
MOST_WORDS = 400  # of a text: the rest does not count
ALIKE = 0.75  # of the sketch
MOST_SHARING = 40  # a hash that more rows share is a form letter, and would pair everything with everything
BLOCK = 5_000
_WORD = re.compile(r"\w+")


def near_pairs(texts: Sequence[str]) -> "Rows":
    """Return pairs [n, 2] of row numbers, the smaller first, whose texts share most of their words' order.

    Case and punctuation do not count, so equal texts are among them too. Of rows that share a hash with up to
    MOST_SHARING others every pair is looked at; commoner hashes only pair neighbours.
    """
    rows, hashes, sizes = _sketches(texts)
    order = np.lexsort((rows, hashes))
    rows, hashes = rows[order], hashes[order]
    pairs = []
    for distance in range(1, MOST_SHARING):
        same = hashes[distance:] == hashes[:-distance]
        if not same.any():
            break
        first, second = rows[:-distance][same], rows[distance:][same]
        pairs.append(first * len(texts) + second)
    if not pairs:
        return np.zeros((0, 2), dtype=np.int64)
    keys, shared = np.unique(np.concatenate(pairs), return_counts=True)
    first, second = keys // len(texts), keys % len(texts)
    alike = (shared >= ALIKE * np.maximum(sizes[first], sizes[second])) & (first != second)
    return np.column_stack([first[alike], second[alike]])


def _sketches(texts: Sequence[str]) -> tuple["Rows", "NDArray[np.uint64]", "Rows"]:
    """Return (row, hash) of every sketch entry, and the size of each row's sketch."""
    numbers = _WordNumbers()
    powers = np.array([pow(0x9E3779B97F4A7C15, i, 2**64) for i in range(SHINGLE)], dtype=np.uint64)
    kept_rows, kept_hashes = [], []
    sizes = np.zeros(len(texts), dtype=np.int64)
    for start in range(0, len(texts), BLOCK):
        words = [_WORD.findall(text.casefold())[:MOST_WORDS] for text in texts[start : start + BLOCK]]
        counts = np.array(
            [len(tokens) if len(tokens) >= FEWEST_WORDS else 0 for tokens in words],
            dtype=np.int64,
        )
        flat = np.array(
            [numbers[word] for tokens in words if len(tokens) >= FEWEST_WORDS for word in tokens],
            dtype=np.uint64,
        )
        if not len(flat):
            continue
        owner = np.repeat(np.arange(len(counts)), counts)
        last = len(flat) - SHINGLE + 1
        mixed = np.zeros(last, dtype=np.uint64)
        for i in range(SHINGLE):
            mixed += flat[i : i + last] * powers[i]
        mixed ^= mixed >> np.uint64(29)
        mixed *= np.uint64(0xBF58476D1CE4E5B9)
        inside = owner[:last] == owner[SHINGLE - 1 :]
        row, value = owner[:last][inside], mixed[inside]
        order = np.lexsort((value, row))
        row, value = row[order], value[order]
        fresh = np.append(True, (row[1:] != row[:-1]) | (value[1:] != value[:-1]))  # each shingle once a text
        row, value = row[fresh], value[fresh]
        begins = np.searchsorted(row, row, side="left")
        chosen = np.arange(len(row)) - begins < SKETCH
        row, value = row[chosen], value[chosen]
        sizes[start : start + len(counts)] = np.bincount(row, minlength=len(counts))
        kept_rows.append(row + start)
        kept_hashes.append(value)
    if not kept_rows:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.uint64), sizes
    return np.concatenate(kept_rows), np.concatenate(kept_hashes), sizes


class _WordNumbers(dict[str, int]):
    """A 64-bit number for each word, the same in every process."""

    def __missing__(self, word: str) -> int:
        number = int.from_bytes(blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest())
        self[word] = number
        return number
