"""The one text cleaning that training and inference share, with a map back to the text as it was written.

Kept: letters, marks, emoji, punctuation, case. Removed: control characters (NUL too), zero-width and bidirectional
controls, variation selectors, fillers: characters that nobody sees and that are used to split words under a
classifier's eyes. Changed: each run of white space becomes one space and none stays at the ends, a lone surrogate
becomes U+FFFD, the result is in Unicode's NFC. Normalising twice changes nothing more.
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from bisect import bisect_left, bisect_right
from dataclasses import dataclass

# Unicode's Default_Ignorable_Code_Point, the interlinear annotation marks, and the controls that are not white space
# to Python's `\s`.
INVISIBLE = (
    "\\x00-\\x08\\x0e-\\x1b\\x7f-\\x84\\x86-\\x9f"
    "\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u200b-\\u200f\\u202a-\\u202e\\u2060-\\u206f"
    "\\u3164\\ufe00-\\ufe0f\\ufeff\\uffa0\\ufff0-\\ufffb\\U0001bca0-\\U0001bca3\\U0001d173-\\U0001d17a"
    "\\U000e0000-\\U000e0fff"
)
_SURROGATE = "\\ud800-\\udfff"
_REPLACEMENT = "\ufffd"
# What a text must hold for any work to be needed (besides not being NFC).
_WORK = re.compile(f"[{INVISIBLE}{_SURROGATE}]|[^\\S ]|\\s\\s|^\\s|\\s\\Z")
_PIECES = re.compile(
    f"(?P<space>(?:\\s|[{INVISIBLE}])*\\s(?:\\s|[{INVISIBLE}])*)|(?P<gone>[{INVISIBLE}]+)|(?P<odd>[{_SURROGATE}])"
)
_SPACES = re.compile("\\s+")
_GONE = re.compile(f"[{INVISIBLE}]+")
_ODD = re.compile(f"[{_SURROGATE}]")


@dataclass(frozen=True, slots=True)
class NormalisedText:
    """A cleaned text and, where it differs from `original`, the position that each of its characters came from."""

    text: str
    original: str
    begins: array[int] | None = None
    ends: array[int] | None = None

    def original_span(self, begin: int, end: int) -> tuple[int, int]:
        """Return the code-point range of `original` that characters [begin, end) of `text` stand for."""
        if not 0 <= begin <= end <= len(self.text):
            raise IndexError(f"[{begin}, {end}) is not inside a text of {len(self.text)} characters")
        if self.begins is None or self.ends is None:
            return begin, end
        if begin == end:
            position = self.begins[begin] if begin < len(self.text) else len(self.original)
            return position, position
        first, last = self.begins[begin], self.ends[end - 1]
        if (
            first > last
        ):  # the address behind a link, which is read after the text, lies before it in the original
            return self.begins[end - 1], self.ends[begin]
        return first, last

    def span_of(self, begin: int, end: int) -> tuple[int, int]:
        """Return the characters of `text` that stand for nothing outside [begin, end) of `original`."""
        if self.begins is None or self.ends is None:
            return begin, end
        first, last = bisect_left(self.begins, begin), bisect_right(self.ends, end)
        return first, max(first, last)


def normalise_text(text: str) -> str:
    """Return the cleaned text alone, for callers that need no way back (several times cheaper than `normalise`)."""
    if not needs_work(text):
        return text
    text = _GONE.sub("", text)
    text = _ODD.sub(_REPLACEMENT, text)
    return unicodedata.normalize("NFC", _SPACES.sub(" ", text).strip())


def without_surrogates(text: str) -> str:
    """Return the text with U+FFFD for each lone surrogate, which no encoder takes; its length stays the same."""
    return text if text.isascii() else _ODD.sub(_REPLACEMENT, text)


def needs_work(text: str) -> bool:
    """Return whether normalising would change `text`; cheap, and most texts need no more."""
    return _WORK.search(text) is not None or not unicodedata.is_normalized("NFC", text)


def normalise(text: str) -> NormalisedText:
    """Return the cleaned text with its map back to `text`."""
    if not needs_work(text):
        return NormalisedText(text, text)
    characters, begins, ends = _cleaned(text)
    cleaned = "".join(characters)
    if not unicodedata.is_normalized("NFC", cleaned):
        cleaned, begins, ends = _composed(cleaned, begins, ends)
    return NormalisedText(cleaned, text, begins, ends)


def _cleaned(text: str) -> tuple[list[str], array[int], array[int]]:
    """Return the kept pieces of the text, and for each character its first and last + 1 position in the original."""
    parts: list[str] = []
    begins, ends = array("q"), array("q")

    def keep(begin: int, end: int) -> None:
        parts.append(text[begin:end])
        begins.extend(range(begin, end))
        ends.extend(range(begin + 1, end + 1))

    at = 0
    for match in _PIECES.finditer(text):
        begin, end = match.span()
        keep(at, begin)
        at = end
        if match["gone"]:
            continue
        if match["space"] and (begin == 0 or end == len(text) or not begins):
            continue
        parts.append(" " if match["space"] else _REPLACEMENT)
        begins.append(begin)
        ends.append(end)
    keep(at, len(text))
    return parts, begins, ends


def _composed(text: str, begins: array[int], ends: array[int]) -> tuple[str, array[int], array[int]]:
    """Compose (NFC) runs of a base character and its marks; characters of a changed run stand for the whole run."""
    parts: list[str] = []
    new_begins, new_ends = array("q"), array("q")
    run = 0
    for at in range(1, len(text) + 1):
        if at < len(text) and _may_join(text[at]):
            continue
        before = text[run:at]
        after = unicodedata.normalize("NFC", before)
        parts.append(after)
        if after == before:
            new_begins.extend(begins[run:at])
            new_ends.extend(ends[run:at])
        else:
            new_begins.extend([begins[run]] * len(after))
            new_ends.extend([ends[at - 1]] * len(after))
        run = at
    return "".join(parts), new_begins, new_ends


def _may_join(character: str) -> bool:
    """Return whether NFC may join this character to the one before it: marks, and the vowels and finals of Hangul."""
    if character < "\u0300":
        return False
    return (
        unicodedata.category(character)[0] == "M"
        or "\u1160" <= character <= "\u11ff"
        or "\ud7b0" <= character <= "\ud7ff"
    )
