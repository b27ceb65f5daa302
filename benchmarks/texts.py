"""The texts that are measured with: a file's, or made-up ones of the lengths that Wikipedia's talk pages have."""

import random
from itertools import islice, pairwise
from pathlib import Path

from classifier.inference.files.texts import read_texts

# Quantiles of wiki_toxic's length in words of BERT's vocabulary: mean 94, median 51, 90 % below 204, 99 % below 790.
QUANTILES = (
    (0.0, 6),
    (0.1, 14),
    (0.25, 26),
    (0.5, 51),
    (0.75, 105),
    (0.9, 204),
    (0.95, 308),
    (0.99, 790),
    (1.0, 1_400),
)
WORDS = (
    "the article is about a page that you have changed and I do not agree with it because there was no source for what "
    "they said so please talk before next time thank you idiot edit history user source reason why nonsense stop it "
).split()


def texts(data: Path | None, column: str, count: int) -> list[str]:
    """Return the first `count` texts of `data`, or synthetic ones that are the same every time."""
    if data is not None:
        sample = list(islice(read_texts(data, column), count))
        if not sample:
            raise SystemExit(f"--data: {data} holds no texts")
        return sample
    generator = random.Random(94)
    return [" ".join(generator.choices(WORDS, k=_length(generator.random()))) for _ in range(count)]


def _length(share: float) -> int:
    for (low, shortest), (high, longest) in pairwise(QUANTILES):
        if share <= high:
            return round(shortest + (longest - shortest) * (share - low) / (high - low))
    return QUANTILES[-1][1]
