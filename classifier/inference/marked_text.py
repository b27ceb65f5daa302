"""A text as a reader sees it, with its quotes, code and addresses, and the way back to the characters as written."""

from __future__ import annotations

import unicodedata
from array import array
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal

from classifier.inference.normalise import NormalisedText

Kind = Literal["quotes", "code", "addresses", "targets"]
"""What a part of a text is. `targets` are the addresses behind a link's words, which a reader does not see."""

LEAVE_OUTS: tuple[Kind, ...] = ("quotes", "code", "addresses")
"""What a policy may leave out of rules and scores."""


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a text, [begin, end) in characters of the text as it is read."""

    kind: Kind
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class MarkedText:
    """A text as it is read, its map to the original, and its parts in order of their begin; parts may overlap."""

    read: NormalisedText
    parts: tuple[Part, ...] = ()

    @property
    def seen(self) -> NormalisedText:
        """The text that a reader sees, which may be empty."""
        return _cut(self.read, self._spans(["targets"]))

    def for_rules(self, leave_out: Collection[str] = ()) -> NormalisedText:
        """Return what rules look at: the text, where its links lead, without the parts that are left out."""
        kinds = self._left_out(leave_out)
        return self._without({*kinds, "targets"} if "addresses" in kinds else kinds)

    def for_scoring(self, leave_out: Collection[str] = ()) -> NormalisedText:
        """Return what the model reads: what a reader sees, without the parts that are left out."""
        return self._without({*self._left_out(leave_out), "targets"})

    def left_out(self, leave_out: Collection[str]) -> list[Part]:
        """Return the parts that are left out, in characters of the original."""
        kinds = self._left_out(leave_out)
        parts = (part for part in self.parts if part.kind in kinds and part.begin < part.end)
        return [Part(part.kind, *self.read.original_span(part.begin, part.end)) for part in parts]

    def parts_for_rules(self) -> list[Part]:
        """Return the parts that a rule may leave out, in characters of the original.

        Quotes and code are none where nothing else would remain: no insult hides behind a mark of a quote.
        """
        kinds = {"addresses", "targets"}
        kinds |= {kind for kind in ("quotes", "code") if self._left_out([kind])}
        parts = (part for part in self.parts if part.kind in kinds and part.begin < part.end)
        return [Part(part.kind, *self.read.original_span(part.begin, part.end)) for part in parts]

    def _left_out(self, leave_out: Collection[str]) -> Collection[str]:
        """Return what is left out: nothing, if else no letter, digit or symbol would remain of what a reader sees.

        So no text is harmless only because there was nothing to score.
        """
        if not leave_out or is_readable(_cut(self.read, self._spans({*leave_out, "targets"})).text):
            return leave_out
        return ()

    def _without(self, kinds: Collection[str]) -> NormalisedText:
        """Return the text without its parts of these kinds, each replaced by a space or a line end.

        Of markup without any text (an empty element) it is the source as it was written.
        """
        spans = self._spans(kinds)
        kept = _cut(self.read, spans) if spans else self.read
        return kept if is_readable(kept.text) else NormalisedText(self.read.original, self.read.original)

    def _spans(self, kinds: Collection[str]) -> list[tuple[int, int]]:
        return merged((part.begin, part.end) for part in self.parts if part.kind in kinds)


class TextBuilder:
    """Collects the characters of a text as a reader sees them; readers of HTML and Markdown fill it in order."""

    def __init__(self, original: str) -> None:
        self.original = original
        self.active: Counter[Kind] = Counter()
        self._characters: list[str] = []
        self._begins, self._ends = array("q"), array("q")
        self._parts: list[list[int]] = []  # [begin, end] by the index of its kind
        self._kinds: list[Kind] = []
        self._open: dict[Kind, int] = {}  # the newest part of each kind
        self._targets: list[tuple[str, int, int, tuple[Kind, ...]]] = []

    def add(self, piece: str, begin: int, end: int) -> None:
        """Add characters that stand for [begin, end) of the original: one for one, or all of them for all of it."""
        if not piece:
            return
        first = len(self._begins)
        self._characters.append(piece)
        if end - begin == len(piece):
            self._begins.extend(range(begin, end))
            self._ends.extend(range(begin + 1, end + 1))
        else:
            self._begins.extend([begin] * len(piece))
            self._ends.extend([end] * len(piece))
        for kind, depth in self.active.items():
            if depth > 0:
                self._extend(kind, first)

    def line_break(self, at: int) -> None:
        """End the line, unless it is empty."""
        if self._characters and not self._characters[-1].endswith("\n"):
            self.add("\n", at, at)

    def add_target(self, address: str, begin: int, end: int) -> None:
        """Add the address behind a link; it comes after the text, so that it stands between no two letters of it."""
        active: tuple[Kind, ...] = tuple(kind for kind, depth in self.active.items() if depth > 0)
        self._targets.append((address, begin, end, active))

    def marked(self) -> MarkedText:
        """Return the text that was collected, then the addresses behind its links, a line for each."""
        for address, begin, end, active in self._targets:
            self.active = Counter(("targets", *active))
            self.add("\n", begin, begin)
            self.add(address, begin, end)
        self._targets = []
        text = "".join(self._characters)
        parts = (Part(kind, *span) for kind, span in zip(self._kinds, self._parts, strict=True))
        in_order = tuple(sorted(parts, key=lambda part: (part.begin, part.end)))
        return MarkedText(NormalisedText(text, self.original, self._begins, self._ends), in_order)

    def _extend(self, kind: Kind, first: int) -> None:
        """Let a part of this kind reach to the end: the newest, if it ends where the added characters begin."""
        newest = self._open.get(kind)
        if newest is not None and self._parts[newest][1] == first:
            self._parts[newest][1] = len(self._begins)
            return
        self._open[kind] = len(self._parts)
        self._parts.append([first, len(self._begins)])
        self._kinds.append(kind)


def is_readable(text: str) -> bool:
    """Return whether a text says anything: a letter, a digit or a symbol such as an emoji."""
    return any(
        character.isalnum() or (not character.isascii() and unicodedata.category(character)[0] == "S")
        for character in text
    )


def merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the spans in order, those that touch or overlap as one."""
    result: list[tuple[int, int]] = []
    for begin, end in sorted(spans):
        if result and begin <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((begin, end))
    return result


def _cut(view: NormalisedText, spans: list[tuple[int, int]]) -> NormalisedText:
    """Return the view without these spans; each leaves one space, or a line end where it held one."""
    pieces: list[str] = []
    begins, ends = array("q"), array("q")

    def keep(begin: int, end: int) -> None:
        pieces.append(view.text[begin:end])
        if view.begins is None or view.ends is None:
            begins.extend(range(begin, end))
            ends.extend(range(begin + 1, end + 1))
        else:
            begins.extend(view.begins[begin:end])
            ends.extend(view.ends[begin:end])

    at = 0
    for begin, end in spans:
        keep(at, begin)
        gone = view.original_span(begin, end)
        pieces.append("\n" if "\n" in view.text[begin:end] else " ")
        begins.append(gone[0])
        ends.append(gone[1])
        at = end
    keep(at, len(view.text))
    return NormalisedText("".join(pieces), view.original, begins, ends)
