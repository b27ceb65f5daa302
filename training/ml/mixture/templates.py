"""Contrast sentences made from patterns: the same words aimed at someone, told about, said of oneself, or meant kindly.

A comment classifier learns words before it learns who says them to whom. Each file of `contrast/` is a family that
holds both sides of one such difference, so that the words alone decide nothing (contrast sets: Gardner et al. 2020,
arXiv 2004.02709). The sentences are composed for training; those of test suites must not be among them, which
`training.ml.mixture.overlap` checks.
"""

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

PATTERNS = Path(__file__).with_name("contrast")
WORDS = PATTERNS / "words.yaml"

# In the order of the six labels: toxic, severe_toxic, obscene, threat, insult, identity_hate; -1 is unknown.
MEANINGS: dict[str, tuple[int, ...]] = {
    "harmless": (0, 0, 0, 0, 0, 0),
    "swearing": (0, 0, -1, 0, 0, 0),
    "mentioned": (0, 0, -1, 0, 0, 0),
    "insult": (1, -1, -1, 0, 1, 0),
    "slur": (1, -1, -1, 0, 1, 1),
    "hate": (1, -1, -1, -1, -1, 1),
    "threat": (1, -1, -1, 1, -1, 0),
    "rude": (1, -1, -1, -1, -1, 0),
}
_SLOT = re.compile(r"\{(\w+)\}")
_OPENINGS = (
    "",
    "",
    "",
    "",
    "honestly, ",
    "lol ",
    "so, ",
    "well, ",
    "hey, ",
    "ok ",
    "look, ",
    "again: ",
    "wow, ",
    "no, ",
)
_ENDINGS = ("", "", "", ".", ".", "!", "...", "!!", " :)", " tbh", " lol", " haha")
_SHARE_OPENED, _SHARE_CAPITALISED, _SHARE_SHOUTED = 0.3, 0.45, 0.03
_TRIES = 4


@dataclass(frozen=True)
class Sentence:
    """One composed sentence, its six labels (1, 0, -1 unknown), its family, and the pattern that it was made of."""

    text: str
    labels: tuple[int, ...]
    family: str
    pattern: str = ""


@dataclass(frozen=True)
class _Side:
    patterns: Sequence[str]
    labels: tuple[int, ...]
    count: int
    slots: Mapping[str, Sequence[str]]


def contrast_sentences(seed: int = 13, share: float = 1.0, *, patterns: Path = PATTERNS) -> list[Sentence]:
    """Return the sentences of every family, `share` of each side's count; the seed decides all, no two are alike.

    `patterns` is the folder of families, or a file of words and families, which may use the folder's words too.
    """
    sentences: dict[str, Sentence] = {}
    for family, sides in _families(patterns).items():
        rng = random.Random(f"{seed} {family}")  # noqa: S311 - a family stays the same when another changes
        for side in sides:
            for text, pattern in _composed(side, max(1, round(side.count * share)), rng):
                sentences.setdefault(text.lower(), Sentence(text, side.labels, family, pattern))
    return list(sentences.values())


def _composed(side: _Side, count: int, rng: random.Random) -> Iterator[tuple[str, str]]:
    """Yield up to `count` different sentences with their patterns, every pattern about as often as another."""
    seen: set[str] = set()
    for number in range(count * _TRIES):
        pattern = side.patterns[number % len(side.patterns)]
        text = _varied(filled(pattern, rng, side.slots), rng)
        if text.lower() not in seen:
            seen.add(text.lower())
            yield text, pattern
        if len(seen) == count:
            return


def filled(pattern: str, rng: random.Random, slots: Mapping[str, Sequence[str]] | None = None) -> str:
    """Return a pattern with a word in each {slot}: of `slots`, or of words.yaml."""
    words = slots or _words()
    while _SLOT.search(pattern):  # a word may hold slots itself
        pattern = _SLOT.sub(lambda slot: rng.choice(words[slot[1]]), pattern)
    return pattern


def _varied(text: str, rng: random.Random) -> str:
    """Vary what people vary: openings, endings, capitals."""
    if rng.random() < _SHARE_OPENED and not text.startswith('"'):
        text = rng.choice(_OPENINGS) + text
    if text[-1].isalnum():
        text += rng.choice(_ENDINGS)
    how = rng.random()
    if how > 1 - _SHARE_SHOUTED:
        return text.upper()
    return text[0].upper() + text[1:] if how < _SHARE_CAPITALISED else text


@cache
def _families(patterns: Path = PATTERNS) -> dict[str, list[_Side]]:
    import yaml

    content: dict[str, Any]
    if patterns.is_dir():
        files = sorted(file for file in patterns.glob("*.yaml") if file != WORDS)
        content = {
            "families": {file.stem: yaml.safe_load(file.read_text(encoding="utf-8")) for file in files}
        }
    else:
        content = yaml.safe_load(patterns.read_text(encoding="utf-8"))
    words: dict[str, list[str]] = _words() | content.get("words", {})
    return {
        family: [
            _Side(side["patterns"], MEANINGS[side["labels"]], side["count"], words | _slots(side, words))
            for side in sides
        ]
        for family, sides in content["families"].items()
    }


@cache
def _words() -> dict[str, list[str]]:
    import yaml

    words: dict[str, list[str]] = yaml.safe_load(WORDS.read_text(encoding="utf-8"))
    return words


def _slots(side: Mapping[str, Any], words: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Return the side's own slots: a list of its own, or the name of one of `words`."""
    own: dict[str, str | list[str]] = side.get("slots", {})
    return {slot: words[choice] if isinstance(choice, str) else choice for slot, choice in own.items()}


def quotation_frames(*, endorsed: bool) -> list[str]:
    """Return the patterns around {x} that object to what they quote, or that agree with it."""
    wanted = MEANINGS["hate"] if endorsed else MEANINGS["mentioned"]
    return [
        pattern
        for side in _families()["quoted"]
        if side.labels == wanted
        for pattern in side.patterns
        if _SLOT.findall(pattern) == ["x"]
    ]
