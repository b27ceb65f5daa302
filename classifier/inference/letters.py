"""Letters in disguise as the letters that a reader takes them for, one word at a time.

Compatibility forms (mathematical, full width, circled, squared, small capitals, letters of flags) are letters wherever
they stand; look-alikes of other scripts only in a word that mixes scripts, so that a Russian or Greek word stays, and
two words without a space between them too; marks and strokes on Latin letters only where the text is not Vietnamese,
the word has several and an English word that is mostly used to offend lies underneath.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from itertools import pairwise

from classifier.inference.disguises import is_offensive
from classifier.inference.emoji_words import are_flags
from classifier.inference.fold import LOOK_ALIKES, SMALL_CAPITAL, folded_character
from classifier.inference.normalise import NormalisedText
from classifier.inference.reading_words import WordList
from classifier.inference.rewriting import Edit, rewritten

BLANKS = "\u2800\ufffc\U0001d159"
"""Characters without ink (Braille, of objects, of music) that are no white space to Unicode; they divide as it does."""
LETTERS_MIN = 3
"""A shorter word of two scripts is rather a unit or a formula."""
WHOLE_WORD_MIN = 4
_APART = r"\s\"%&'()+,\-./:;<=>?\[\\\]^_`{|}~\u00b7\u2010-\u2027\u3000-\u3003"
_WORD = re.compile(f"[^{_APART}]*[^\x00-\x7f{_APART}][^{_APART}]*")
_FLAG_LETTERS = re.compile("[\U0001f1e6-\U0001f1ff]+")
# Signs with a compatibility form of letters that nobody takes for letters of a word.
_SIGNS = frozenset("\u00aa\u00ba\u2122\u2120\u2121\u213b\u2116")
_SEVERAL = 2
_VIETNAMESE = re.compile("[\u0111\u01a1\u01b0\u1ea0-\u1ef9]", re.IGNORECASE)
"""Letters of Vietnamese: in its words accents are no disguise."""


def plain_letters(view: NormalisedText, words: WordList) -> NormalisedText:
    """Return the text with the letters of each word that are in disguise as plain ones."""
    if view.text.isascii():
        return view
    english = _mostly_latin(view.text) and len(_VIETNAMESE.findall(view.text)) < _SEVERAL
    edits: list[Edit] = []
    for match in _WORD.finditer(view.text):
        edits.extend(_edits(match[0], match.start(), words, english=english))
    return rewritten(view, edits) if edits else view


def _edits(word: str, at: int, words: WordList, *, english: bool) -> list[Edit]:
    if word.isascii():
        return []
    flags = {
        place
        for match in _FLAG_LETTERS.finditer(word)
        if are_flags(match[0])
        for place in range(*match.span())
    }
    plain = [
        character if place in flags or character.isascii() else _dressed(character)
        for place, character in enumerate(word)
    ]
    for place, character in enumerate(word[1:], start=1):  # struck through, or heaped on a plain letter
        if _is_mark(character) and (plain[place - 1] == "" or plain[place - 1].isascii()):
            plain[place] = ""
    letters = [character for character in plain if character and unicodedata.category(character[0])[0] == "L"]
    if any(not letter.isascii() for letter in letters):
        plain = _looked_through(plain, letters, words, english=english) or [
            # a word with small capitals beside other letters that are no Latin ones is phonetic script
            character if _is_small_capital(character) or unicodedata.category(character) == "Lm" else as_plain
            for character, as_plain in zip(word, plain, strict=True)
        ]
    return [
        (at + place, at + place + 1, new)
        for place, (old, new) in enumerate(zip(word, plain, strict=True))
        if old != new
    ]


def _looked_through(
    plain: list[str], letters: list[str], words: WordList, *, english: bool
) -> list[str] | None:
    """Return the word with look-alikes as Latin letters and accents taken off, or None where it is to stay."""
    others = {letter for letter in letters if not letter.isascii()}
    latin = sum(letter.isascii() or unicodedata.name(letter[0], "").startswith("LATIN") for letter in letters)
    stripped = [
        _underneath(character) if character and character in others else character for character in plain
    ]
    result = "".join(stripped)
    if not result.isascii() or len(letters) < LETTERS_MIN:
        return None
    is_word = result.isalpha() and words.ordinary(result.lower()) is not None
    if latin and latin < len(letters) and not is_word and not _is_disguised_latin(letters, latin):
        return None
    if latin == len(letters):  # accents and strokes: other languages write them too
        if not english:
            return None
        several = sum(letter in others for letter in letters) >= _SEVERAL or any(
            not unicodedata.decomposition(letter) for letter in others
        )
        return stripped if several and is_offensive(result.lower(), words) else None
    if latin:
        return stripped
    return stripped if english and is_word and len(result) >= WHOLE_WORD_MIN else None


def _is_disguised_latin(letters: list[str], latin: int) -> bool:
    """Return whether a word of two scripts is a Latin one with look-alikes in it: not two words that stand together.

    Most letters of a disguised word are Latin, and the others lie among them; two words have one border between them.
    """
    is_latin = [letter.isascii() or unicodedata.name(letter[0], "").startswith("LATIN") for letter in letters]
    borders = sum(one != other for one, other in pairwise(is_latin))
    return latin * 2 >= len(letters) and (borders > 1 or len(letters) - latin < LETTERS_MIN)


def _underneath(letter: str) -> str:
    like = LOOK_ALIKES.get(ord(letter))
    return like if like is not None else folded_character(letter).replace("\x00", "l")


@lru_cache(maxsize=8_192)
def _dressed(character: str) -> str:
    """Return the letters or the digit that a compatibility form stands for, a space for a blank, else the character."""
    if character in BLANKS:
        return " "
    if character in _SIGNS or 0x2160 <= ord(character) <= 0x217F or 0x3371 <= ord(character) <= 0x33DF:
        return character
    category = unicodedata.category(character)
    if _is_small_capital(character):
        return folded_character(character)
    if category in ("So", "Lu", "Ll", "Lm", "Nd", "No", "Lo"):
        compatible = unicodedata.normalize("NFKC", character)
        if compatible != character and compatible.strip("()").isalnum() and compatible.isascii():
            is_one = len(compatible) == 1 or compatible[0] == "(" or "\ufb00" <= character <= "\ufb06"
            return compatible.strip("()") if is_one and not _is_index(character) else character
        letter = folded_character(character)
        if category == "So" and len(letter) == 1 and letter.isascii() and letter.isalpha():
            return letter.upper()  # squared, and the letters of flags
    return character


def _is_mark(character: str) -> bool:
    return 0x0300 <= ord(character) <= 0x036F or 0x20D0 <= ord(character) <= 0x20F0


def _is_index(character: str) -> bool:
    """Return whether this is a digit set high or low, or in a circle: a footnote or a list."""
    return unicodedata.category(character) == "No"


def _is_small_capital(character: str) -> bool:
    return (
        len(character) == 1 and not character.isascii() and SMALL_CAPITAL in unicodedata.name(character, "")
    )


def _mostly_latin(text: str) -> bool:
    letters = [character for character in text if character.isalpha()]
    return sum(character.isascii() for character in letters) * 2 > len(letters)
