"""Rows that teach to recognise a *concern*: somebody tells of their own hurt (self-harm, suicide, violence suffered).

Composed from two files of patterns: the family `own_hurt` of contrast.yaml, and concern.yaml. What wishes the same hurt
upon somebody, jokes, reports and everyday sentences with the same words are none.
"""

from dataclasses import dataclass
from pathlib import Path

from training.ml.mixture.templates import contrast_sentences

CONCERN_PATTERNS = Path(__file__).with_name("concern.yaml")
OWN_HURT = "own_hurt"
TOLD = "told"


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
        is_concern = sentence.family == OWN_HURT and sentence.labels[0] == 0
        rows[sentence.text.casefold()] = ConcernRow(sentence.text, is_concern, sentence.pattern)
    for sentence in contrast_sentences(seed, share, patterns=CONCERN_PATTERNS):
        row = ConcernRow(sentence.text, sentence.family == TOLD, sentence.pattern)
        rows.setdefault(sentence.text.casefold(), row)
    return list(rows.values())
