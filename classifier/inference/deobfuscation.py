"""Readings of a folded text for patterns that only know letters: signs read as letters, spelled-out words joined.

A phrase can be rewritten into a pattern letter by letter; a regular expression cannot, so the text is rewritten.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator

from classifier.inference.fold import BAR, LEET
from classifier.inference.normalise import NormalisedText

_SPELLED = re.compile(r"(?<![^\W_])(?:[^\W_][\W_]{1,4}){2,}[^\W_](?![^\W_])")
_HELD = re.compile(r"([^\W\d_])\1{2,}")
_WORD = re.compile(r"\S+")
_NOT_LETTERS = re.compile(r"[\d\W_]*[a-z]{0,2}\Z")


def readings(view: NormalisedText) -> Iterator[NormalisedText]:
    """Yield the text with signs read as letters (a bar as i, as l), and each again with spelled-out words joined."""
    for text in dict.fromkeys(
        (view.text.replace(BAR, "i"), _unleeted(view.text, 0), _unleeted(view.text, 1))
    ):
        yield NormalisedText(text, view.original, view.begins, view.ends)
        joined = _joined(NormalisedText(text, view.original, view.begins, view.ends))
        if joined is not None:
            yield joined


def _unleeted(text: str, reading: int) -> str:
    """Read signs as letters, the first (0) or last (1) that each may be; a number, with a unit or not, stays one."""

    def read(match: re.Match[str]) -> str:
        word = match[0]
        if _NOT_LETTERS.match(word):
            return word
        body = word.rstrip("!")  # at the end of a word it only ends a sentence
        letters = (LEET[sign][-reading] if sign in LEET else sign for sign in body)
        return "".join(letters) + word[len(body) :]

    return _WORD.sub(read, text)


def _joined(view: NormalisedText) -> NormalisedText | None:
    """Join single letters into words and runs of three or more of a letter into one; None where there are none."""
    kept = bytearray(b"\x01") * len(view.text)
    for match in _SPELLED.finditer(view.text):
        for index in range(*match.span()):
            if not view.text[index].isalnum():
                kept[index] = 0
    for match in _HELD.finditer(view.text):
        begin, end = match.span()
        kept[begin + 1 : end] = bytes(end - begin - 1)
    if all(kept):
        return None
    indices = [index for index, keep in enumerate(kept) if keep]
    spans = [view.original_span(index, index + 1) for index in indices]
    return NormalisedText(
        "".join(view.text[index] for index in indices),
        view.original,
        array("q", (begin for begin, _ in spans)),
        array("q", (end for _, end in spans)),
    )
