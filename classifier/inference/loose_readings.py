"""All that a text may be read as, without asking which words there are: for patterns that a person wrote.

A rule names the word that it looks for, which need not be an ordinary one. So here every sign is read as a letter and
all that is set apart is joined, where `classifier.inference.reading` asks the word list first. A phrase is rewritten
into a pattern that allows for this (`classifier.inference.phrases`); a regular expression cannot be, so the text is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from classifier.inference.fold import BAR, LEET
from classifier.inference.normalise import NormalisedText
from classifier.inference.rewriting import Edit, rewritten

_SPELLED = re.compile(r"(?<![^\W_])(?:[^\W_][\W_]{1,4}){2,}[^\W_](?![^\W_])")
_HELD = re.compile(r"([^\W\d_])\1{2,}")
_BETWEEN = re.compile(r"[\W_]+")
_WORD = re.compile(r"\S+")
_NOT_LETTERS = re.compile(r"[\d\W_]*[a-z]{0,2}\Z")


def loose_readings(folded: NormalisedText) -> Iterator[NormalisedText]:
    """Yield folded text with signs read as letters (a bar as i, as l), and each again with spelled-out words joined."""
    for text in dict.fromkeys(
        (folded.text.replace(BAR, "i"), _unleeted(folded.text, 0), _unleeted(folded.text, 1))
    ):
        view = NormalisedText(text, folded.original, folded.begins, folded.ends)
        yield view
        edits = sorted(_joints(text))
        if edits:
            yield rewritten(view, edits)


def _unleeted(text: str, choice: int) -> str:
    """Read signs as letters, the first (0) or last (1) that each may be; a number, with a unit or not, stays one."""

    def read(match: re.Match[str]) -> str:
        word = match[0]
        if _NOT_LETTERS.match(word):
            return word
        body = word.rstrip("!")  # at the end of a word it only ends a sentence
        letters = (LEET[sign][-choice] if sign in LEET else sign for sign in body)
        return "".join(letters) + word[len(body) :]

    return _WORD.sub(read, text)


def _joints(text: str) -> Iterator[Edit]:
    """Yield what to take out: the marks between single letters, and of a letter held three times all but one."""
    for match in _SPELLED.finditer(text):
        for between in _BETWEEN.finditer(match[0]):
            yield match.start() + between.start(), match.start() + between.end(), ""
    for match in _HELD.finditer(text):
        yield match.start() + 1, match.end(), ""
