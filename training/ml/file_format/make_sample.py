"""Makes the shipped sample again, byte for byte: `python -m training.ml.file_format.make_sample TRAIN.parquet FOLDER`.

TRAIN.parquet holds rows of the Jigsaw challenge with `comment_text`, the six labels and `text_exact`. Each text's
hash puts it into one of three pools, and within a pool every stratum (the rarest label of a row, or none) gives its
rows with the smallest hashes. Rare labels are drawn more often than they occur; a row's weight is how many rows of the
whole source it stands for (those without an exact text included), scaled to a mean of 1, so weighted rates are those
of the source.
"""

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from classifier.inference.labels import JIGSAW_LABELS
from training.ml.file_format.rows import Rows, text_digest, write_splits

if TYPE_CHECKING:
    from numpy.typing import NDArray

RAREST_FIRST = ("threat", "identity_hate", "severe_toxic", "insult", "obscene", "toxic")
POOLS = {"train": (0.0, 0.5), "validation": (0.5, 0.7), "test": (0.7, 1.0)}
WANTED = {  # rows of each stratum
    "train": {
        "threat": 150,
        "identity_hate": 220,
        "severe_toxic": 180,
        "insult": 350,
        "obscene": 200,
        "toxic": 250,
    },
    "validation": {
        "threat": 45,
        "identity_hate": 75,
        "severe_toxic": 60,
        "insult": 110,
        "obscene": 60,
        "toxic": 80,
    },
    "test": {
        "threat": 70,
        "identity_hate": 110,
        "severe_toxic": 90,
        "insult": 170,
        "obscene": 90,
        "toxic": 120,
    },
}
ROWS = {"train": 3000, "validation": 1000, "test": 1500}
LONGEST = 3000  # characters; 2 % of the source is longer


def make_sample(source: Path) -> dict[str, Rows]:
    """Return the three splits of the sample, drawn from `source`."""
    import pyarrow.parquet as pq

    table = pq.read_table(source, columns=["comment_text", *JIGSAW_LABELS, "text_exact"])
    targets = np.stack([table.column(label).to_numpy() for label in JIGSAW_LABELS], axis=1).astype(np.float32)
    known = np.asarray((targets >= 0).all(axis=1))
    strata = [_stratum(target) if is_known else "" for target, is_known in zip(targets, known, strict=True)]
    source_rows = Counter(strata)
    usable = table.column("text_exact").to_numpy(zero_copy_only=False) & known
    texts = table.column("comment_text").to_pylist()
    by_digest: dict[bytes, int] = {}
    for row in np.flatnonzero(usable):
        if texts[row].strip() and len(texts[row]) <= LONGEST:
            by_digest.setdefault(text_digest(texts[row]), int(row))
    order = sorted(by_digest)
    result = {}
    for split, (begin, end) in POOLS.items():
        pool = [by_digest[d] for d in order if begin <= int.from_bytes(d[-8:], "big") / 2**64 < end]
        chosen = _draw(split, pool, strata)
        drawn = Counter(strata[row] for row in chosen)
        weights = np.asarray([source_rows[strata[row]] / drawn[strata[row]] for row in chosen])
        result[split] = Rows(
            [texts[row] for row in chosen],
            targets[chosen],
            (weights / weights.mean()).astype(np.float32),
            JIGSAW_LABELS,
        )
    return result


def _draw(split: str, pool: list[int], strata: list[str]) -> list[int]:
    """Draw the rows of one split in the pool's order; rows without a label make up what a rare stratum lacks."""
    left = dict(WANTED[split])
    chosen = set()
    for row in pool:
        if left.get(strata[row], 0) > 0:
            left[strata[row]] -= 1
            chosen.add(row)
    plain = [row for row in pool if strata[row] == "none"]
    chosen.update(plain[: ROWS[split] - len(chosen)])
    return [row for row in pool if row in chosen]


def _stratum(target: "NDArray[np.float32]") -> str:
    for name in RAREST_FIRST:
        if target[JIGSAW_LABELS.index(name)] == 1:
            return name
    return "none"


if __name__ == "__main__":
    write_splits(make_sample(Path(sys.argv[1])), Path(sys.argv[2]))
