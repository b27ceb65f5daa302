"""The text of an HTML comment, with the place in the HTML that each character came from.

Offsets of a reply always count in the text as it was sent, tags included: a client marks what it has.
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
        """Return the place of the characters [begin, end) of `text` in `original`."""
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

    def at(self, place: int) -> int:
        return place if self.before is None else self.before[place]


class _Reader(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=False)
        self.html = html
        self.lines = [0, *(place + 1 for place, character in enumerate(html) if character == "\n")]
        self.characters: list[str] = []
        self.begins, self.ends = array("q"), array("q")
        self.unseen = 0

    def parse_starttag(self, i: int) -> int:
        """Take a tag that never ends for text at once: the library would search all the rest again for each of many."""
        return super().parse_starttag(i) if self.rawdata.find(">", i) >= 0 else -1

    def parse_marked_section(self, i: int, report: bool = True) -> int:
        """Take `<![…>` for a comment, as browsers do; the library fails on a section that it does not know."""
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
        place = self._place()
        self.characters.extend(data)
        self.begins.extend(range(place, place + len(data)))
        self.ends.extend(range(place + 1, place + len(data) + 1))

    def handle_entityref(self, name: str) -> None:
        self._reference(f"&{name}")

    def handle_charref(self, name: str) -> None:
        self._reference(f"&#{name}")

    def _reference(self, written: str) -> None:
        if self.unseen:
            return
        place = self._place()
        end = place + len(written)
        if self.html[end : end + 1] == ";":
            written, end = f"{written};", end + 1
        text = unescape(written)
        text = "\ufffd" if "\x00" in text else text
        self.characters.extend(text)
        self.begins.extend([place] * len(text))
        self.ends.extend([end] * len(text))

    def _break(self) -> None:
        if self.characters and self.characters[-1] != "\n":
            place = self._place()
            self.characters.append("\n")
            self.begins.append(place)
            self.ends.append(place)

    def _place(self) -> int:
        line, column = self.getpos()
        return self.lines[line - 1] + column
