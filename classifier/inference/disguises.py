"""One written word as the ordinary word that a reader sees in it: signs for letters, masks, letters held or parted.

The word is decoded as over a noisy channel (Shannon 1948; Kernighan, Church and Gale 1990 for spelling): each sign may
stand for letters at a cost, the word list says how common the outcome is, and the cheapest ordinary word is taken. A
word that is known as it is written stays. What is masked (`f*ck`) is read by a second count of the list: people mask
the words that stand in toxic rows.
"""

from __future__ import annotations

import heapq
import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from classifier.inference.fold import LEET, LOOK_ALIKES
from classifier.inference.reading_words import ANY, WordCount, WordList

LETTERS_MAX = 32
"""A longer run without white space is no word."""
RESULT_MIN = 3
ROWS_MIN = 15
"""An outcome that stands in fewer rows may be a misspelling itself."""
OFFENSIVE = 0.6
"""Share of toxic rows from which on a word is one that people disguise."""
CLEAR = math.log(3)
"""How much likelier a masked reading must be than the next one."""
STEPS_MAX = 4_000
"""So many beginnings of words are tried for one word."""
MASKED_MAX = 6
PART_SHARE = 0.3
"""A part of an offensive word that is seen less often than this share of the word is no word beside it."""

_MASKS = "*#"
_SOMETIMES_MASKS = "@$!%&+-_.~^='"
_PARTERS = frozenset('-_.~^`"|/\\:;,=+&()[]{}\u00b7\u2010\u2011\u2012\u2013\u2014\u2015\u2022\u2027\u2026')
_RUN = re.compile(r"(\W|_)\1*")
_SWAPS = {"v": "u", "V": "u", "q": "g", "l": "i", "I": "l"}
"""Letters that are written for one that looks like it."""
ENGLISH_DOUBLES = frozenset("bcdefglmnoprstz")
"""Letters that stand twice in many English words, so that one too many is a slip."""
_HELD, _HELD_LONG = 3, 4
_SLIPS = frozenset(("swap", "doubled", "parted", "held"))
"""What also happens by a slip of the finger, or is written for other ends; read only where an offence comes out."""
OUTER = "!.,;:?\"'()[]{}<>/\\\u2013\u2014\u2026\u2018\u2019\u201c\u201d\u00ab\u00bb-_~`=&%^"
_CODE = re.compile(
    r"\d+(?:[.,:/-]\d+)*(?:[a-z]{1,2}|st|nd|rd|th|min|sec|hrs?|kbps|[gmk]?hz|bit|mm|cm)?s?"  # numbers, units
    r"|[a-z]+[-_.]?\d+(?:[.,:-]\d+)*"  # digits at the end: versions, models, names of users
    r"|\d+[a-z]\d+|[a-z]?\d+[a-z]?\d*|[\d.,:x*/+-]+[a-z]{0,2}",
    re.IGNORECASE,
)
_ATE = re.compile(r"[a-z]{1,2}8")  # "h8", "m8", "sk8"
_LAST_DIGIT = re.compile(r"[a-z]{3,}\d")
_PAIRED = frozenset("*_~`")
CONTRACTION = re.compile(r"[^\W\d_]+['`\u2018\u2019\u00b4;](?:t|s|d|m|re|ve|ll|all|em|til|er)")
_ROMAN = re.compile(r"[ivxlcdm]+", re.IGNORECASE)
_SPLIT = re.compile(r"[-/.,:;_'&()\u2010-\u2015\u2019\u2026]+")


@dataclass(frozen=True, slots=True)
class _Option:
    """What one run of a sign may be read as; ANY stands for any letter."""

    letters: str
    cost: float
    kind: str


@dataclass(frozen=True, slots=True)
class _Outcome:
    word: str
    cost: float
    kinds: frozenset[str]


@lru_cache(maxsize=8_192)
def read_word(written: str, words: WordList) -> tuple[int, int, str] | None:
    """Return [begin, end) within `written`, a text without white space, and the word that is read there, or None."""
    inner = _inner(written)
    signs = _with_signs(written)
    core = written[slice(*inner)].lower()
    if core.isdigit() or CONTRACTION.fullmatch(core) or are_words(core, words):
        return None
    stands = core in words
    if stands and (signs == inner or len(core) >= RESULT_MIN) and written[signs[0]] not in "@$":
        return None
    for begin, end in dict.fromkeys((signs, inner)):
        form = written[begin:end]
        if len(form) > LETTERS_MAX or (len(form) < RESULT_MIN and not _ATE.fullmatch(form)):
            continue
        word = _read(form, words)
        if word is not None and word != form.lower() and not (stands and not is_offensive(word, words)):
            begin, end = _with_paired_marks(written, begin, end)
            return begin, end, _cased(word, form)
    return None


def _with_paired_marks(written: str, begin: int, end: int) -> tuple[int, int]:
    """Return the place of a word with the marks at its ends whose other halves stand within it: "**m**oron"."""
    inside = set(written[begin:end]) & _PAIRED
    while begin > 0 and written[begin - 1] in inside:
        begin -= 1
    while end < len(written) and written[end] in inside:
        end += 1
    return begin, end


def is_offensive(word: str, words: WordList) -> bool:
    """Return whether a word mostly stands in rows that are labelled toxic, as far as OFFENSIVE says."""
    count = words.ordinary(word)
    return count is not None and count.rows >= ROWS_MIN and count.toxic_share >= OFFENSIVE


def are_words(core: str, words: WordList) -> bool:
    """Return whether hyphens, full stops and the like divide this into words or numbers that stand for themselves."""
    parts = [part for part in _SPLIT.split(core) if part]
    if len(parts) < 2:
        return False
    joined = "".join(parts)
    if is_offensive(joined, words):  # unless its parts are seen nearly as often
        enough = words[joined].rows * PART_SHARE
        beside_a_word = any(len(part) >= RESULT_MIN for part in parts)  # "K-pop"
        return all(
            words[part].rows >= enough if part in words else len(part) == 1 and beside_a_word
            for part in parts
        )
    return all(part in words or part.isdigit() or len(part) == 1 for part in parts)


def _inner(written: str) -> tuple[int, int]:
    """Return where the letters and digits of a word begin and end."""
    begin, end = 0, len(written)
    while begin < end and not written[begin].isalnum():
        begin += 1
    while end > begin and not written[end - 1].isalnum():
        end -= 1
    return begin, end


def _with_signs(written: str) -> tuple[int, int]:
    """Return where the word begins and ends with signs around it that may be letters, such as the $ of "a$$"."""
    begin, end = 0, len(written)
    while begin < end and written[begin] in OUTER + "*#+|":
        begin += 1
    while end > begin and written[end - 1] in OUTER + "|+":
        end -= 1
    return begin, end


def _read(form: str, words: WordList) -> str | None:
    letters = sum(character.isalpha() for character in form)
    digits = sum(character.isdigit() for character in form)
    if not _may_be_disguised(form, letters, digits, words):
        return None
    outcomes = sorted(_outcomes(form, words), key=lambda outcome: outcome.cost)
    if not outcomes:
        return None
    best = outcomes[0]
    count = words[best.word]
    if count.rows < ROWS_MIN or (digits and "mask" in best.kinds):
        return None
    if "mask" in best.kinds:
        if len(best.kinds) > 1 and letters < RESULT_MIN:
            return None
        rivals = [outcome for outcome in outcomes[1:] if "mask" in outcome.kinds]
        clear = not rivals or rivals[0].cost - best.cost >= CLEAR
        return best.word if clear and count.toxic_share >= OFFENSIVE and letters >= 1 else None
    if _LAST_DIGIT.fullmatch(form) and not _ATE.fullmatch(form) and count.toxic_share < OFFENSIVE:
        return None
    few_letters = len(form) - letters >= letters and not _ATE.fullmatch(form)
    by_chance = best.kinds <= _SLIPS or len(best.kinds) > 1 or few_letters
    if by_chance and count.toxic_share < OFFENSIVE:
        return None
    if best.kinds & {"swap", "doubled"} and (form.istitle() or len(best.word) <= RESULT_MIN):
        return None  # a name more often than a disguise
    if len(set(best.word)) == 1:
        return None
    return best.word


def _may_be_disguised(form: str, letters: int, digits: int, words: WordList) -> bool:
    """Return whether the signs of a word leave it one that a reader tries to read."""
    if form.isalpha():
        return not (form.isupper() and _ROMAN.fullmatch(form))
    if digits:
        if _ATE.fullmatch(form) or (_LAST_DIGIT.fullmatch(form) and form[:-1] not in words):
            return True
        if _CODE.fullmatch(form):
            return False
        capitals = sum(character.isupper() for character in form)
        if capitals == letters and letters > 1:  # codes and part numbers are written in capitals
            return digits < letters and len(form) > RESULT_MIN
        return digits <= letters + (len(form) >= 5)
    return letters > 0 or (form[0] in "@$" and set(form) <= set("@$!") and len(set(form)) > 1)


def _outcomes(form: str, words: WordList) -> Iterator[_Outcome]:
    """Yield every ordinary word that the form may be read as, by a search among the beginnings of words."""
    units = list(_units(form))
    best: dict[str, _Outcome] = {}
    # the cheapest beginning first, so that what a bound on the steps leaves out is the least likely
    waiting: list[tuple[float, int, str, frozenset[str]]] = [(0.0, 0, "", frozenset())]
    steps = 0
    while waiting and steps < STEPS_MAX:
        cost, behind, begun, kinds = heapq.heappop(waiting)
        if -behind == len(units):
            count = words.ordinary(begun)
            if count is not None and len(begun) >= (2 if kinds <= {"held", "held long"} else RESULT_MIN):
                outcome = _Outcome(begun, cost + _rarity(count, masked="mask" in kinds), kinds)
                if begun not in best or outcome.cost < best[begun].cost:
                    best[begun] = outcome
            continue
        for option in units[-behind]:
            more = kinds | {option.kind} if option.kind else kinds
            for grown in words.continued(begun, option.letters):
                heapq.heappush(waiting, (cost + option.cost, behind - 1, grown, more))
                steps += 1
    yield from best.values()


def _rarity(count: WordCount, *, masked: bool) -> float:
    weight = count.toxic_rows * count.toxic_share**3 if masked else float(count.rows)
    return -math.log(max(weight, 0.01) / 300_000)


def _units(form: str) -> Iterator[tuple[_Option, ...]]:
    """Yield for each run of one sign what it may be read as."""
    runs = Counter(match[0] for match in _RUN.finditer(form))
    visible = sum(character.isalpha() for character in form)
    at = 0
    while at < len(form):
        end = at + 1
        while end < len(form) and form[end] == form[at]:
            end += 1
        paired = runs[form[at:end]] > 1
        yield tuple(_options(form[at], end - at, visible, form[:at], last=end == len(form), paired=paired))
        at = end


def _options(
    sign: str, times: int, visible: int, before: str, *, last: bool, paired: bool
) -> Iterator[_Option]:
    """Yield what a run of `times` of a sign may be read as; `paired`: the same run stands in the word once more."""
    first = not before
    small = sign.lower()
    if small.isascii() and small.isalpha():
        if times >= _HELD:
            kind = "held" if times < _HELD_LONG else "held long"
            yield _Option(small, 0.0, kind)
            yield _Option(small * 2, 0.5, kind)
        else:
            yield _Option(small * times, 0.0, "")
            if times > 1 and small not in ENGLISH_DOUBLES:
                yield _Option(small, 3.0, "doubled")
        if small == "v" and times > 1:
            yield _Option("w", 1.0, "swap")
        elif sign in _SWAPS:
            capital_bar = sign == "I" and before[-1:].islower()
            swapped = _SWAPS[sign] * min(times, 2)
            yield _Option(swapped, 1.0 if capital_bar else 3.0, "leet" if capital_bar else "swap")
        return
    if sign in LEET:
        for letter in LEET[sign]:
            yield _Option(letter * min(times, 2), 1.0, "leet")
            if times >= 2:
                yield _Option(letter, 2.0, "leet")
        if sign == "0" and times == 2:
            yield _Option("u", 2.0, "leet")
        if sign == "8" and times == 1:
            yield _Option("ate", 2.0, "leet")
    elif ord(sign) in LOOK_ALIKES:
        yield _Option(LOOK_ALIKES[ord(sign)] * min(times, 2), 1.0, "leet")
    if sign in _MASKS:
        yield _Option("", 1.0, "marked") if paired else _Option("", 4.0, "parted")
        if not first and (not last or times > 1) and times <= MASKED_MAX:
            yield _Option(ANY * times, 3.0, "mask")
            if sign == "*" and not last and visible >= 3:
                for more in range(1, 4):
                    yield _Option(ANY * (times + more), 3.0 + 2.0 * more, "mask")
    elif not sign.isalnum():
        if sign in _PARTERS:
            yield _Option("", 1.0, "marked" if paired and sign in _PAIRED else "parted")
        if sign in _SOMETIMES_MASKS and times <= 2 and visible >= 3 and not first and not last:
            yield _Option(ANY * times, 5.0, "mask")


def _cased(word: str, form: str) -> str:
    """Return the word in the case that the form is written in."""
    letters = [character for character in form if character.isalpha()]
    if len(letters) > 1 and all(character.isupper() for character in letters):
        return word.upper()
    return word.capitalize() if form[:1].isupper() else word
