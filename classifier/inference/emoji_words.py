"""Emoji as words: the short name that Unicode's CLDR gives each (library `emoji`), with the skin tone left out.

Faces that show a mood and hearts stay as they are: they say how something is meant and not what, and their names
("face with tears of joy") put words into a text that nobody reads there.
"""

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
# The faces of Unicode's subgroups face-smiling to face-negative; those of animals, devils and clowns are none of them.
_MOODS = re.compile(
    "[\U0001f600-\U0001f644\U0001f910-\U0001f917\U0001f920\U0001f922-\U0001f92f\U0001f970-\U0001f976"
    "\U0001f978-\U0001f97a\U0001f9d0\U0001fae0-\U0001fae9\U0001f4a4]"
)
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
        repeated = name != "" and name == previous and text[previous_end:begin].strip() == ""
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
    if data is None or is_ornament or _MOODS.fullmatch(sign):
        return None
    name = _SIGNS.sub(" ", data["en"].lower()).strip()
    return None if "heart" in name.split() or name.endswith("hearts") else name


def are_flags(signs: str) -> bool:
    """Return whether a run of regional letters is made of flags of countries."""
    pairs = [signs[at : at + 2] for at in range(0, len(signs), 2)]
    return all(len(pair) == 2 and name_of(pair) is not None for pair in pairs)
