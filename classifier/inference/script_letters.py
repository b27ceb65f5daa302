"""Disguises that depend on the script of a word, undone where they cannot be the way the word is written.

Cyrillic and Greek: Latin letters among letters of the script that they look like. Arabic and Hebrew: tatweel, marks of
vowels, presentation forms. Japanese: half-width kana. Korean: letters apart (jamo), where they make whole
syllables; laughter and abbreviations have no vowel and stay. Alphabets: letters held; a word of
one letter, laughter in Arabic, stays, and so do numbers.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from classifier.inference.fold import LOOK_ALIKES
from classifier.inference.markup import addresses
from classifier.inference.normalise import NormalisedText
from classifier.inference.rewriting import Edit, rewritten
from classifier.inference.scripts import LATIN, script_of

_WORD = re.compile(r"\w(?:\w|[\u0300-\u036f\u0590-\u05c7\u0610-\u061a\u064b-\u0670\u0e31-\u0e4e])*")
_NATIVE_FIRST = {"Cyrl": (0x400, 0x500), "Grek": (0x370, 0x400)}
_POINTS = re.compile(
    "[\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u0652\u0670]+"
)
_PRESENTED = re.compile("[\ufb50-\ufbb1\ufbd3-\ufbff\ufe70-\ufefc]+")
_HALF_KANA = re.compile("[\uff66-\uff9f]+")
_JAMO = re.compile("[\u3131-\u3163]{2,}")
_HELD = re.compile(r"([^\W\d_])\1{2,}", re.IGNORECASE)
_LATIN_HELD = 4  # Romanian "copiii" and German "Seeelefant" have three
_ROMAN = re.compile(r"[ivxlcdm]+", re.IGNORECASE)
_HELD_SCRIPTS = frozenset(("Cyrl", "Grek", "Arab", "Hebr", "Thai", "Armn", "Geor", LATIN))
_VOWELS = frozenset("aeiouyàáâãäåæèéêëìíîïòóôõöøùúûüý\u0131œ")
# The consonants and vowels of Hangul in the order of their syllables, as single letters (Unicode, chapter 3.12).
_FIRSTS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
_MIDDLES = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
_LASTS = " ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ"
_SYLLABLE = re.compile(f"([{_FIRSTS}])([{_MIDDLES}])([{_LASTS[1:]}](?![{_MIDDLES}]))?")


def native_letters(view: NormalisedText) -> NormalisedText:
    """Return the text with every word in its own letters: see above, without letters that are held."""
    return _rewritten(view, _native_edits(view.text)) if not view.text.isascii() else view


def letters_let_go(view: NormalisedText) -> NormalisedText:
    """Return the text with each letter that is held three times or more once.

    In Latin words four times count, of which a consonant leaves two.

    For texts that are not English, whose words a list knows.
    """
    protected = list(addresses(view.text)) if "." in view.text or "@" in view.text else []
    edits = []
    for match in _HELD.finditer(view.text):
        begin, end = _around(view.text, *match.span())
        word = view.text[begin:end]
        inside = any(first < match.end() and match.start() < last for first, last in protected)
        if inside or len(set(word.lower())) == 1 or script_of(match[1]) not in _HELD_SCRIPTS:
            continue
        is_latin = script_of(match[1]) == LATIN
        if _ROMAN.fullmatch(word) or (is_latin and len(match[0]) < _LATIN_HELD):
            continue
        is_consonant = is_latin and match[1].lower() not in _VOWELS
        edits.append((match.start() + (2 if is_consonant else 1), match.end(), ""))
    return rewritten(view, edits) if edits else view


def _around(text: str, begin: int, end: int) -> tuple[int, int]:
    """Return where the word around [begin, end) begins and ends."""
    while begin > 0 and text[begin - 1].isalnum():
        begin -= 1
    while end < len(text) and text[end].isalnum():
        end += 1
    return begin, end


def _native_edits(text: str) -> Iterator[Edit]:
    script = _script_of_text(text)
    for match in _WORD.finditer(text):
        word = match[0]
        if word.isascii():
            continue
        for begin, end, new in _word_edits(word, script):
            yield match.start() + begin, match.start() + end, new


def _word_edits(word: str, script_of_text: str) -> Iterator[Edit]:
    scripts = {script for character in word if (script := script_of(character))}
    own = scripts - {LATIN}
    if LATIN in scripts and len(own) == 1 and (script := next(iter(own))) in _NATIVE_FIRST:
        yield from _as_native(word, script, script_of_text)
    for pattern in (_PRESENTED, _HALF_KANA):
        for match in pattern.finditer(word):
            yield match.start(), match.end(), unicodedata.normalize("NFKC", match[0])
    if own & {"Arab", "Hebr"}:
        for match in _POINTS.finditer(word):
            if match.start() > 0:  # a mark that stands alone is itself what is written
                yield match.start(), match.end(), ""
    if "Hang" in own:
        for match in _JAMO.finditer(word):
            if composed := _syllables(match[0]):
                yield match.start(), match.end(), composed


def _as_native(word: str, script: str, script_of_text: str) -> Iterator[Edit]:
    """Yield the word's Latin letters as those of `script`, where the word belongs to that script.

    It does where most of its letters are of the script, or half of them in a text of it, and every Latin one looks like
    a letter of it. Else the look-alikes are rather letters of a Latin word.
    """
    letters = [character for character in word if script_of(character)]
    native = sum(script_of(character) == script for character in letters)
    latin = len(letters) - native
    if native < latin or (native == latin and script_of_text != script) or native + latin < len(word):
        return
    edits = []
    for place, character in enumerate(word):
        if script_of(character) == LATIN:
            twin = _TWINS[script].get(character)
            if twin is None:
                return
            edits.append((place, place + 1, twin))
    yield from edits


def _twins(first: int, last: int) -> dict[str, str]:
    """Return the letters of a script by the Latin letter that they look like, in its case."""
    twins: dict[str, str] = {}
    for code in range(first, min(last, first + 0x60)):  # the main letters of both scripts
        character = chr(code)
        like = LOOK_ALIKES.get(code)
        if like and unicodedata.category(character) in ("Lu", "Ll"):
            twins.setdefault(like.upper() if character.isupper() else like, character)
    return twins


_TWINS = {script: _twins(*place) for script, place in _NATIVE_FIRST.items()}
# Of several that look alike, the one that disguises use; letters that look alike in one case only.
_TWINS["Cyrl"] |= dict(
    zip(
        "IaceopxyAEOCPXBHKMT",
        "\u0406\u0430\u0441\u0435\u043e\u0440\u0445\u0443\u0410\u0415\u041e\u0421\u0420\u0425\u0412\u041d\u041a\u041c\u0422",
        strict=True,
    )
)
_TWINS["Grek"] |= dict(
    zip(
        "ovABEZHIKMNOPTYX",
        "\u03bf\u03bd\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7",
        strict=True,
    )
)


def _syllables(letters: str) -> str:
    """Return Korean letters that stand apart as syllables, or "" where some of them belong to none."""
    parts, at = [], 0
    while at < len(letters):
        match = _SYLLABLE.match(letters, at)
        if match is None:
            return ""
        first, middle, last = (
            _FIRSTS.index(match[1]),
            _MIDDLES.index(match[2]),
            _LASTS.index(match[3] or " "),
        )
        parts.append(chr(0xAC00 + (first * len(_MIDDLES) + middle) * len(_LASTS) + last))
        at = match.end()
    return "".join(parts)


def _script_of_text(text: str) -> str:
    """Return the script of most letters of a text."""
    counts: dict[str, int] = {}
    for character in text:
        if script := script_of(character):
            counts[script] = counts.get(script, 0) + 1
    return max(counts, key=counts.__getitem__) if counts else ""


def _rewritten(view: NormalisedText, edits: Iterator[Edit]) -> NormalisedText:
    ordered = sorted(edits)
    return rewritten(view, ordered) if ordered else view


def has_other_letters(word: str) -> bool:
    """Return whether a word has letters that are not Latin: signs and digits in it stand for no Latin letters."""
    return not word.isascii() and any(script not in ("", LATIN) for script in map(script_of, word))
