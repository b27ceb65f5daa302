"""Words that are written onto each other, such as "fuckyou" and "#gofuckyourself", parted where they meet.

Only for words that are looked for: a run of letters that is no known word, or one that is mostly used to offend, is
parted when the likeliest way to read it as a row of common words holds one of them. Unless it is a hashtag or a capital
begins each word, all other words must be of those that people write onto an insult: "cockburn" is a name.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection

from classifier.inference.disguises import OFFENSIVE, is_offensive
from classifier.inference.normalise import NormalisedText
from classifier.inference.reading_words import WordList
from classifier.inference.rewriting import Edit, rewritten

_RUN = re.compile(r"(?<![\w'\u2019@&./-])(?P<hash>#)?(?P<letters>[A-Za-z]{5,40})(?![\w@/-]|['\u2019]\w|\.\w)")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
LOOKED_FOR_MIN = 4
"""A shorter word stands inside too many others."""
COMMON_ROWS = 300
PARTS_MAX = 6
ROWS = 300_000
_BESIDE = frozenset(
    "a all an and are at back be dumb every everybody everyone face fat go head her hey him his how i in is it just "
    "lil lol me my no now of off on ok old one out over people please really she shut so such stupid that the them "
    "they this to total u ugly up ur us what who why ya yall yes you your yourself yourselves".split()
)


def parted_words(view: NormalisedText, words: WordList, glued: Collection[str]) -> NormalisedText:
    """Return the text with a space where a word of `glued` meets another within one run of letters."""
    edits: list[Edit] = []
    for run in _RUN.finditer(view.text):
        written = run["letters"]
        small = written.lower()
        if (small in words and words[small].toxic_share < OFFENSIVE) or not any(
            word in small for word in glued
        ):
            continue
        if small in glued:
            continue
        parts = _parts(written, words, glued, is_tag=run["hash"] is not None)
        at = run.start("letters")
        for part in parts[:-1]:
            at += len(part)
            edits.append((at, at, " "))
    return rewritten(view, edits) if edits else view


def _parts(written: str, words: WordList, glued: Collection[str], *, is_tag: bool) -> list[str]:
    """Return the words that a run is made of, none where no looked-for word is among them."""
    humps = [hump.lower() for hump in _HUMP.split(written)]
    parts: list[str] = []
    for hump in humps:
        known = hump in words and len(humps) > 1
        parts += [hump] if known else _likeliest(hump, words, glued) or [hump]
    found = [part for part in parts if part in glued and len(part) >= LOOKED_FOR_MIN]
    if len(parts) < 2 or not found:
        return []
    may_be_name = not is_tag and len(humps) == 1
    if may_be_name and not all(
        part in glued or part in _BESIDE or is_offensive(part, words) for part in parts
    ):
        return []
    return parts


def _likeliest(run: str, words: WordList, glued: Collection[str]) -> list[str] | None:
    """Return the cheapest row of common words that the letters spell (Viterbi), or None."""
    best: list[tuple[float, list[str]] | None] = [(0.0, [])] + [None] * len(run)
    for begin in range(len(run)):
        here = best[begin]
        if here is None or len(here[1]) >= PARTS_MAX:
            continue
        for end in range(begin + 1, len(run) + 1):
            word = run[begin:end]
            count = words.ordinary(word)
            looked_for = word in glued and len(word) >= LOOKED_FOR_MIN
            if (
                count is None
                or len(word) == len(run)
                or not (looked_for or (count.rows >= COMMON_ROWS and _may_join(word)))
            ):
                continue
            cost = here[0] - math.log(count.rows / ROWS) + 1.0
            known = best[end]
            if known is None or cost < known[0]:
                best[end] = cost, [*here[1], word]
    last = best[-1]
    return None if last is None else last[1]


def _may_join(word: str) -> bool:
    return len(word) > 2 or word in _BESIDE or word in ("do", "we", "he", "is", "be", "as", "or", "no", "am")
