"""Cutting a text into the spans that are scored one by one when a caller asks for `spanAnnotations`."""

import re

# Where a sentence ends: its marks with closing quotes or brackets, then white space; or a line's end.
_END = re.compile("[.!?\u2026\u3002\uff01\uff1f]+[\"'\u201d\u2019)\\]]*(?=\\s)|\n+|\\Z")
MOST = 64


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """The sentences of `text` as [begin, end), without the white space around them; more than MOST are joined."""
    spans = []
    begin = 0
    for match in _END.finditer(text):
        span = _stripped(text, begin, match.end())
        if span[0] < span[1]:
            spans.append(span)
        begin = match.end()
    if len(spans) <= MOST:
        return spans
    size = -(-len(spans) // MOST)
    return [
        (spans[first][0], spans[min(first + size, len(spans)) - 1][1]) for first in range(0, len(spans), size)
    ]


def _stripped(text: str, begin: int, end: int) -> tuple[int, int]:
    while begin < end and text[begin].isspace():
        begin += 1
    while end > begin and text[end - 1].isspace():
        end -= 1
    return begin, end
