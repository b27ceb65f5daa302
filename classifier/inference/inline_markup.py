"""Tags and entities that stand between the letters of a plain text, and are not seen where it is shown as HTML."""

from __future__ import annotations

import html
import re

from classifier.inference.normalise import NormalisedText
from classifier.inference.rewriting import Edit, cleaned_again, rewritten

# Elements of phrasing content (HTML Standard, 3.2.5.2.5) that hold text, without an effect on where a word ends, and
# those of forums' BBCode.
_INLINE = (
    "a|abbr|acronym|b|bdi|bdo|big|cite|code|data|del|dfn|em|font|i|ins|kbd|label|mark|nobr|q|rp|rt|ruby|s|samp|small|"
    "span|strike|strong|sub|sup|time|tt|u|var|wbr"
)
_BLOCK = (
    "address|article|aside|blockquote|body|br|button|caption|center|col|colgroup|dd|details|div|dl|dt|fieldset|"
    "figcaption|figure|footer|form|h[1-6]|head|header|hr|html|img|input|legend|li|main|nav|ol|option|p|pre|section|"
    "select|summary|table|tbody|td|textarea|tfoot|th|thead|title|tr|ul|video|iframe"
)
_ATTRIBUTES = r"(?:\s[^<>]{0,500})?"
_TAG = re.compile(
    rf"(?P<inline></?(?:{_INLINE}){_ATTRIBUTES}/?>|<!--(?:(?!-->).){{0,500}}-->"
    r"|\[(?P<code>b|i|u|s|em|strong|sub|sup|color|size|font)(?:=[^\[\]]{0,50})?\](?=[^\[\]]{0,500}\[/(?P=code)\])"
    r"|(?<=\w)\[/(?:b|i|u|s|em|strong|sub|sup|color|size|font)\])"
    rf"|</?(?:{_BLOCK}){_ATTRIBUTES}/?>",
    re.IGNORECASE,
)
_LINK = re.compile(r"\[([^\[\]\s]{1,200})\]\([^()\s]{1,500}\)")
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});")
ADDRESS_MAX = 500
ROUNDS = 2
"""Entities may be written as entities once more, as a page does that escapes twice."""


def without_inline_markup(view: NormalisedText) -> NormalisedText:
    """Return the text with entities as their characters, without tags; one that ends a line is a space."""
    if "&" in view.text:
        for _ in range(ROUNDS):
            edits = list(_entities(view.text))
            if not edits:
                break
            view = rewritten(view, edits)
    if "<" in view.text or "[/" in view.text:
        tags = [
            (match.start(), match.end(), "" if match["inline"] else " ") for match in _TAG.finditer(view.text)
        ]
        if tags:
            view = rewritten(view, tags)
    if "](" in view.text:
        view = rewritten(view, _links_in_words(view.text))
    return cleaned_again(view)


def _links_in_words(text: str) -> list[Edit]:
    """Take the marks off links of Markdown that a letter or another link touches."""
    edits = []
    for match in _LINK.finditer(text):
        touches = text[match.end() : match.end() + 1]
        if (
            text[match.start() - 1 : match.start()].isalnum()
            or touches.isalnum()
            or touches == "["
            or (text[match.start() - 1 : match.start()] == ")")
        ):
            edits += [(match.start(), match.start(1), ""), (match.end(1), match.end(), "")]
    return edits


def _entities(text: str) -> list[Edit]:
    edits = []
    for match in _ENTITY.finditer(text):
        characters = html.unescape(match[0])
        word = text[max(0, match.start() - ADDRESS_MAX) : match.start()].rpartition(" ")[2]
        in_address = "?" in word and (
            "://" in word or "www." in word
        )  # where & divides the fields of a query
        if characters != match[0] and not in_address:
            edits.append((match.start(), match.end(), characters))
    return edits
