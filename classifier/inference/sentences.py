"""The sentences of a text as spans, for scores that say where in a comment something was said.

Cut on the text as it was written, since cleaning it takes the line ends away; characters that nobody sees hide no end.
"""

import re
from itertools import pairwise

from classifier.inference.normalise import INVISIBLE

LONGEST = 400
"""Characters; a sentence without an end is cut there, at a pause or a space, so that its score still says where."""

_CLOSERS = f"[\"'\u201d\u2019\u00bb)\\]*_{INVISIBLE}]*+"
# Marks with what closes after them, then white space; marks of scripts without spaces; line ends.
_END = re.compile(
    f"(?<![.!?\u2026])[.!?\u2026]++{_CLOSERS}(?=\\s)|[\u3002\uff01\uff1f]++{_CLOSERS}|[\\r\\n\\u2028\\u2029]++|\\Z"
)
_LAST_WORD = re.compile("[^\\s(\\[\"'\u201c\u2018]{1,12}\\Z")
_ABBREVIATIONS = frozenset(
    "mr mrs ms dr prof st sr jr vs etc inc ltd co corp dept est fig approx resp cf al viz ca gov sen rep gen col lt sgt"
    " jan feb mar apr jun jul aug sep sept oct nov dec mon tue wed thu fri".split()
)
_NUMBERED = frozenset(["no", "nr", "p", "pp", "vol", "art", "ch", "sec"])
_LETTERS_WITH_DOTS = re.compile(r"(?:[^\W\d_]\.)+[^\W\d_]")
_UNSEEN = re.compile(f"[{INVISIBLE}]")
_LIST_NUMBER = re.compile(r"\s*\(?\d{1,3}[.)]*\s*")
_PAUSE = re.compile(r"[,;:\u3001\uff0c\u2013\u2014]\s*|\s")


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Return the sentences of `text` as [begin, end), in order, without the white space around them.

    Together they leave nothing but white space out. What has no letters (an emoji, a row of marks, the number of a
    list) belongs to the sentence beside it.
    """
    pieces: list[tuple[int, int]] = []
    begin = 0
    for match in _END.finditer(text):
        if _goes_on(text, begin, match):
            continue
        span = _stripped(text, begin, match.end())
        if span[0] < span[1]:
            pieces.append(span)
        begin = match.end()
    return [cut for span in _with_letters(text, pieces) for cut in _cut(text, *span)]


def joined(spans: list[tuple[int, int]], most: int) -> list[tuple[int, int]]:
    """Return at most `most` spans over the same text, joining neighbours where there are more."""
    size = -(-len(spans) // most)
    if size <= 1:
        return spans
    return [
        (spans[first][0], spans[min(first + size, len(spans)) - 1][1]) for first in range(0, len(spans), size)
    ]


def _goes_on(text: str, begin: int, match: re.Match[str]) -> bool:
    """Return whether these marks end no sentence: an abbreviation's dot, or dots before a small letter."""
    marks = _UNSEEN.sub("", match[0]).rstrip("\"'\u201d\u2019\u00bb)]*_")
    following = text[match.end() : match.end() + 2].lstrip()[:1]
    if marks in ("...", "\u2026", ".."):
        return following.islower()
    if marks != ".":
        return False
    last = _LAST_WORD.search(_UNSEEN.sub("", text[max(begin, match.start() - 24) : match.start()]))
    word = last[0] if last else ""
    small = word.lower()
    return (
        small in _ABBREVIATIONS
        or (small in _NUMBERED and following.isdigit())
        or (len(word) == 1 and word.isupper() and word != "I")
        or _LETTERS_WITH_DOTS.fullmatch(word) is not None
    )


def _with_letters(text: str, pieces: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Join pieces without a letter to the one before, or to the one after where they open a list or the text."""
    spans: list[tuple[int, int]] = []
    waiting: int | None = None
    for begin, end in pieces:
        if any(letter.isalpha() for letter in text[begin:end]):
            spans.append((begin if waiting is None else waiting, end))
            waiting = None
        elif waiting is None and spans and not _LIST_NUMBER.fullmatch(text, begin, end):
            spans[-1] = (spans[-1][0], end)
        elif waiting is None:
            waiting = begin
    if waiting is not None:
        begin = spans.pop()[0] if spans else waiting
        spans.append((begin, pieces[-1][1]))
    return spans


def _cut(text: str, begin: int, end: int) -> list[tuple[int, int]]:
    """Return one sentence as pieces of at most LONGEST characters, cut at a pause in the last half if there is one."""
    cuts = [begin]
    while end - cuts[-1] > LONGEST:
        low, high = cuts[-1] + LONGEST // 2, cuts[-1] + LONGEST
        pauses = list(_PAUSE.finditer(text, low, high))
        strong = [match for match in pauses if not match[0].isspace()]
        cuts.append((strong or pauses)[-1].end() if pauses else high)
    spans = (_stripped(text, *span) for span in pairwise([*cuts, end]))
    return [span for span in spans if span[0] < span[1]]


def _stripped(text: str, begin: int, end: int) -> tuple[int, int]:
    while begin < end and text[begin].isspace():
        begin += 1
    while end > begin and text[end - 1].isspace():
        end -= 1
    return begin, end
