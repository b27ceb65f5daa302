"""What is read of a text, by its format: the words that a reader sees, and which of them are quoted, code or addresses.

Rules and the model read the same text. A policy may leave quotes, code and addresses out of both; the stored text
never changes, and every character of what is read knows its place in it.

- `text`: the text as it is. Quotes are lines that begin with `>`, the line that introduces them ("… wrote:"), and
  all that follows a line such as `-----Original Message-----`. There is no code.
- `html`: see `html_text`. Quotes are `blockquote` and `q`; code is `pre`, `code`, `samp` and `kbd`.
- `markdown`: see `markdown_text`. Quotes are lines that begin with `>`; code is fenced, indented or between backticks.

Addresses are URLs and e-mail addresses, in every format; names such as `@kim` are not.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any, Literal

import re2

from classifier.inference.html_text import read_html
from classifier.inference.marked_text import LEAVE_OUTS, MarkedText, Part, merged
from classifier.inference.normalise import NormalisedText, without_surrogates

Format = Literal["text", "html", "markdown"]
FORMATS: tuple[Format, ...] = ("text", "html", "markdown")
TEXT: Format = "text"

# Marks of a quoted line, as they are or escaped; not the faces that begin so (">:(", ">.<", ">_>"), nor a spoiler.
_QUOTED = re.compile(r"[ \t]{0,3}(?:>|&gt;)(?![!:;._=<\-])")
_INTRODUCES = re.compile(
    r"(?:wrote|writes|said|schrieb|a \u00e9crit|escribi\u00f3|escreveu|ha scritto|schreef|napisa\u0142)\b"
    r"[^\n]{0,80}:\s*\Z",
    re.IGNORECASE,
)
_ORIGINAL = re.compile(
    r"\s*-{2,}\s*(?:original message|forwarded message|urspr\u00fcngliche nachricht|message d'origine)\s*-{2,}\s*\Z",
    re.IGNORECASE,
)
# GitHub Flavored Markdown 6.9 (autolinks), with any scheme before "//", and names with a path or a common ending alone.
_ADDRESS: Any = re2.compile(
    r"(?i)"
    r"\b[a-z][a-z0-9+.\-]{1,30}://[^\s<>\"]+"
    r"|\bwww\.[^\s<>\"]+"
    r"|(?:mailto:)?[a-z0-9._+\-]+@[a-z0-9_\-]+(?:\.[a-z0-9_\-]+)+"
    r"|\b(?:[a-z0-9](?:[a-z0-9\-]{0,61}[a-z0-9])?\.){1,8}(?:com|org|net|edu|gov)\b(?:/[^\s<>\"]*)?"
    r"|\b(?:[a-z0-9](?:[a-z0-9\-]{0,61}[a-z0-9])?\.){1,8}[a-z]{2,12}/[^\s<>\"]*"
)
_AFTER = "?!.,:;*_~'\"\u2026\u201d\u2019"


def read_text(text: str, format: str = TEXT, *, leave_out: Collection[str] = LEAVE_OUTS) -> MarkedText:
    """Return the text as a reader of this format sees it. Raises ValueError if the format is not one of FORMATS.

    Parts that are in `leave_out` are found for certain; others only where that costs nothing.
    """
    if format == TEXT:
        spans = _quoted_lines(text) if "quotes" in leave_out else []
        marked = MarkedText(NormalisedText(text, text), tuple(Part("quotes", *span) for span in spans))
    elif format == "html":
        marked = read_html(text)
    elif format == "markdown":
        from classifier.inference.markdown_text import read_markdown

        marked = read_markdown(text)
    else:
        raise ValueError(f"format {format!r} is not one of {', '.join(FORMATS)}")
    return _with_addresses(marked) if "addresses" in leave_out else marked


def _with_addresses(marked: MarkedText) -> MarkedText:
    found = tuple(Part("addresses", *span) for span in addresses(marked.read.text))
    if not found:
        return marked
    return MarkedText(
        marked.read, tuple(sorted((*marked.parts, *found), key=lambda part: (part.begin, part.end)))
    )


def addresses(text: str) -> Iterator[tuple[int, int]]:
    """Yield the URLs and e-mail addresses of a text as [begin, end), without the marks that follow them."""
    for match in _ADDRESS.finditer(without_surrogates(text)):
        begin, end = match.span()
        while end > begin and (text[end - 1] in _AFTER or _closes_nothing(text, begin, end)):
            end -= 1
        if end > begin:
            yield begin, end


def _closes_nothing(text: str, begin: int, end: int) -> bool:
    """Return whether the address ends with a bracket that was opened before it."""
    last = text[end - 1]
    if last not in ")]":
        return False
    opener = "(" if last == ")" else "["
    return text.count(last, begin, end) > text.count(opener, begin, end)


def _quoted_lines(text: str) -> list[tuple[int, int]]:
    """Return the quoted stretches of plain text."""
    if ">" not in text and "&gt;" not in text and "--" not in text:
        return []
    spans: list[tuple[int, int]] = []
    introduction: tuple[int, int] | None = None
    at = 0
    for line in text.splitlines(keepends=True):
        begin, at = at, at + len(line)
        if _ORIGINAL.match(line):
            spans.append((begin, len(text)))
            break
        if _QUOTED.match(line):
            spans.append((introduction[0] if introduction else begin, at))
            introduction = None
        elif line.strip():
            introduction = (begin, at) if _INTRODUCES.search(line) else None
    return merged(spans)
