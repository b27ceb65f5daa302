"""Text as a reader sees it, whatever it is spelled with: the disguises of a word undone, with a way back to the text.

Folding removes what nobody sees (zero-width characters, combining marks), takes apart what is one letter in another
dress (full width, circled, mathematical, small capitals, accents; Unicode's NFKD and the letter's name), puts the
Latin letter for what only looks like one (UTS #39) and lowers the case. It is for finding words, never for scoring.

Two readings that depend on the word are left to the matching: digits and signs that stand for letters (`a$$`, `1d10t`)
stay as they are, and a bar or a capital I among small letters, which may be i or l, becomes BAR.

What is left of accents is the choice of the caller: `folded_character` takes off all marks, also the vowel signs of
Indian scripts (for comparing texts); `accented_character` keeps what makes another letter ("ñ" is no "n", "バ" no
"ハ", "ł" no "l"); `unaccented_character` takes accents and strokes off, and leaves the signs that other scripts
need.
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from collections.abc import Callable
from functools import lru_cache

from classifier.inference.confusables import CONFUSABLES
from classifier.inference.normalise import NormalisedText, normalise

BAR = "I"
"""Stands in folded text for what may be i or l; all else is in lower case."""

SMALL_CAPITAL = "LATIN LETTER SMALL CAPITAL"
LOOK_ALIKES = {ord(odd): letter for letter, odds in CONFUSABLES.items() for odd in odds}
# "LATIN SMALL LETTER O WITH STROKE" and its like: letters that do not decompose, but say in their name what they are.
_NAME = re.compile(
    r"LATIN (?:LETTER |CAPITAL |SMALL |SUBSCRIPT )*(?:SMALL CAPITAL |DOTLESS |LONG |SCRIPT )*([A-Z])(?: WITH .+)?\Z"
)
_FLAGS, _SQUARED, _CIRCLED, _BOXED = 0x1F1E6, 0x1F170, 0x1F150, 0x1F130
_MARK = "\x00"  # a bar until the case is lowered; no cleaned text holds one
_CAPITAL_BARS = re.compile(f"(?<=[a-z{_MARK}])I+")
# The letters that digits and signs are read as; a bar is read as either letter.
LEET = {
    "0": "o",
    "1": "il",
    "2": "z",
    "3": "e",
    "4": "a",
    "5": "s",
    "6": "bg",
    "7": "t",
    "8": "b",
    "9": "g",
    "@": "a",
    "$": "s",
    "!": "i",
    "|": "il",
    "+": "t",
    "\N{EURO SIGN}": "e",
    "\N{POUND SIGN}": "l",
    BAR: "il",
}


# Accents and other marks that stand on letters of any script; strokes and heaps of marks are written with them.
_ACCENTS = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]")
# Vowel points of Hebrew and Arabic and the stretched line of Arabic, which most people leave out.
_OPTIONAL = re.compile(
    "[\u0591-\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed]"
)
_OPTIONAL_ACCENT = {"\u0451": "\u0435", "\u0401": "\u0435"}  # Russian writes yo as ye as often as not
_VOICED = {"\u3099": "\u3099", "\u309a": "\u309a", "\uff9e": "\u3099", "\uff9f": "\u309a"}


def fold(text: str, letter: Callable[[str], str] | None = None) -> NormalisedText:
    """Return the folded text with its map back to `text`; a mark belongs to the letter before it.

    `letter` folds one character that is not ASCII: `folded_character` (where None is given), `accented_character` or
    `unaccented_character`.
    """
    letter = letter or folded_character
    if text.isascii() and text.isprintable():
        return NormalisedText(_lowered(text), text)
    clean = normalise(text)
    if clean.text.isascii():
        return NormalisedText(_lowered(clean.text), text, clean.begins, clean.ends)
    parts: list[str] = []
    begins, ends = array("q"), array("q")
    for index, character in enumerate(clean.text):
        begin, end = clean.original_span(index, index + 1)
        if parts and character in _VOICED and letter is not folded_character:
            voiced = unicodedata.normalize("NFC", parts[-1] + _VOICED[character])
            if len(voiced) == len(parts[-1]):
                parts[-1], ends[-1] = voiced, end
                continue
        piece = character if character.isascii() else letter(character)
        if not piece:  # a mark: it belongs to the letter that it stands on
            if ends:
                ends[-1] = end
            continue
        parts.append(piece)
        begins.extend([begin] * len(piece))
        ends.extend([end] * len(piece))
    return NormalisedText(_lowered("".join(parts)), text, begins, ends)


@lru_cache(maxsize=8_192)
def folded_character(character: str) -> str:
    """Return what one character is read as; the case of ASCII letters is kept, marks are nothing."""
    like = _likeness(character)
    if like:
        return like
    pieces = (
        piece for piece in unicodedata.normalize("NFKD", character) if unicodedata.category(piece)[0] != "M"
    )
    return "".join(_likeness(piece) or _plain(piece) for piece in pieces)


@lru_cache(maxsize=8_192)
def accented_character(character: str) -> str:
    """Return what one character is read as where accents matter; the case of ASCII letters is kept."""
    if _ACCENTS.match(character) or _OPTIONAL.match(character):
        return ""
    if unicodedata.category(character)[0] == "M" or "\uac00" <= character <= "\ud7a3":
        return character
    character = _OPTIONAL_ACCENT.get(character, character)
    like = _likeness(character)
    if like:
        return like
    pieces = unicodedata.normalize("NFKD", character)
    if any(unicodedata.category(piece)[0] == "M" for piece in pieces):
        lowered = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", character).casefold())
        return _ACCENTS.sub("", lowered)
    if character.isalpha() and " WITH " in unicodedata.name(character, ""):
        return character.lower()  # a letter with a stroke, hook or tail
    return "".join(_likeness(piece) or _plain(piece) for piece in pieces)


@lru_cache(maxsize=8_192)
def unaccented_character(character: str) -> str:
    """Return what one character is read as without its accents and strokes; other signs of a script are kept."""
    if unicodedata.category(character)[0] == "M" or "\uac00" <= character <= "\ud7a3":
        return accented_character(character)
    bare = unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFKD", character)))
    return "".join(map(_without_stroke, bare))


def _without_stroke(piece: str) -> str:
    if unicodedata.category(piece)[0] == "M":
        return accented_character(piece)
    if not unicodedata.is_normalized("NFD", piece):  # with a sign that is no accent, such as of voiced kana
        return piece.lower()
    return _likeness(piece) or _plain(piece)


def without_accents(text: str) -> str:
    """Return the text without accents and strokes on its letters; its case and all else is kept."""
    bare = unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFD", text)))
    return "".join(_unstroked(character) for character in bare)


def _unstroked(character: str) -> str:
    named = None if character.isascii() else _NAME.match(unicodedata.name(character, ""))
    if named is None or " WITH " not in unicodedata.name(character):
        return character
    return named[1] if character.isupper() else named[1].lower()


def _likeness(character: str) -> str:
    letter = LOOK_ALIKES.get(ord(character))
    return "" if letter is None else _MARK if letter == "l" else letter


def _plain(character: str) -> str:
    """Return how a character without a look-alike is read: a digit of any script, a boxed letter, its lower case."""
    if character.isascii():
        return character
    for first in (_FLAGS, _SQUARED, _CIRCLED, _BOXED):
        if first <= ord(character) < first + 26:
            return chr(ord("a") + ord(character) - first)
    digit = unicodedata.decimal(character, None)
    if digit is not None:
        return str(digit)
    named = _NAME.match(unicodedata.name(character, ""))
    return named[1].lower() if named else _one_to_one(character)


def _one_to_one(character: str) -> str:
    """Lower the case as a search needs it: without the marks that casefold would add."""
    return "".join(
        piece
        for piece in unicodedata.normalize("NFKD", character.casefold())
        if unicodedata.category(piece)[0] != "M"
    )


def _lowered(text: str) -> str:
    """Lower the case of ASCII letters, except a capital I after small letters, where it may be read as an l."""
    if "I" in text:
        text = _CAPITAL_BARS.sub(lambda match: _MARK * len(match[0]), text)
    return text.translate(_LOWER)


_LOWER = {ord("A") + index: ord("a") + index for index in range(26)} | {ord(_MARK): BAR}
