"""The text of an HTML comment, with the position in the HTML of each character.

Offsets of a reply always count in the text as it was sent, tags included: a client marks spans in its own text.
"""

from array import array
from dataclasses import dataclass
from html import unescape
from html.parser import HTMLParser

BREAKS = frozenset(
    "address article aside blockquote br dd div dl dt figure footer form h1 h2 h3 h4 h5 h6 header hr li main nav ol p "
    "pre section table td th tr ul".split()
)
UNSEEN = frozenset({"script", "style", "template", "noscript"})


@dataclass(frozen=True)
class Plain:
    """The text to score beside the `original` that was sent; without `begins` they are the same."""

    text: str
    original: str
    begins: "array[int] | None" = None
    ends: "array[int] | None" = None

    def original_span(self, begin: int, end: int) -> tuple[int, int]:
        """Return the position of the characters [begin, end) of `text` in `original`."""
        if self.begins is None or self.ends is None or begin == end:
            return begin, end
        return self.begins[begin], self.ends[end - 1]


def from_plain(text: str) -> Plain:
    return Plain(text, text)


def from_html(html: str) -> Plain:
    reader = _Reader(html)
    reader.feed(html)
    reader.close()
    return Plain("".join(reader.characters), html, reader.begins, reader.ends)


class Utf16:
    """Offsets of a text in UTF-16 code units, from offsets in code points."""

    def __init__(self, text: str) -> None:
        self.length = len(text)
        self.before: array[int] | None = None
        if not text.isascii() and max(text) > "\uffff":
            self.before = array("q", [0])
            for character in text:
                self.before.append(self.before[-1] + (2 if character > "\uffff" else 1))

    def at(self, offset: int) -> int:
        return offset if self.before is None else self.before[offset]


class _Reader(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=False)
        self.html = html
        self.lines = [0, *(index + 1 for index, character in enumerate(html) if character == "\n")]
        self.characters: list[str] = []
        self.begins, self.ends = array("q"), array("q")
        self.unseen = 0

    def parse_starttag(self, i: int) -> int:
        """Treat an unclosed tag as text at once: the library would search the rest again for each of many such tags."""
        return super().parse_starttag(i) if self.rawdata.find(">", i) >= 0 else -1

    def parse_marked_section(self, i: int, report: bool = True) -> int:
        """Treat `<![…>` as a comment, as browsers do; the library fails on a section that it does not know."""
        return self.parse_bogus_comment(i)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in UNSEEN:
            self.unseen += 1
        elif tag in BREAKS:
            self._break()

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in BREAKS:
            self._break()

    def handle_endtag(self, tag: str) -> None:
        if tag in UNSEEN:
            self.unseen = max(0, self.unseen - 1)
        elif tag in BREAKS:
            self._break()

    def handle_data(self, data: str) -> None:
        if self.unseen:
            return
        begin = self._place()
        self.characters.extend(data)
        self.begins.extend(range(begin, begin + len(data)))
        self.ends.extend(range(begin + 1, begin + len(data) + 1))

    def handle_entityref(self, name: str) -> None:
        self._reference(f"&{name}")

    def handle_charref(self, name: str) -> None:
        self._reference(f"&#{name}")

    def _reference(self, written: str) -> None:
        if self.unseen:
            return
        begin = self._place()
        end = begin + len(written)
        if self.html[end : end + 1] == ";":
            written, end = f"{written};", end + 1
        text = unescape(written)
        text = "\ufffd" if "\x00" in text else text
        self.characters.extend(text)
        self.begins.extend([begin] * len(text))
        self.ends.extend([end] * len(text))

    def _break(self) -> None:
        if self.characters and self.characters[-1] != "\n":
            begin = self._place()
            self.characters.append("\n")
            self.begins.append(begin)
            self.ends.append(begin)

    def _place(self) -> int:
        line, column = self.getpos()
        return self.lines[line - 1] + column
