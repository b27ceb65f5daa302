"""How far the words that drive a version are the words that moderators marked: its reasons held against people's.

Plausibility as in ERASER (DeYoung et al. 2020): rationales are compared with those of people. The measure is
R-precision (Manning, Raghavan and Schuetze 2008, section 8.4): of the k words that push hardest towards the label, k
being how many words a person marked, the share that is marked. By chance alone it is the share of marked words.
"""

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from training.ml.data.tables import Spans, TextTable
    from training.ml.evaluation.subject import Subject

MOST = 200  # rows; drawn with the seed where there are more
SECONDS = 60.0
RESAMPLES = 1_000


def marked_words(
    subject: "Subject", table: "TextTable", label: str, *, seed: int = 0
) -> dict[str, Any] | None:
    """Return {"label", "rows", "marked_rows", "words", "share", "low", "high", "chance"} over removed rows with marks.

    `words` counts the marked ones. A row whose every explained word is marked, or none, tells nothing and does not
    count. `low` to `high` is the 95 % interval of the mean over rows, by bootstrap. None where nobody marked a word,
    or the subject cannot explain itself.
    """
    if table.marks is None:
        return None
    truth = table.targets[:, table.labels.index(label)]
    rows = [row for row, spans in enumerate(table.marks) if spans and truth[row] == 1]
    marked_rows = len(rows)
    generator = np.random.default_rng(seed)
    if marked_rows > MOST:
        rows = sorted(generator.choice(rows, MOST, replace=False).tolist())
    shares, chances, marked = [], [], 0
    started = time.monotonic()
    for row in rows:
        if time.monotonic() - started > SECONDS:
            break
        agreed = agreement(subject.explain(table.texts[row], label), table.marks[row])
        if agreed is not None:
            count, share, chance = agreed
            marked += count
            shares.append(share)
            chances.append(chance)
    if not shares:
        return None
    values = np.asarray(shares)
    drawn = values[generator.integers(len(values), size=(RESAMPLES, len(values)))].mean(axis=1)
    low, high = np.quantile(drawn, (0.025, 0.975))
    return {
        "label": label,
        "rows": len(shares),
        "marked_rows": marked_rows,
        "words": marked,
        "share": float(values.mean()),
        "low": float(low),
        "high": float(high),
        "chance": float(np.mean(chances)),
    }


def agreement(words: Sequence[Mapping[str, Any]], spans: "Spans") -> tuple[int, float, float] | None:
    """Return how many of the words are marked, the R-precision, and what chance gives; None where it tells nothing.

    Of words that push equally hard the earlier one comes first.
    """
    marked = [any(word["begin"] < end and begin < word["end"] for begin, end in spans) for word in words]
    count = sum(marked)
    if not 0 < count < len(words):
        return None
    order = sorted(range(len(words)), key=lambda index: -float(words[index]["value"]))
    return count, sum(marked[index] for index in order[:count]) / count, count / len(words)
