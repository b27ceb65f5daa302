"""Rows that teach to recognise a *concern*: somebody tells of their own hurt (self-harm, suicide, violence suffered).

Composed from two files of patterns: the family `own_hurt` of contrast/, and concern.yaml. What wishes the same hurt
upon somebody, jokes, reports and everyday sentences with the same words are none.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from training.ml.mixture.templates import Sentence, contrast_sentences

CONCERN_PATTERNS = Path(__file__).with_name("concern.yaml")
OWN_HURT = "own_hurt"
TOLD = "told"
HELD_OUT = 0.2  # of the patterns


@dataclass(frozen=True)
class ConcernRow:
    """A text, and whether it tells of its author's own hurt (or that of someone close to them).

    Rows of one `group` are alike: they are fitted, or held out, together; "" is alone.
    """

    text: str
    is_concern: bool
    group: str = ""


def concern_rows(seed: int = 13, share: float = 1.0) -> list[ConcernRow]:
    """Return composed rows of both kinds, no two alike; `share` of each side's count, the seed decides all."""
    rows: dict[str, ConcernRow] = {}
    for sentence in contrast_sentences(seed, share):
        rows[sentence.text.casefold()] = ConcernRow(sentence.text, tells_of_hurt(sentence), sentence.pattern)
    for sentence in contrast_sentences(seed, share, patterns=CONCERN_PATTERNS):
        row = ConcernRow(sentence.text, tells_of_hurt(sentence), sentence.pattern)
        rows.setdefault(sentence.text.casefold(), row)
    return list(rows.values())


def place(group: str, seed: int) -> float:
    """Return a number from 0 to 1 that depends on group and seed alone: rows of one group go the same way."""
    return int.from_bytes(hashlib.sha256(f"{seed} {group}".encode()).digest()[:4], "big") / 2**32


def is_held_out(sentence: Sentence, seed: int) -> bool:
    """Return whether the starter leaves the sentence out of its rows, since concerns are measured on its pattern."""
    about_hurt = sentence.family in (OWN_HURT, TOLD)
    return about_hurt and place(sentence.pattern, seed) < HELD_OUT


def tells_of_hurt(sentence: Sentence) -> bool:
    """Return whether a composed sentence tells of its author's own hurt."""
    return sentence.family == TOLD or (sentence.family == OWN_HURT and sentence.labels[0] == 0)
