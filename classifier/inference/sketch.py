"""A hash of the folded text to find copies, and a MinHash sketch to find near-duplicates.

Folding takes away what copies are disguised with: case, punctuation, repeated white space, invisible characters,
compatibility forms. The sketch is that of Broder (1997): the smallest hashes of a text's shingles (5 characters) under
32 permutations, in 8 bands of 4 (locality-sensitive hashing, Indyk and Motwani 1998). Two texts that share a share J of
their shingles agree in at least one band with probability 1 - (1 - J^4)^8: 0.99 at J = 0.8, 0.4 at 0.5, 0.06 at 0.3.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from classifier.inference.normalise import normalise_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy
    from numpy.typing import NDArray

    Hashes = NDArray[numpy.uint64]

SHINGLE = 5
BANDS = 8
ROWS = 4
SHORTEST = 20  # folded characters; a shorter text has too few shingles to be nearly another one
LONGEST = 2_000  # folded characters that the sketch looks at
BLOCK = 2_000  # texts whose sketches are made at once, so that memory stays small
_APART = re.compile(r"[\W_]+")
_BASE = 1_000_003


def folded(text: str) -> str:
    """Return the words of a text in one spelling; a text without any word is only lowered in case."""
    plain = unicodedata.normalize("NFKC", normalise_text(text)).casefold()
    return _APART.sub(" ", plain).strip() or plain


def text_hash(fold: str) -> int:
    """Hash a folded text to 64 bits, signed, as a bigint stores them."""
    return int.from_bytes(blake2b(fold.encode("utf-8", "replace"), digest_size=8).digest(), signed=True)


def sketch(fold: str) -> list[int] | None:
    """Return BANDS signed 32-bit numbers, one a band; None for a text that is too short to have near-duplicates."""
    if len(fold) < SHORTEST:
        return None
    import numpy

    codes = numpy.frombuffer(fold[:LONGEST].encode("utf-32-le", "replace"), dtype=numpy.uint32)
    codes = codes.astype(numpy.uint64)
    count = len(codes) - SHINGLE + 1
    shingles = numpy.zeros(count, dtype=numpy.uint64)
    for offset in range(SHINGLE):
        shingles = shingles * numpy.array(_BASE, dtype=numpy.uint64) + codes[offset : offset + count]
    seeds = _seeds()
    smallest = _mix(numpy.unique(_mix(shingles))[None, :] ^ seeds[:, None]).min(axis=1)
    bands = _mix(smallest.reshape(BANDS, ROWS) ^ seeds[: BANDS * ROWS].reshape(BANDS, ROWS))
    whole = _mix(bands.sum(axis=1, dtype=numpy.uint64))
    return [int(part) for part in (whole & numpy.uint64(0xFFFFFFFF)).astype(numpy.uint32).view(numpy.int32)]


def sketches(folds: Sequence[str]) -> tuple[NDArray[numpy.int32], NDArray[numpy.bool_]]:
    """Return the sketches [texts, BANDS] of many folded texts, and which texts have one; rows without it are zeros.

    The numbers are those of `sketch`, about ten times as fast: each permutation is taken of a whole block of texts.
    """
    import numpy

    result = numpy.zeros((len(folds), BANDS), dtype=numpy.int32)
    known = numpy.array([len(fold) >= SHORTEST for fold in folds], dtype=bool)
    rows = numpy.flatnonzero(known)
    for begin in range(0, len(rows), BLOCK):
        block = rows[begin : begin + BLOCK]
        result[block] = _block_sketches([folds[row][:LONGEST] for row in block])
    return result, known


def _block_sketches(folds: Sequence[str]) -> NDArray[numpy.int32]:
    import numpy

    codes = numpy.frombuffer("".join(folds).encode("utf-32-le", "replace"), dtype=numpy.uint32)
    codes = codes.astype(numpy.uint64)
    lengths = numpy.array([len(fold) for fold in folds], dtype=numpy.int64)
    begins = numpy.cumsum(lengths) - lengths
    count = len(codes) - SHINGLE + 1
    shingles = numpy.zeros(count, dtype=numpy.uint64)
    for offset in range(SHINGLE):
        shingles = shingles * numpy.array(_BASE, dtype=numpy.uint64) + codes[offset : offset + count]
    inside = numpy.ones(len(codes), dtype=bool)
    for offset in range(1, SHINGLE):
        inside[begins + lengths - offset] = False  # a shingle that begins here would reach into the next text
    mixed = _mix(shingles[inside[:count]])
    starts = numpy.concatenate([[0], numpy.cumsum(lengths - SHINGLE + 1)[:-1]])
    seeds = _seeds()
    smallest = numpy.empty((len(folds), len(seeds)), dtype=numpy.uint64)
    for position, seed in enumerate(seeds):
        smallest[:, position] = numpy.minimum.reduceat(_mix(mixed ^ seed), starts)
    bands = _mix(smallest.reshape(len(folds), BANDS, ROWS) ^ seeds.reshape(BANDS, ROWS))
    whole = _mix(bands.sum(axis=2, dtype=numpy.uint64))
    return (whole & numpy.uint64(0xFFFFFFFF)).astype(numpy.uint32).view(numpy.int32)


def similarity(fold: str, other_fold: str) -> float:
    """Return the share of their shingles that two folded texts have in common (Jaccard), 0 to 1."""
    if fold == other_fold:
        return 1.0
    first, second = _shingles(fold), _shingles(other_fold)
    both = len(first & second)
    union = len(first) + len(second) - both
    return both / union if union else 0.0


def _shingles(fold: str) -> set[str]:
    return {fold[begin : begin + SHINGLE] for begin in range(len(fold) - SHINGLE + 1)}


@cache
def _seeds() -> Any:
    import numpy

    return _mix(numpy.arange(1, BANDS * ROWS + 1, dtype=numpy.uint64))


def _mix(values: Hashes) -> Hashes:
    """Hash numbers by the finaliser of splitmix64 (Steele, Lea, Flood 2014): every bit changes every bit."""
    import numpy

    step = numpy.array([0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB], dtype=numpy.uint64)
    values = values + step[:1]
    values = (values ^ (values >> numpy.uint64(30))) * step[1:2]
    values = (values ^ (values >> numpy.uint64(27))) * step[2:3]
    return values ^ (values >> numpy.uint64(31))
