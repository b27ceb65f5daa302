"""HTML as a reader sees it: its text, with the position of each character, and which of it is quoted or code.

The standard library's parser does the reading. It is told here to treat what never ends as text, because it would
search the rest of the text again for each of many such beginnings.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from html import unescape
from html.parser import HTMLParser

from classifier.inference.marked_text import Kind, MarkedText, TextBuilder

BLOCKS = frozenset(
    "address article aside blockquote dd details dialog div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5"
    " h6 header li main nav ol pre section summary table tbody td tfoot th thead tr ul".split()
)
BREAKS = BLOCKS | {"br", "hr", "p"}
UNSEEN = frozenset({"script", "style"})
"""Elements whose content nobody shows; that of others (`template`, `noscript`) stays where a site strips their tags."""
KINDS: dict[str, Kind] = {
    "blockquote": "quotes",
    "q": "quotes",
    "pre": "code",
    "code": "code",
    "samp": "code",
    "kbd": "code",
}
DEEPEST = 512  # elements in each other, as in browsers; what lies deeper belongs to the deepest one
_LINE_ENDS = str.maketrans("\n\r\t\f", "    ")
_SCHEMES = ("http:", "https:", "ftp:", "mailto:", "//", "www.")


def read_html(html: str) -> MarkedText:
    """Return the text of HTML without tags and comments; character references are resolved, blocks end lines."""
    builder = TextBuilder(html)
    reader = HtmlReader(builder)
    reader.read(html, range(len(html) + 1))
    return builder.marked()


class HtmlReader(HTMLParser):
    """Fills a builder from HTML, in one piece or several; elements stay open from one piece to the next."""

    def __init__(self, builder: TextBuilder) -> None:
        super().__init__(convert_charrefs=False)
        self.builder = builder
        self.stack: list[str] = []
        self.open: Counter[str] = Counter()
        self.unseen = 0
        self._html = ""
        self._positions: Sequence[int] = ()
        self._lines: list[int] = []
        self._missing: set[str] = set()

    def read(self, html: str, positions: Sequence[int]) -> None:
        """Read a piece; `positions` has the place in the original of each of its characters, and of its end."""
        self._html, self._positions = html, positions
        self._lines = [0, *(index + 1 for index, character in enumerate(html) if character == "\n")]
        self._missing = set()
        self.rawdata, self.lineno, self.offset = "", 1, 0
        self.feed(html)
        self.close()

    # What never ends is text.

    def parse_starttag(self, i: int) -> int:
        end = super().parse_starttag(i) if self._ends(">", i) else -1
        return end if end >= 0 else self._literal(i)

    def parse_endtag(self, i: int) -> int:
        end = super().parse_endtag(i) if self._ends(">", i) else -1
        return end if end >= 0 else self._literal(i)

    def parse_comment(self, i: int, report: bool = True) -> int:
        end = super().parse_comment(i, report) if self._ends("-->", i) else -1
        return end if end >= 0 else self._literal(i)

    def parse_pi(self, i: int) -> int:
        end = super().parse_pi(i) if self._ends(">", i) else -1
        return end if end >= 0 else self._literal(i)

    def parse_html_declaration(self, i: int) -> int:
        end = super().parse_html_declaration(i) if self._ends(">", i) else -1
        return end if end >= 0 else self._literal(i)

    def parse_marked_section(self, i: int, report: bool = True) -> int:
        """Treat `<![…>` as a comment, as browsers do; the library fails on a section that it does not know."""
        return self.parse_bogus_comment(i)

    def _ends(self, closer: str, i: int) -> bool:
        if closer not in self._missing and self.rawdata.find(closer, i) < 0:
            self._missing.add(closer)
        return closer not in self._missing

    def _literal(self, i: int) -> int:
        self.handle_data(self.rawdata[i])
        return i + 1

    # What the parser reports.

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._break(tag)
        if tag in UNSEEN:
            self.unseen += 1
        elif tag in BLOCKS or tag in KINDS or tag == "a":
            self._enter(tag)
        self._attributes(tag, dict(attrs))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Treat `<tag/>` as `<tag>`, as browsers do."""
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag in UNSEEN:
            self.unseen = max(0, self.unseen - 1)
        elif self.open[tag] and (tag in BLOCKS or self._is_reached(tag)):
            while self._leave() != tag:
                pass
        self._break(tag)

    def handle_data(self, data: str) -> None:
        if self.unseen:
            return
        begin = self._place()
        seen = data if self.open["pre"] else data.translate(_LINE_ENDS)
        positions = self._positions
        first, last = positions[begin], positions[begin + len(data)]
        if last - first == len(data):
            self.builder.add(seen, first, last)
            return
        for index, character in enumerate(
            seen, begin
        ):  # quoted HTML in Markdown: the marks of its lines lie between
            self.builder.add(character, positions[index], positions[index] + 1)

    def handle_entityref(self, name: str) -> None:
        self._reference(f"&{name}")

    def handle_charref(self, name: str) -> None:
        self._reference(f"&#{name}")

    def _reference(self, written: str) -> None:
        if self.unseen:
            return
        begin = self._place()
        end = begin + len(written)
        if self._html[end : end + 1] == ";":
            written, end = f"{written};", end + 1
        text = unescape(written)
        self._add("\ufffd" if "\x00" in text else text, begin, end)

    def _attributes(self, tag: str, attributes: dict[str, str | None]) -> None:
        """Add the words of a picture, which readers see or hear, and where a link leads."""
        if self.unseen:
            return
        begin = self._place()
        end = begin + len(self.get_starttag_text() or "")
        if tag == "img" and attributes.get("alt"):
            self._add(attributes["alt"] or "", begin, end)
        target = (attributes.get("href") or attributes.get("src") or attributes.get("cite") or "").strip()
        if target.lower().startswith(_SCHEMES):
            at = self._html.find(target, begin, end)
            first, last = (begin, end) if at < 0 else (at, at + len(target))
            self.builder.add_target(target, self._positions[first], self._positions[last])

    def _add(self, text: str, begin: int, end: int) -> None:
        self.builder.add(text, self._positions[begin], self._positions[end])

    def _break(self, tag: str) -> None:
        if tag in BREAKS and not self.unseen:
            self.builder.line_break(self._positions[self._place()])

    # Which elements are open.

    def _enter(self, tag: str) -> None:
        if len(self.stack) >= DEEPEST:
            return
        self.stack.append(tag)
        self.open[tag] += 1
        if tag in KINDS:
            self.builder.active[KINDS[tag]] += 1

    def _leave(self) -> str:
        tag = self.stack.pop()
        self.open[tag] -= 1
        if tag in KINDS:
            self.builder.active[KINDS[tag]] -= 1
        return tag

    def _is_reached(self, tag: str) -> bool:
        """Return whether an end tag of an inline element closes it: it does not reach out of the block around it."""
        for name in reversed(self.stack):
            if name == tag:
                return True
            if name in BLOCKS:
                return False
        return False

    def _place(self) -> int:
        line, column = self.getpos()
        return self._lines[line - 1] + column
