"""A phrase as a pattern over folded text: every way to write it that a reader still reads as that phrase.

Caught: digits and signs for letters (`1d10t`, `a$$`), a letter held (`idiooot`), letters masked (`f*ck`), one or two
marks between letters (`id-iot`, `id.iot`), and every letter on its own (`i d i o t`, `i.d.i.o.t`). Not caught, because
it would hit innocent words: a phrase inside a longer word ("Scunthorpe"), a word cut by one space ("pen is"), words or
a contraction that marks divide ("pen-is", "he'll"), a letter doubled that English doubles anyway ("lose", "loose"), a
number with its unit (`45s`).

A phrase is found in other accents only where its rule ignores them; what is put on letters to hide a word is undone by
`classifier.inference.reading`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import lru_cache

from classifier.inference.disguises import CONTRACTION, ENGLISH_DOUBLES, are_words, is_offensive
from classifier.inference.fold import LEET, accented_character, fold
from classifier.inference.reading_words import shipped_words

LETTERS_MAX = 200
SPELLED_MIN_LETTERS = 3
"""A shorter phrase is not looked for letter by letter: "a b" is in every text."""

# In an outline whatever is not ASCII is a letter or digit; so these classes are small, and so is a set of patterns.
_SIGN = r"[\x00-/:-@\[-`{-\x7f]"
_JOINTS = r"[-_.*'\"`~^+=#|\\\x01]{0,2}"
_APART = f"{_SIGN}{{1,4}}"
_GAP = f"{_SIGN}{{1,5}}"
_OTHER_SIGN = "\x01"
_CURRENCY = {"\N{EURO SIGN}": "\x02", "\N{POUND SIGN}": "\x03"}
_MASKS = "*#"
_ENDINGS = frozenset(("s", "t", "d", "m", "re", "ve", "ll"))
_DIVIDED = re.compile(r"[\W_]+")
_NUMBER = re.compile(r"[\d.,:/+\s-]*[a-z]{0,2}\Z")
_READ_AS: dict[str, str] = {}
for _sign, _letters in LEET.items():
    for _letter in _letters:
        _READ_AS[_letter] = _READ_AS.get(_letter, "") + _CURRENCY.get(_sign, _sign)


def is_of_a_word(character: str) -> bool:
    """Return whether a character is a letter, a digit or a mark on them, such as the vowel signs of Hindi."""
    return character.isalnum() or unicodedata.category(character)[0] == "M"


class _Outline(dict[int, str]):
    """What str.translate asks for each character: letters and digits as they are, other signs beyond ASCII as one."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        if code > 0x7F and not is_of_a_word(character):
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
    return not any(ord(sign) > 0x7F and not is_of_a_word(sign) for sign in phrase if not sign.isspace())


def phrase_pattern(phrase: str, *, folds: bool, letter: Callable[[str], str] = accented_character) -> str:
    """Return the RE2 source over `outline(fold(text, letter))`, or over `outline(text)` where it does not fold.

    A phrase that `can_fold` says no of is looked for in the cleaned text itself.

    The group that matches is the phrase itself; the pattern around it matches what may stand before and after.

    Raises PatternError where the phrase has nothing to look for, or too many letters.
    """
    phrase, begins, ends = without_wildcards(phrase)
    words = phrase.split()
    letters = sum(map(len, words))
    if not words or (can_fold(phrase) and not any(character.isalnum() for character in phrase)):
        raise PatternError("A phrase needs at least one letter or digit.")
    if letters > LETTERS_MAX:
        raise PatternError(f"A phrase may have at most {LETTERS_MAX} letters.", "max_length")
    if not folds:
        body = r"\s+".join(map(_escaped, words))
        sign = _SIGN if can_fold(phrase) else r"[^\pL\pM\pN]"
        return _bounded(f"(?i:{body})", words, sign, begins, ends)
    atoms = [_atoms(word, letter) for word in words]
    ways = [_GAP.join(_JOINTS.join(of_word) for of_word in atoms)]
    flat = [atom for of_word in atoms for atom in of_word]
    spaceless = not any(_has_words(character) for word in words for character in word)
    hangul = all("\uac00" <= character <= "\ud7a3" for character in "".join(words))
    if len(flat) >= SPELLED_MIN_LETTERS or (spaceless and not hangul and len(flat) > 1):
        ways.append(_APART.join(flat))
    alone = [atom for word in words for atom in _letters_alone(word, letter)]
    if letters >= SPELLED_MIN_LETTERS and alone != flat:
        ways.append(_APART.join(alone))
    pattern = _bounded("|".join(ways), words, _SIGN, begins, ends)
    if hangul and len(flat) == 2:  # two syllables of a sentence are set apart too: only where neither goes on
        pattern += f"|(?:\\A|{_SIGN})({_APART.join(flat)})(?:\\z|{_SIGN})"
    return pattern


def stands_for_itself(written: str, before: str, after: str, phrase: str) -> bool:
    """Return whether an apparent hit of a phrase, as it is written in a text, is rather other words.

    That is a contraction ("he'll" for the phrase "hell") or a part of one ("can't" for "can"), or words that marks
    divide ("pen-is"); a phrase that has such marks itself is taken at its word.
    """
    written, phrase = written.lower().replace("\u2019", "'"), phrase.lower().replace("\u2019", "'")
    before, after = before.replace("\u2019", "'"), after.lower().replace("\u2019", "'")
    if "'" not in phrase:
        if after[:2] == "'t" and not after[2:3].isalpha() and written.endswith("n"):
            return True
        if before[-1:] == "'" and before[-2:-1].isalpha() and written in _ENDINGS:
            return True
        if CONTRACTION.fullmatch(written):
            return True
    if not phrase.isalnum() or written.isalnum():
        return False
    parts = [part for part in _DIVIDED.split(written) if part]
    words = shipped_words()
    if any(is_offensive(part, words) for part in parts):  # "ass-hole"
        return False
    return any(len(part) > 1 for part in parts) and are_words(written, words)


def is_number_with_unit(hit: str) -> bool:
    """Return whether apparent leetspeak is rather a number: no letters in it, or two at its end (`455`, `45s`)."""
    return hit[:1].isdigit() and _NUMBER.match(hit) is not None


def _atoms(word: str, letter: Callable[[str], str]) -> list[str]:
    """Return one pattern for each run of a letter."""
    return [
        _atom(word[begin], end - begin, letter, inner=begin > 0 and end < len(word))
        for begin, end in _runs(word)
    ]


def _letters_alone(word: str, letter: Callable[[str], str]) -> list[str]:
    """Return one pattern for each letter, also of those that are written twice: the two of "ass" as in "a s s"."""
    alone = []
    for begin, end in _runs(word):
        atom = _atom(word[begin], 1, letter, inner=begin > 0 and end < len(word))
        alone += [atom] * (end - begin)
    return alone


def _runs(word: str) -> Iterator[tuple[int, int]]:
    """Yield where each run of one letter begins and ends."""
    begin = 0
    for end in range(1, len(word) + 1):
        if end == len(word) or word[end] != word[begin]:
            yield begin, end
            begin = end


@lru_cache(maxsize=8_192)
def _atom(character: str, times: int, letter: Callable[[str], str], *, inner: bool) -> str:
    shown = _shown(character, letter)
    if not is_of_a_word(character):
        optional = "?" if unicodedata.category(character) == "Pd" or character in "'\u2019" else ""
        return f"(?:{_escaped(shown * times)}){optional}"
    forms = _forms(character, letter)
    if len(shown) > 1 and len(forms) == 1:  # one letter that is read as several, such as a ligature
        return f"(?:{_escaped(shown)}){{{times}}}"
    signs = "".join(sorted({sign for form in forms for sign in form + _READ_AS.get(form, "")}))
    any_of = f"[{_in_class(signs + (_MASKS if inner else ''))}]"
    if times > 1 or character.lower() not in ENGLISH_DOUBLES:
        return f"{any_of}{{{times},}}"
    return f"(?:{any_of}|{any_of}{{3,}})"


def letter_forms(phrase: str, letter: Callable[[str], str]) -> list[list[str]]:
    """Return for each letter of a phrase what it may be in a folded text."""
    return [_forms(character, letter) for character in sorted(set(phrase)) if is_of_a_word(character)]


def _forms(character: str, letter: Callable[[str], str]) -> list[str]:
    """Return the foldings of the letter in lower and upper case: a capital may resemble a different letter."""
    cases = (character, character.lower(), character.upper())
    forms = {_shown(form, letter) for form in cases if len(form) == 1}
    return sorted(form for form in forms if len(form) == 1) or [_shown(character, letter)]


def _shown(character: str, letter: Callable[[str], str]) -> str:
    return outline(fold(character, letter).text or letter(character) or character)


def without_wildcards(phrase: str) -> tuple[str, bool, bool]:
    """Return a phrase without the stars at its ends, and whether it must begin and end where a word does.

    A star at an end stands for any letters: "idiot*" also is in "idiots" and "idiotic".
    """
    phrase = phrase.strip()
    bare = phrase.strip("*")
    if not bare or not (bare[0].isalnum() or bare[-1].isalnum()):
        return phrase, True, True
    begins = not (phrase.startswith("*") and bare[0].isalnum())
    ends = not (phrase.endswith("*") and bare[-1].isalnum())
    return bare.strip(), begins, ends


def _bounded(body: str, words: list[str], sign: str, begins: bool, ends: bool) -> str:
    before = f"(?:\\A|{sign})" if _has_words(words[0][0]) else ""
    after = f"(?:\\z|{sign})" if _has_words(words[-1][-1]) else ""
    other = "[0-9A-Za-z\x80-\U0010ffff]{0,40}"  # what is not a sign in an outline
    head, tail = ("" if begins else other), ("" if ends else other)
    return f"{before}({head}(?:{body}){tail}){after}"


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
