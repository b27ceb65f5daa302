"""Scripts of writing: which one a word is in, and which languages are written in which."""

from bisect import bisect_right
from functools import lru_cache

from classifier.inference.fold import folded_character

LATIN = "Latn"
# First and last code point, ISO 15924 code; only scripts that people write comments in. Kana count as Japanese.
_BLOCKS = (
    (0x41, 0x5A, LATIN),
    (0x61, 0x7A, LATIN),
    (0xAA, 0x24F, LATIN),
    (0x370, 0x3FF, "Grek"),
    (0x400, 0x52F, "Cyrl"),
    (0x531, 0x58F, "Armn"),
    (0x590, 0x5FF, "Hebr"),
    (0x600, 0x6FF, "Arab"),
    (0x750, 0x77F, "Arab"),
    (0x8A0, 0x8FF, "Arab"),
    (0x900, 0x97F, "Deva"),
    (0x980, 0x9FF, "Beng"),
    (0xA00, 0xA7F, "Guru"),
    (0xA80, 0xAFF, "Gujr"),
    (0xB00, 0xB7F, "Orya"),
    (0xB80, 0xBFF, "Taml"),
    (0xC00, 0xC7F, "Telu"),
    (0xC80, 0xCFF, "Knda"),
    (0xD00, 0xD7F, "Mlym"),
    (0xD80, 0xDFF, "Sinh"),
    (0xE00, 0xE7F, "Thai"),
    (0xE80, 0xEFF, "Laoo"),
    (0xF00, 0xFFF, "Tibt"),
    (0x1000, 0x109F, "Mymr"),
    (0x10A0, 0x10FF, "Geor"),
    (0x1100, 0x11FF, "Hang"),
    (0x1200, 0x139F, "Ethi"),
    (0x1780, 0x17FF, "Khmr"),
    (0x1E00, 0x1EFF, LATIN),
    (0x1F00, 0x1FFF, "Grek"),
    (0x3040, 0x30FF, "Jpan"),
    (0x3130, 0x318F, "Hang"),
    (0x31F0, 0x31FF, "Jpan"),
    (0x3400, 0x4DBF, "Hani"),
    (0x4E00, 0x9FFF, "Hani"),
    (0xAC00, 0xD7AF, "Hang"),
    (0xFB50, 0xFDFF, "Arab"),
    (0xFE70, 0xFEFF, "Arab"),
    (0x20000, 0x323AF, "Hani"),
)
_FIRSTS = tuple(first for first, _, _ in _BLOCKS)
# Every language that is not here is taken to be written in Latin letters.
LANGUAGES: dict[str, tuple[str, ...]] = {
    "Grek": ("el", "grc"),
    "Cyrl": ("ru", "uk", "bg", "be", "mk", "sr", "kk", "ky", "mn", "tt", "tg", "ba"),
    "Armn": ("hy",),
    "Hebr": ("he", "yi", "hbo"),
    "Arab": ("ar", "fa", "ur", "ps", "ug", "sdh", "arz", "ary"),
    "Deva": ("hi", "mr", "ne", "sa", "gom"),
    "Beng": ("bn", "as"),
    "Guru": ("pa",),
    "Gujr": ("gu",),
    "Orya": ("or",),
    "Taml": ("ta",),
    "Telu": ("te",),
    "Knda": ("kn",),
    "Mlym": ("ml",),
    "Sinh": ("si",),
    "Thai": ("th",),
    "Laoo": ("lo",),
    "Tibt": ("dz", "bo"),
    "Mymr": ("my",),
    "Geor": ("ka",),
    "Hang": ("ko",),
    "Ethi": ("am", "ti"),
    "Khmr": ("km",),
    "Jpan": ("ja",),
    "Hani": ("zh", "ja", "yue", "wuu"),
}
_OF_LANGUAGE: dict[str, set[str]] = {}
for _script, _languages in LANGUAGES.items():
    for _language in _languages:
        _OF_LANGUAGE.setdefault(_language, set()).add(_script)


def scripts_of(tag: str) -> frozenset[str]:
    """Return the scripts that the language of a tag is written in; a tag may name one, as `hi-Latn` does."""
    language, *parts = tag.split("-")
    named = [part for part in parts if len(part) == 4 and part.isalpha()]
    if named:
        return frozenset(part.title() for part in named)
    scripts = _OF_LANGUAGE.get(language, {LATIN})
    return frozenset(scripts | {LATIN} if language == "sr" else scripts)


def script_of(character: str) -> str:
    """Return the script of a letter; "" for marks, signs, digits and scripts that are not listed."""
    code = ord(character)
    at = bisect_right(_FIRSTS, code) - 1
    return _BLOCKS[at][2] if at >= 0 and code <= _BLOCKS[at][1] else ""


def script_of_word(word: str) -> str:
    """Return the script that all letters of a word have; "" where it has none or mixes them.

    Kana with Han is Japanese.
    """
    if word.isascii():
        return LATIN if any(map(str.isalpha, word)) else ""
    scripts = {script for character in word if (script := script_of(character))}
    if scripts == {"Hani", "Jpan"}:
        return "Jpan"
    return scripts.pop() if len(scripts) == 1 else ""


def looks_latin(word: str) -> bool:
    """Tell whether every letter of a word that is not in Latin letters looks like a Latin one (UTS #39)."""
    return all(_looks_latin(character) for character in word)


@lru_cache(maxsize=8_192)
def _looks_latin(character: str) -> bool:
    return folded_character(character).isascii()
