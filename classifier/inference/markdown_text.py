"""Markdown as a reader sees it (CommonMark with tables and strike-through), with the position of each character.

pyromark reads it: the pulldown-cmark parser, which takes time linear in the text and gives the place of each piece.
HTML inside Markdown is read as HTML.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any

import pyromark

from classifier.inference.html_text import HtmlReader
from classifier.inference.marked_text import MarkedText, TextBuilder
from classifier.inference.normalise import without_surrogates

OPTIONS = pyromark.Options.ENABLE_TABLES | pyromark.Options.ENABLE_STRIKETHROUGH
_BLOCKS = frozenset(
    "Paragraph Heading BlockQuote CodeBlock HtmlBlock List Item Table TableHead TableRow TableCell".split()
)
SPOILER = ">!"
"""Begins hidden words of the author on some sites, not a quote."""


def read_markdown(source: str) -> MarkedText:
    """Return the text of Markdown without its marks; escapes and character references are resolved."""
    return _Reader(source).read()


class _Reader:
    def __init__(self, source: str) -> None:
        self.source = without_surrogates(source)
        self.places = _places(self.source)
        self.builder = TextBuilder(source)
        self.html = HtmlReader(self.builder)
        self.pending: list[tuple[int, int]] = []  # stretches of one block of HTML
        self.targets: list[str] = []
        self.quotes: list[bool] = []

    def read(self) -> MarkedText:
        for event, byte_range in pyromark.events_with_range(self.source, options=OPTIONS):
            begin, end = self.places[byte_range["start"]], self.places[byte_range["end"]]
            if isinstance(event, str):
                self._mark(event, begin, end)
                continue
            [(name, content)] = event.items()
            if name == "Html":
                self.pending.append((begin, end))
                continue
            self._flush()
            if name == "Start":
                self._start(content, begin, end)
            elif name == "End":
                self._end(content, begin, end)
            elif name == "InlineHtml":
                self.pending.append((begin, end))
                self._flush()
            elif name == "Text":
                self._text(str(content), begin, end)
            elif name == "Code":
                self.builder.active["code"] += 1
                self._text(str(content), begin, end)
                self.builder.active["code"] -= 1
        self._flush()
        return self.builder.marked()

    def _mark(self, event: str, begin: int, end: int) -> None:
        self._flush()
        if event in ("SoftBreak", "HardBreak"):
            self.builder.add("\n", begin, end)
        else:
            self.builder.line_break(begin)

    def _start(self, tag: Any, begin: int, end: int) -> None:
        name, content = _named(tag)
        if name in _BLOCKS:
            self.builder.line_break(begin)
        if name == "BlockQuote":
            self.quotes.append(not self.source.startswith(SPOILER, begin))
        elif name == "CodeBlock":
            self.builder.active["code"] += 1
        elif name in ("Link", "Image"):
            # What a reader sees of an automatic link is its address.
            automatic = content["link_type"] in ("Autolink", "Email")
            self.targets.append("" if automatic else str(content["dest_url"]))

    def _end(self, tag: Any, begin: int, end: int) -> None:
        name, _ = _named(tag)
        if name == "BlockQuote":
            self.quotes.pop()
        elif name == "CodeBlock":
            self.builder.active["code"] -= 1
        elif name in ("Link", "Image"):
            target = self.targets.pop()
            at = self.source.rfind(target, begin, end) if target else -1
            if target:
                self.builder.add_target(target, *((begin, end) if at < 0 else (at, at + len(target))))
        if name in _BLOCKS:
            self.builder.line_break(end)

    def _text(self, text: str, begin: int, end: int) -> None:
        """Add a piece of text; it is quoted in a block quote if a `>` stands before it in its own line."""
        quoted = any(self.quotes) and self._is_marked(begin)
        if quoted:
            self.builder.active["quotes"] += 1
        if end - begin != len(text):
            at = self.source.find(text, begin, end)
            begin, end = (begin, end) if at < 0 else (at, at + len(text))
        self.builder.add(text, begin, end)
        if quoted:
            self.builder.active["quotes"] -= 1

    def _is_marked(self, begin: int) -> bool:
        """Return whether the line of this place has the mark of a quote before it: words that only follow have none."""
        line = self.source.rfind("\n", 0, begin) + 1
        return self.source.find(">", line, begin) >= 0

    def _flush(self) -> None:
        """Read the HTML that has come in; its lines are one piece, because a tag may reach over several."""
        if not self.pending:
            return
        html = "".join(self.source[begin:end] for begin, end in self.pending)
        positions = array("q")
        for begin, end in self.pending:
            positions.extend(range(begin, end))
        positions.append(self.pending[-1][1])
        quoted = any(self.quotes) and self._is_marked(self.pending[0][0])
        self.pending = []
        if quoted:
            self.builder.active["quotes"] += 1
        self.html.read(html, positions)
        if quoted:
            self.builder.active["quotes"] -= 1


def _named(tag: Any) -> tuple[str, Any]:
    """Return the name of a tag and what belongs to it."""
    if isinstance(tag, str):
        return tag, None
    [(name, content)] = tag.items()
    return name, content


def _places(text: str) -> Sequence[int]:
    """Return for each byte of the text in UTF-8, and for its end, the index of its character."""
    if text.isascii():
        return range(len(text) + 1)
    places = array("q")
    for index, character in enumerate(text):
        places.extend([index] * len(character.encode()))
    places.append(len(text))
    return places
