"""Regular expressions whose word boundaries and classes follow Unicode, for an engine that knows ASCII's alone.

RE2 takes `\\b`, `\\w`, `\\d` and `\\s` for ASCII. A pattern is rewritten: classes become those of Unicode (UTS #18,
annex C: letters, marks, digits and connectors are word characters), and where it asks for a boundary, it is matched
against the text with a sign between each two characters that says whether one is there. RE2 then stays as it is:
linear in the text, whatever the pattern.

Boundaries lie where UAX #29 has them without a dictionary: between a word character and any other; on both sides of
each Chinese character, hiragana and letter of Thai, Lao, Khmer and Burmese; where katakana ends.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from classifier.inference.normalise import NormalisedText
from classifier.inference.phrases import PatternError

BOUNDARY, INSIDE = "\x01", "\x02"  # no cleaned text holds control characters
TIMES = 2
"""A sign is written so many times: that many boundaries of a pattern may ask about one place."""
_SIGNS = r"\x01\x02"
_EAT = f"[{_SIGNS}]*"
_CLASSES = {"w": r"\pL\pM\pN\p{Pc}", "d": r"\p{Nd}", "s": r"\t\n\v\f\r \x{85}\p{Z}"}
_REPETITION = re.compile(r"\{\d+(?:,\d*)?\}")
_GROUP = re.compile(r"\((?:\?(?:P?<[^>]*>|(?P<flags>[imsU-]*)(?P<ends>[:)])))?")
_PROPERTY = re.compile(r"\\[pP](?:\{[^}]*\}|.)")
_ESCAPE = re.compile(r"\\(?:x\{[^}]*\}|x[0-9A-Fa-f]{2}|[0-7]{1,3}|.)", re.DOTALL)
_NAMED = re.compile(r"\[:\^?[a-z]+:\]")
_APART = re.compile(  # what stands alone in scripts without spaces, and runs of katakana
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fff\u3005-\u3007\u3041-\u309f\u3400-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff]|[\u30a0-\u30ff\u31f0-\u31ff\uff66-\uff9f]+"
)


@dataclass(frozen=True, slots=True)
class UnicodePattern:
    """The source for RE2; `asks`: it is matched against `with_boundaries` of a text."""

    source: str
    asks: bool


def unicode_pattern(pattern: str) -> UnicodePattern:
    """Return a pattern of RE2's syntax with the boundaries and classes of Unicode. Raises PatternError."""
    asks = _asks(pattern)
    return UnicodePattern(_Rewriter(pattern, asks).rewritten(), asks)


def with_boundaries(view: NormalisedText) -> NormalisedText:
    """Return the text with a sign before each character and at the end, which says whether a word begins or ends."""
    text = view.text.replace(BOUNDARY, "\ufffd").replace(INSIDE, "\ufffd")
    edges = _edges(text)
    parts: list[str] = []
    for at, character in enumerate(text):
        parts.append((BOUNDARY if at in edges else INSIDE) * TIMES + character)
    parts.append((BOUNDARY if len(text) in edges else INSIDE) * TIMES)
    begins, ends = array("q"), array("q")
    for at in range(len(text)):
        begin, end = view.original_span(at, at + 1)
        begins.extend([begin] * (TIMES + 1))
        ends.extend([begin] * TIMES)
        ends.append(end)
    begins.extend([len(view.original)] * TIMES)
    ends.extend([len(view.original)] * TIMES)
    return NormalisedText("".join(parts), view.original, begins, ends)


def trimmed(text: str, begin: int, end: int) -> tuple[int, int]:
    """Return the span without signs of boundaries at its ends."""
    while begin < end and text[begin] in (BOUNDARY, INSIDE):
        begin += 1
    while end > begin and text[end - 1] in (BOUNDARY, INSIDE):
        end -= 1
    return begin, end


def _edges(text: str) -> set[int]:
    """Return the places where a word begins or ends."""
    edges: set[int] = set()
    for run in _words().finditer(text):
        edges.update(run.span())
        if not run[0].isascii():
            for piece in _APART.finditer(run[0]):
                begin, end = run.start() + piece.start(), run.start() + piece.end()
                edges.add(begin)
                while end < run.end() and unicodedata.category(text[end])[0] == "M":
                    end += 1
                edges.add(end)
    # a mark stands on the character before it, so no word begins with one
    return {at for at in edges if at in (0, len(text)) or unicodedata.category(text[at])[0] != "M"}


@lru_cache(maxsize=1)
def _words() -> re.Pattern[str]:
    marks = _ranges(code for code in range(0x300, 0x1F000) if unicodedata.category(chr(code))[0] == "M")
    inside = "".join(f"{chr(first)}-{chr(last)}" for first, last in marks)
    connectors = "\u203f\u2040\u2054\ufe33\ufe34\ufe4d-\ufe4f\uff3f"
    return re.compile(f"[\\w{inside}{connectors}\U000e0100-\U000e01ef]+")


def _asks(pattern: str) -> bool:
    """Return whether a pattern asks for word boundaries, which are no backspaces in RE2's classes either."""
    return re.search(r"(?<!\\)(?:\\\\)*\\[bB]", pattern) is not None


class _Rewriter:
    """One pass over a pattern, atom by atom."""

    def __init__(self, pattern: str, asks: bool) -> None:
        self.pattern, self.asks, self.at = pattern, asks, 0
        self.parts: list[str] = []
        self.dot_all = [False]

    def rewritten(self) -> str:
        while self.at < len(self.pattern):
            self._step()
        return "".join(self.parts)

    def _step(self) -> None:
        sign = self.pattern[self.at]
        if sign == "\\":
            self._escape()
        elif sign == "[":
            self._atom(self._class())
        elif sign == "(":
            self._group()
        elif sign == ")":
            if len(self.dot_all) > 1:
                self.dot_all.pop()
            self._emit(sign)
        elif sign in "|*+?^":
            self._emit(sign)
        elif sign == "{" and (repeated := _REPETITION.match(self.pattern, self.at)):
            self._emit(repeated[0])
        elif sign == "$":
            self._emit(sign, f"{_EAT}$" if self.asks else sign)
        elif sign == ".":
            self.at += 1
            any_but = _SIGNS + ("" if self.dot_all[-1] else r"\n")
            self._atom(f"[^{any_but}]" if self.asks else ".")
        else:
            self.at += 1
            self._atom(sign)

    def _emit(self, read: str, written: str | None = None) -> None:
        self.at += len(read)
        self.parts.append(read if written is None else written)

    def _atom(self, source: str) -> None:
        self.parts.append(f"(?:{_EAT}{source})" if self.asks else source)

    def _group(self) -> None:
        match = _GROUP.match(self.pattern, self.at)
        opened = match[0] if match is not None else "("
        dot_all = self.dot_all[-1]
        if match is not None and match["flags"]:
            on, _, off = match["flags"].partition("-")
            dot_all = ("s" in on or dot_all) and "s" not in off
        if match is not None and match["ends"] == ")":
            self.dot_all[-1] = dot_all
        else:
            self.dot_all.append(dot_all)
        self._emit(opened)

    def _escape(self) -> None:
        following = self.pattern[self.at + 1 : self.at + 2]
        if following == "Q":
            end = self.pattern.find(r"\E", self.at)
            end = len(self.pattern) if end < 0 else end
            for literal in self.pattern[self.at + 2 : end]:
                self._atom(literal if literal.isalnum() else f"\\x{{{ord(literal):x}}}")
            self.at = end + 2
        elif following in ("b", "B"):
            self._emit("\\b", r"\x01" if following == "b" else r"\x02")
        elif following == "z":
            self._emit("\\z", f"{_EAT}\\z" if self.asks else "\\z")
        elif following in ("A", "E", ""):
            self._emit(f"\\{following}")
        elif following == "C":
            raise PatternError("A pattern may not use \\C: a rule reads characters, not bytes.")
        elif following.lower() in _CLASSES:
            self.at += 2
            self._atom(self._one_class(following))
        elif property_ := _PROPERTY.match(self.pattern, self.at):
            self.at = property_.end()
            self._atom(self._property(property_[0]))
        else:
            escape = _ESCAPE.match(self.pattern, self.at)
            source = escape[0] if escape is not None else "\\"
            self.at += len(source)
            self._atom(source)

    def _one_class(self, name: str) -> str:
        signs = _SIGNS if self.asks else ""
        return f"[{_CLASSES[name]}]" if name.islower() else f"[^{_CLASSES[name.lower()]}{signs}]"

    def _property(self, source: str) -> str:
        negated = source[1] == "P" or source.startswith(r"\p{^")
        if not negated or not self.asks:
            return source
        kept = source.replace(r"\P", r"\p", 1) if source[1] == "P" else source.replace("{^", "{", 1)
        return f"[^{kept}{_SIGNS}]"

    def _class(self) -> str:
        """Return a bracketed class; what it holds of negated classes is moved out of it."""
        begin = self.at
        self.at += 1
        negated = self.pattern[self.at : self.at + 1] == "^"
        self.at += negated
        items: list[str] = []
        without: list[str] = []
        first = True
        while self.at < len(self.pattern) and (first or self.pattern[self.at] != "]"):
            first = False
            item = self._item()
            if item[0] == "\\" and item[1:] in ("W", "D", "S"):
                without.append(item[1:].lower())
            else:
                items.append(_CLASSES[item[1:]] if item[0] == "\\" and item[1:] in _CLASSES else item)
        if self.at >= len(self.pattern):  # no end: RE2 says so better
            return self.pattern[begin:]
        self.at += 1
        inside = "".join(items)
        signs = _SIGNS if self.asks else ""
        if not without:
            return f"[^{inside}{signs}]" if negated else f"[{inside}]"
        if negated:
            return _difference(without, items)
        alternatives = [f"[{inside}]"] if items else []
        alternatives += [f"[^{_CLASSES[name]}{signs}]" for name in without]
        return f"(?:{'|'.join(alternatives)})"

    def _item(self) -> str:
        for kind in (_NAMED, _PROPERTY, _ESCAPE):
            match = kind.match(self.pattern, self.at)
            if match is not None:
                self.at = match.end()
                return match[0]
        self.at += 1
        return self.pattern[self.at - 1]


def _difference(classes: list[str], items: list[str]) -> str:
    """Return the characters that are in all of these classes and not among the items, as a class of ranges."""
    taken = re.compile(f"[{''.join(_for_python(item) for item in items)}]") if items else None
    codes = set.intersection(*(set(_codes(name)) for name in classes))
    ranges = _ranges(code for code in sorted(codes) if taken is None or not taken.match(chr(code)))
    if not ranges:
        raise PatternError("A class in this pattern holds no character, so it can match nothing.")
    return "[" + "".join(f"\\x{{{first:x}}}-\\x{{{last:x}}}" for first, last in ranges) + "]"


def _for_python(item: str) -> str:
    for name, source in _CLASSES.items():
        if item == source:
            return f"\\{name}"
    if item[0] == "[" or item[:2] in (r"\p", r"\P"):
        raise PatternError(
            f"A class with ^ cannot hold both {item} and a negated class such as \\W. Write it as two classes."
        )
    return f"\\{item}" if item in "[]&~|" else item


@lru_cache(maxsize=3)
def _codes(name: str) -> tuple[int, ...]:
    wanted = {"w": ("L", "M", "N", "Pc"), "d": ("Nd",), "s": ("Z",)}[name]
    more = "\t\n\v\f\r\x85" if name == "s" else ""
    return tuple(
        code
        for code in range(sys.maxunicode + 1)
        if unicodedata.category(chr(code)).startswith(wanted) or chr(code) in more
    )


def _ranges(codes: Iterable[int]) -> list[tuple[int, int]]:
    """Return code points, which are in order, as ranges with both ends."""
    ranges: list[tuple[int, int]] = []
    for code in codes:
        if ranges and code == ranges[-1][1] + 1:
            ranges[-1] = (ranges[-1][0], code)
        else:
            ranges.append((code, code))
    return ranges
