"""Emoji as words: the short name that Unicode's CLDR gives each (library `emoji`), with the skin tone left out."""

from __future__ import annotations

import re
from functools import lru_cache

from classifier.inference.normalise import NormalisedText
from classifier.inference.rewriting import Edit, rewritten

FIRST = "\u2600"
"""Signs below are punctuation, arrows and the like, even where an emoji is made of them.

So are those of the old symbol blocks that are shown as text unless a selector follows: suits of cards, telephones.
"""
_TONES = "\U0001f3fb-\U0001f3ff"
_GENDERS = "\u2640\u2642"
_MAYBE = re.compile(f"[{FIRST}-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff]")
_SIGNS = re.compile(r"[^a-z0-9]+")
_FLAGS = re.compile("[\U0001f1e6-\U0001f1ff]+")


def emoji_as_words(view: NormalisedText) -> NormalisedText:
    """Return the text with each emoji as the words of its name; one that is repeated is named once."""
    edits: list[Edit] = []
    text = view.text
    previous, previous_end = "", -1
    at = 0
    for match in _MAYBE.finditer(text):
        begin = match.start()
        if begin < at:
            continue
        end, name = _named(text, begin)
        at = end
        if name is None:
            continue
        repeated = name == previous and text[previous_end:begin].strip() == ""
        if name and not repeated:
            before = " " if begin and not text[begin - 1].isspace() else ""
            after = " " if end < len(text) and not text[end].isspace() else ""
            edits.append((begin, end, f"{before}{name}{after}"))
            previous = name
        else:
            edits.append((previous_end if repeated else begin, end, ""))
        previous_end = end
    return rewritten(view, edits) if edits else view


def _named(text: str, begin: int) -> tuple[int, str | None]:
    """Return where the emoji at `begin` ends, and its name: "" for a sign of skin or gender, None if it is none."""
    character = text[begin]
    if character in _GENDERS or re.match(f"[{_TONES}]", character):
        return begin + 1, ""
    pair = text[begin : begin + 2]
    if _FLAGS.fullmatch(pair) and len(pair) == 2:
        name = name_of(pair)
        return (begin + 2, name) if name else (begin + 1, None)
    return begin + 1, name_of(character)


@lru_cache(maxsize=4_096)
def name_of(sign: str) -> str | None:
    """Return the short name of an emoji in small letters, or None where the sign is no emoji."""
    from emoji import EMOJI_DATA

    data = EMOJI_DATA.get(sign) or EMOJI_DATA.get(sign + "\ufe0f")
    is_ornament = sign < "\U0001f000" and data is not None and data.get("variant")
    return None if data is None or is_ornament else _SIGNS.sub(" ", data["en"].lower()).strip()


def are_flags(signs: str) -> bool:
    """Return whether a run of regional letters is made of flags of countries."""
    pairs = [signs[at : at + 2] for at in range(0, len(signs), 2)]
    return all(len(pair) == 2 and name_of(pair) is not None for pair in pairs)
