"""Rewriting of a cleaned text that keeps the way back to the text as it was written."""

from __future__ import annotations

import unicodedata
from array import array
from collections.abc import Iterable

from classifier.inference.normalise import NormalisedText, needs_work, normalise

Edit = tuple[int, int, str]
"""[begin, end) of a text, in code points, and what stands there instead."""


def rewritten(view: NormalisedText, edits: Iterable[Edit]) -> NormalisedText:
    """Return `view` with the edits made; they are in order and do not overlap.

    A replacement of the same length stands character for character for what it replaces, any other as a whole. What is
    replaced by nothing belongs to the character before it when it is a mark on it or stands inside a word.
    """
    text = view.text
    old_begins = view.begins if view.begins is not None else array("q", range(len(text)))
    old_ends = view.ends if view.ends is not None else array("q", range(1, len(text) + 1))
    parts: list[str] = []
    begins, ends = array("q"), array("q")
    at = 0
    for begin, end, replacement in edits:
        parts.append(text[at:begin])
        begins.extend(old_begins[at:begin])
        ends.extend(old_ends[at:begin])
        at = end
        parts.append(replacement)
        if len(replacement) == end - begin:
            begins.extend(old_begins[begin:end])
            ends.extend(old_ends[begin:end])
        elif replacement:
            first, last = old_begins[min(begin, len(text) - 1)], old_ends[max(end, begin + 1) - 1]
            begins.extend([first] * len(replacement))
            ends.extend([last] * len(replacement))
        elif ends and (unicodedata.combining(text[begin]) or _inside_word(text, begin, end)):
            ends[-1] = old_ends[end - 1]
    parts.append(text[at:])
    begins.extend(old_begins[at:])
    ends.extend(old_ends[at:])
    return NormalisedText("".join(parts), view.original, begins, ends)


def _inside_word(text: str, begin: int, end: int) -> bool:
    return text[begin - 1 : begin].isalnum() and text[end : end + 1].isalnum()


def cleaned_again(view: NormalisedText) -> NormalisedText:
    """Return `view` as `normalise` leaves it: rewriting may have brought in what cleaning takes out."""
    return mapped_back(normalise(view.text), view) if needs_work(view.text) else view


def mapped_back(inner: NormalisedText, outer: NormalisedText) -> NormalisedText:
    """Return `inner`, a view of the text of `outer`, as a view of the original of `outer`."""
    if outer.begins is None or outer.ends is None:
        return NormalisedText(inner.text, outer.original, inner.begins, inner.ends)
    if inner.begins is None or inner.ends is None:
        return NormalisedText(inner.text, outer.original, outer.begins, outer.ends)
    return NormalisedText(
        inner.text,
        outer.original,
        array("q", (outer.begins[begin] for begin in inner.begins)),
        array("q", (outer.ends[end - 1] for end in inner.ends)),
    )
