"""Long coherent texts for training, with one sentence slipped in that is abusive, or only looks so.

A classifier that learned from short comments misses one abusive sentence in a friendly letter, and its scores of long
harmless letters spread. Each text is a part of one of the topics in `long_texts.yaml`, as a window of a long comment
shows it: some of its sentences in their order, cut at either end as a window cuts. The same part is made twice, once
with a sentence of each side, so that the letter around it decides nothing.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from training.ml.mixture.templates import MEANINGS, Sentence, filled

TOPICS = Path(__file__).with_name("long_texts.yaml")
FAMILY = "long_texts"
AIMED = (1, -1, -1, -1, -1, -1)
FEWEST_SENTENCES, MOST_SENTENCES = 3, 9
_JOINTS = (" ", " ", " ", "\n", "\n\n")
_SHARE_CUT = 0.5  # of the texts at each end, in the middle of a sentence
_SHARE_WITHOUT = 0.25  # of the harmless texts: nothing is slipped in
_SHARE_CAPITALISED = 0.8
_SHARE_BORROWED = 0.4  # of the sentences slipped in: contrast sentences instead of the topics' own


@dataclass(frozen=True)
class _Material:
    topics: Sequence[Sequence[str]]
    joining: Sequence[str]
    aimed: Sequence[str]
    plain: Sequence[str]


def long_texts(count: int, contrast: Sequence[Sentence], seed: int = 13) -> list[Sentence]:
    """Return up to `count` texts, every other one abusive; the seed decides all, no two are alike.

    Sentences of `contrast` are slipped in beside those written for it, with their labels. `pattern` is the topic.
    """
    rng = random.Random(f"{seed} {FAMILY}")  # noqa: S311 - a sample, no secret
    material = _material()
    hostile = [sentence for sentence in contrast if sentence.labels[0] == 1]
    harmless = [sentence for sentence in contrast if sentence.labels[0] == 0]
    texts: dict[str, Sentence] = {}
    for number in range(count // 2):
        topic = number % len(material.topics)
        part = _part(material.topics[topic], rng)
        at = rng.randrange(len(part) + 1)
        for own, borrowed, labels in (
            (material.aimed, hostile, AIMED),
            (material.plain, harmless, MEANINGS["mentioned"]),
        ):
            sentence, meaning = _slipped_in(own, borrowed, labels, rng)
            if meaning[0] == 0 and rng.random() < _SHARE_WITHOUT:
                sentence, meaning = "", MEANINGS["harmless"]
            joined = _joining(material.joining, sentence, rng) if sentence else ""
            text = _cut([*part[:at], joined, *part[at:]], joined, rng)
            texts.setdefault(text, Sentence(text, meaning, FAMILY, f"{FAMILY} {topic}"))
    return list(texts.values())


def _part(sentences: Sequence[str], rng: random.Random) -> list[str]:
    """Return some of the sentences that follow each other, one or two of them left out."""
    size = rng.randint(FEWEST_SENTENCES, min(MOST_SENTENCES, len(sentences)))
    start = rng.randrange(len(sentences) - size + 1)
    part = list(sentences[start : start + size])
    if size > FEWEST_SENTENCES + 1:
        del part[rng.randrange(size)]
    return part


def _slipped_in(
    own: Sequence[str], borrowed: Sequence[Sentence], labels: tuple[int, ...], rng: random.Random
) -> tuple[str, tuple[int, ...]]:
    if borrowed and rng.random() < _SHARE_BORROWED:
        sentence = rng.choice(borrowed)
        return sentence.text, sentence.labels
    return filled(rng.choice(own), rng), labels


def _joining(joining: Sequence[str], sentence: str, rng: random.Random) -> str:
    joined = rng.choice(joining).replace("{x}", sentence)
    return joined[0].upper() + joined[1:] if rng.random() < _SHARE_CAPITALISED else joined


def _cut(pieces: Sequence[str], kept: str, rng: random.Random) -> str:
    """Join the pieces, the first and the last one cut in the middle now and then, but never the one to keep."""
    parts = [piece for piece in pieces if piece]
    ends: list[tuple[int, Callable[[list[str]], list[str]]]] = [
        (0, lambda words: words[rng.randrange(len(words)) :]),
        (-1, lambda words: words[: rng.randrange(1, len(words) + 1)]),
    ]
    for place, shortened in ends:
        if parts[place] != kept and rng.random() < _SHARE_CUT:
            parts[place] = " ".join(shortened(parts[place].split(" ")))
    return "".join(_joined(parts, rng.choice(_JOINTS), rng))


def _joined(parts: Sequence[str], joint: str, rng: random.Random) -> Iterator[str]:
    for number, part in enumerate(parts):
        if number:
            yield joint if joint == " " or rng.random() < 0.5 else " "
        yield part


@cache
def _material() -> _Material:
    import yaml

    content: dict[str, Any] = yaml.safe_load(TOPICS.read_text(encoding="utf-8"))
    return _Material(
        [topic["sentences"] for topic in content["topics"]],
        content["joining"],
        content["aimed"],
        content["plain"],
    )
