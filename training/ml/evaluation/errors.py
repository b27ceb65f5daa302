"""The most confident mistakes, as a person reads them: the text, how sure the model was, and which words made it so."""

import time
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from training.ml.data.tables import TextTable
    from training.ml.evaluation.subject import Subject

MOST = 20  # of each kind
MOST_CHARACTERS = 1_000
BEFORE = 100  # characters shown before the first explained word of a long text
MOST_WORDS = 60
SECONDS = 60.0  # after that the rest stays unexplained: a slow machine still finishes


def confident_errors(
    subject: "Subject", table: "TextTable", label: str, scores: "NDArray[np.float64]", explained: int = MOST
) -> list[dict[str, Any]]:
    """Return up to MOST harmless rows with the highest scores and MOST positive rows with the lowest.

    The first `explained` of each kind carry the words' pushes in log-odds, as far as SECONDS reach. Of a
    long text the explained passage is shown; `offset` says where it starts, and the words' places count from there.
    """
    targets = table.targets[:, table.labels.index(label)]
    threshold = float(subject.thresholds[label])
    errors = []
    started = time.monotonic()
    for kind, wrong, order in (
        ("false positive", (targets == 0) & (scores >= threshold), -scores),
        ("false negative", (targets == 1) & (scores < threshold), scores),
    ):
        rows = np.flatnonzero(wrong)
        rows = rows[np.argsort(order[rows], kind="stable")][:MOST]
        for rank, row in enumerate(rows):
            text = table.texts[row]
            words = []
            if rank < explained and time.monotonic() - started < SECONDS:
                words = subject.explain(text, label)
            errors.append(
                {
                    "kind": kind,
                    "label": label,
                    "row": int(row),
                    "score": float(scores[row]),
                    "threshold": threshold,
                    **_shown(text, words),
                }
            )
    return errors


def _shown(text: str, words: list[dict[str, Any]]) -> dict[str, Any]:
    offset = 0
    if len(text) > MOST_CHARACTERS and words and words[-1]["end"] > MOST_CHARACTERS:
        offset = max(0, words[0]["begin"] - BEFORE)
    inside = [
        {**word, "begin": word["begin"] - offset, "end": word["end"] - offset}
        for word in words
        if offset <= word["begin"] and word["end"] <= offset + MOST_CHARACTERS
    ]
    strongest = sorted(inside, key=lambda word: -abs(word["value"]))[:MOST_WORDS]
    return {
        "text": text[offset : offset + MOST_CHARACTERS],
        "cut": len(text) > MOST_CHARACTERS,
        "offset": offset,
        "words": sorted(strongest, key=lambda word: word["begin"]),
    }
