"""A phrase as a pattern over folded text: every way to write it that a reader still reads as that phrase.

Caught: digits and signs for letters (`1d10t`, `a$$`), a letter held (`idiooot`), letters masked (`f*ck`), one or two
marks between letters (`id-iot`), and every letter on its own (`i d i o t`, `i.d.i.o.t`). Not caught, because it would
hit innocent words: a phrase inside a longer word ("Scunthorpe"), a word cut by one space ("pen is"), a letter doubled
that English doubles anyway ("lose", "loose"), a number with its unit (`45s`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from classifier.inference.disguises import ENGLISH_DOUBLES
from classifier.inference.fold import LEET, fold, folded_character

LETTERS_MAX = 200
SPELLED_MIN_LETTERS = 3
"""A shorter phrase is not looked for letter by letter: "a b" is in every text."""

# In an outline whatever is not ASCII is a letter or digit; so these classes are small, and so is a set of patterns.
_SIGN = r"[\x00-/:-@\[-`{-\x7f]"
_JOINTS = r"[-_*'\"`~^+=#|\\\x01]{0,2}"
_APART = f"{_SIGN}{{1,4}}"
_GAP = f"{_SIGN}{{1,5}}"
_OTHER_SIGN = "\x01"
_CURRENCY = {"\N{EURO SIGN}": "\x02", "\N{POUND SIGN}": "\x03"}
_MASKS = "*#"
_NUMBER = re.compile(r"[\d.,:/+\s-]*[a-z]{0,2}\Z")
_READ_AS: dict[str, str] = {}
for _sign, _letters in LEET.items():
    for _letter in _letters:
        _READ_AS[_letter] = _READ_AS.get(_letter, "") + _CURRENCY.get(_sign, _sign)


class _Outline(dict[int, str]):
    """What str.translate asks for each character: letters and digits as they are, other signs beyond ASCII as one."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        if not character.isalnum() and code > 0x7F:
            character = _CURRENCY.get(character, _OTHER_SIGN)
        if len(self) < 20_000:
            self[code] = character
        return character


_outline = _Outline()


class PatternError(ValueError):
    """A pattern that cannot be a rule; the message is for the person who wrote it."""

    def __init__(self, message: str, code: str = "invalid") -> None:
        super().__init__(message)
        self.message, self.code = message, code


def outline(folded: str) -> str:
    """Return folded text as phrase patterns read it, character for character: signs beyond ASCII are one sign."""
    return folded if folded.isascii() else folded.translate(_outline)


def can_fold(phrase: str) -> bool:
    """Return whether a phrase is spelled with letters only; one with an emoji or other sign is searched as it is."""
    return not any(ord(sign) > 0x7F and not sign.isalnum() for sign in phrase if not sign.isspace())


def phrase_pattern(phrase: str, *, folds: bool) -> str:
    """Return the RE2 source over `outline(fold(text))`, or over the cleaned text where it does not fold.

    Group 1 is the phrase itself; the pattern around it matches what may stand before and after.

    Raises PatternError where the phrase has nothing to look for, or too many letters.
    """
    words = phrase.split()
    letters = sum(map(len, words))
    if not words or (can_fold(phrase) and not any(character.isalnum() for character in phrase)):
        raise PatternError("A phrase needs at least one letter or digit.")
    if letters > LETTERS_MAX:
        raise PatternError(f"A phrase may have at most {LETTERS_MAX} letters.", "max_length")
    if not folds:
        body = r"\s+".join(map(_escaped, words))
        return _bounded(f"(?i:{body})", words[0][0], words[-1][-1], r"[^\pL\pN]")
    atoms = [_atoms(word) for word in words]
    ways = [_GAP.join(_JOINTS.join(of_word) for of_word in atoms)]
    flat = [atom for of_word in atoms for atom in of_word]
    if len(flat) >= SPELLED_MIN_LETTERS:
        ways.append(_APART.join(flat))
    alone = [letter for word in words for letter in _letters_alone(word)]
    if letters >= SPELLED_MIN_LETTERS and alone != flat:
        ways.append(_APART.join(alone))
    return _bounded("|".join(ways), words[0][0], words[-1][-1], _SIGN)


def is_number_with_unit(hit: str) -> bool:
    """Return whether apparent leetspeak is rather a number: no letters in it, or two at its end (`455`, `45s`)."""
    return hit[:1].isdigit() and _NUMBER.match(hit) is not None


def _atoms(word: str) -> list[str]:
    """Return one pattern for each run of a letter."""
    return [
        _atom(word[begin], end - begin, inner=begin > 0 and end < len(word)) for begin, end in _runs(word)
    ]


def _letters_alone(word: str) -> list[str]:
    """Return one pattern for each letter, also of those that are written twice: the two of "ass" as in "a s s"."""
    alone = []
    for begin, end in _runs(word):
        atom = _atom(word[begin], 1, inner=begin > 0 and end < len(word))
        alone += [atom] * (end - begin)
    return alone


def _runs(word: str) -> Iterator[tuple[int, int]]:
    """Yield where each run of one letter begins and ends."""
    begin = 0
    for end in range(1, len(word) + 1):
        if end == len(word) or word[end] != word[begin]:
            yield begin, end
            begin = end


def _atom(character: str, times: int, *, inner: bool) -> str:
    shown = _shown(character)
    if not character.isalnum():
        optional = "?" if unicodedata.category(character) == "Pd" or character in "'\u2019" else ""
        return f"(?:{_escaped(shown * times)}){optional}"
    if (
        len(shown) > 1 and len(_forms(character)) == 1
    ):  # one letter that is read as several, such as a ligature
        return f"(?:{_escaped(shown)}){{{times}}}"
    signs = "".join(sorted({sign for form in _forms(character) for sign in form + _READ_AS.get(form, "")}))
    letter = f"[{_in_class(signs + (_MASKS if inner else ''))}]"
    if times > 1 or character.lower() not in ENGLISH_DOUBLES:
        return f"{letter}{{{times},}}"
    return f"(?:{letter}|{letter}{{3,}})"


def _forms(character: str) -> list[str]:
    """Return the foldings of the letter in lower and upper case: a capital may resemble a different letter."""
    forms = {_shown(form) for form in (character, character.lower(), character.upper()) if len(form) == 1}
    return sorted(form for form in forms if len(form) == 1) or [_shown(character)]


def _shown(character: str) -> str:
    return outline(fold(character).text or folded_character(character) or character)


def _bounded(body: str, first: str, last: str, sign: str) -> str:
    before = f"(?:\\A|{sign})" if _has_words(first) else ""
    after = f"(?:\\z|{sign})" if _has_words(last) else ""
    return f"{before}({body}){after}"


def _has_words(edge: str) -> bool:
    """Return whether the script of this letter puts spaces between words, so that a hit must be a whole word."""
    code = ord(edge)
    return edge.isalnum() and not (
        0x0E00 <= code <= 0x0EFF  # Thai, Lao
        or 0x1000 <= code <= 0x109F  # Burmese
        or 0x1780 <= code <= 0x17FF  # Khmer
        or 0x2E80 <= code <= 0x9FFF  # Chinese, Japanese
        or 0xAC00 <= code <= 0xD7AF  # Korean: particles follow without a space
        or 0xF900 <= code <= 0xFAFF
        or code >= 0x20000
    )


def _escaped(text: str) -> str:
    return "".join(character if character.isalnum() else f"\\x{{{ord(character):x}}}" for character in text)


def _in_class(characters: str) -> str:
    return _escaped(characters)
