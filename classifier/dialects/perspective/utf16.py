"""Offsets of a text in UTF-16 code units, in which Perspective's clients count.

Offsets of a reply always count in the text as it was sent, tags included: a client marks spans in its own text.
"""

from array import array


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
