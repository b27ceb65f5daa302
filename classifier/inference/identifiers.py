"""Stretches of a text in which words stand by chance: ids, keys and codes, and the set phrases that offend nobody."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import re2

from classifier.inference.normalise import without_surrogates

SET_PHRASES = Path(__file__).with_name("set_phrases.txt")
_CANDIDATE = re.compile(
    r"<a?:\w{1,64}:\d{5,}>|<[@#][!&]?\d{5,}>"  # emoji and names of chats
    r"|(?<![\w@])[0-9A-Za-z]+(?:[-_][0-9A-Za-z]+)*={0,2}(?!\w)"
)
CHARACTERS_MIN = 8
_CASES = re.compile(r"[a-z](?=[A-Z])|[A-Z](?=[a-z][A-Z])|[a-zA-Z](?=\d)|\d(?=[a-zA-Z])")


def identifiers(text: str) -> Iterator[tuple[int, int]]:
    """Yield the ids, keys and codes of a text as [begin, end): what holds digits and letters as no word does.

    What may be a word with digits for letters ("m0therf4cker") is among them; who looks for words takes a hit that is
    all of such a stretch for the word.
    """
    if not any(character.isdigit() for character in text):
        return
    for match in _CANDIDATE.finditer(text):
        if match[0][0] == "<" or _is_identifier(match[0]):
            yield match.span()


def _is_identifier(token: str) -> bool:
    plain = re.sub(r"[^0-9A-Za-z]", "", token)
    digits = sum(character.isdigit() for character in plain)
    if len(plain) < CHARACTERS_MIN or not 0 < digits < len(plain):
        return False
    if digits >= 3 and digits * 5 >= len(plain):
        return True
    return len(_CASES.findall(token)) >= 4


def set_phrases(text: str) -> Iterator[tuple[int, int]]:
    """Yield where the shipped set phrases stand in a text, whatever the case and the signs between their words."""
    for match in _set_phrases().finditer(without_surrogates(text)):
        yield match.span(1)


@lru_cache(maxsize=1)
def _set_phrases() -> Any:
    phrases = [
        line
        for line in SET_PHRASES.read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    ]
    phrases.sort(key=len, reverse=True)
    ways = "|".join(
        r"[\s,.\-]{1,3}".join(
            re2.escape(word).replace("'", "['\u2019]") for word in re.split(r"[ -]", phrase)
        )
        for phrase in phrases
    )
    return re2.compile(f"(?i)\\b({ways})\\b")
