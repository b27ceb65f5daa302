"""Emoji as words: the short name that Unicode's CLDR gives each (library `emoji`), with the skin tone left out.

Faces and gestures that show a mood, and hearts, stay as they are: they say how something is meant and not what, and
their names ("face with tears of joy") put words into a text that nobody reads there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from classifier.inference.normalise import NormalisedText, normalise_text
from classifier.inference.rewriting import Edit, rewritten

_TONES = re.compile("[\U0001f3fb-\U0001f3ff]")
_MAYBE = re.compile("[\u231a-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff]")
# Of Unicode's groups: face-smiling to face-negative (those of animals, devils and clowns are none of them), hands but
# for the middle finger, person-gesture.
_MOODS = re.compile(
    "[\U0001f600-\U0001f647\U0001f64b-\U0001f64f\U0001f910-\U0001f917\U0001f920\U0001f922-\U0001f92f"
    "\U0001f970-\U0001f976\U0001f978-\U0001f97a\U0001f9d0\U0001fae0-\U0001fae9\U0001f4a4"
    "\U0001f446-\U0001f450\U0001f590\U0001f596\U0001f90c\U0001f90f\U0001f918-\U0001f91f\U0001f937\U0001f481"
    "\U0001f4aa\U0001faf0-\U0001faf8\u270a-\u270d\u261d]"
)
_MOOD_WORDS = frozenset(("heart", "hearts"))
_SIGNS = re.compile(r"[^a-z0-9]+")
_FLAG_LETTER = re.compile("[\U0001f1e6-\U0001f1ff]")


def emoji_as_words(view: NormalisedText) -> NormalisedText:
    """Return the text with each emoji as the words of its name; one that is repeated is named once."""
    text = view.text
    edits: list[Edit] = []
    previous, previous_end, at = "", 0, 0
    for match in _MAYBE.finditer(text):
        begin = match.start()
        if begin < at:
            continue
        at, name = _named(text, begin)
        if name is None:
            continue
        repeated = name == previous and not text[previous_end:begin].strip()
        if repeated:
            edits.append((previous_end, at, ""))
        else:
            before = " " if begin and not text[begin - 1].isspace() else ""
            after = " " if at < len(text) and not text[at].isspace() else ""
            edits.append((begin, at, f"{before}{name}{after}"))
            previous = name
        previous_end = at
    return rewritten(view, edits) if edits else view


def _named(text: str, begin: int) -> tuple[int, str | None]:
    """Return where the emoji at `begin` ends, with its skin tones, and its name; None where it has none to read."""
    names, longest = _names()
    for end in range(min(begin + 2 * longest, len(text)), begin, -1):
        name = names.get(_TONES.sub("", text[begin:end]))
        if name is not None:
            return end, name
    return begin + 1, None


@lru_cache(maxsize=1)
def _names() -> tuple[Mapping[str, str], int]:
    """Return the names of emoji, written as cleaning leaves them, without joiners, and the length of the longest."""
    from emoji import EMOJI_DATA

    names: dict[str, str] = {}
    for sign, data in EMOJI_DATA.items():
        cleaned = normalise_text(sign)
        # signs of the old symbol blocks that are shown as text unless a selector follows: suits of cards, telephones
        is_ornament = len(cleaned) == 1 and cleaned < "\U0001f000" and data.get("variant")
        name = _SIGNS.sub(" ", data["en"].lower()).strip()
        if not _MAYBE.match(cleaned) or is_ornament or _TONES.search(cleaned):
            continue
        if _MOODS.match(cleaned) or _MOOD_WORDS & set(name.split()):
            continue
        names.setdefault(cleaned, name)
    return names, max(map(len, names))


def are_flags(signs: str) -> bool:
    """Return whether a run of regional letters is made of flags of countries."""
    names, _ = _names()
    return all(signs[at : at + 2] in names and at + 2 <= len(signs) for at in range(0, len(signs), 2))
