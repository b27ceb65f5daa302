"""Letters set apart by spaces, full stops, dashes or other marks, joined into the words that they spell."""

from __future__ import annotations

import math
import re

from classifier.inference.disguises import is_offensive
from classifier.inference.fold import LEET
from classifier.inference.normalise import NormalisedText
from classifier.inference.reading_words import WordList
from classifier.inference.rewriting import Edit, rewritten

_UNIT = r"[A-Za-z0-9@$!]"
# A comma or semicolon before a space is a list's. Groups are atomic: marks may be letters too, in many ways.
_MARKS = r"(?:\s?(?:[^\w\s,;'\u2019]|_){1,3}?\s?|[,;]|\s)"
LETTERS_MAX = 60
SET_APART = re.compile(
    rf"(?<![^\W_])(?<![.'\u2019@$]){_UNIT}(?>{_MARKS}{_UNIT}(?![^\W_])){{2,{LETTERS_MAX}}}+(?![^\W_])"
)
_PIECE = re.compile(rf"(?P<unit>{_UNIT})(?>{_MARKS}(?={_UNIT}(?:[\W_]|\Z))|\Z)")
_INITIALS = re.compile(r"[A-Z]\.(?: [A-Z]\.)+\Z")
LONG_WORD = 4
ROWS = 300_000
ROWS_MIN = 25
_LONE_COST = 9.0
"""Cost of a letter at an end of the run that belongs to no word."""


def joined_letters(view: NormalisedText, words: WordList) -> NormalisedText:
    """Return the text with each run of single letters as the words that it spells, where it spells ordinary ones."""
    edits: list[Edit] = []
    for match in SET_APART.finditer(view.text):
        edits.extend(_edits(view.text, match, words))
    return rewritten(view, edits) if edits else view


def _edits(text: str, match: re.Match[str], words: WordList) -> list[Edit]:
    # places of the letters: every second piece between marks, found anew because a sign may be a letter or a mark
    places = _unit_places(match[0])
    letters = sum(match[0][place].isalpha() for place in places)
    if not 3 <= len(places) <= LETTERS_MAX or letters * 2 < len(places) or _are_initials(text, match):
        return []
    spelled = _segmented([_read_as(match[0][place]) for place in places], words)
    if spelled is None or not _ends_stand_apart(match[0], places, spelled):
        return []
    if _is_abbreviation(text, match, places) and not any(is_offensive(word, words) for word in spelled):
        return []
    edits: list[Edit] = []
    at = 0
    capital = all(match[0][place].isupper() for place in places if match[0][place].isalpha())
    for word in spelled:
        if at:
            edits.append((match.start() + places[at - 1] + 1, match.start() + places[at], " "))
        for nth, letter in enumerate(word.upper() if capital else word):
            begin = places[at] if nth == 0 else places[at - 1] + 1  # marks belong to the letter after them
            if len(word) > 1:
                edits.append((match.start() + begin, match.start() + places[at] + 1, letter))
            at += 1
    return edits


def _unit_places(run: str) -> list[int]:
    """Return the places of the letters in a run of letters and marks between them."""
    places, at = [], 0
    while at < len(run):
        match = _PIECE.match(run, at)
        if match is None:
            return []
        places.append(at)
        at = match.end()
    return places


def _ends_stand_apart(run: str, places: list[int], spelled: list[str]) -> bool:
    """Return whether letters at an end that belong to no word are divided from the others by a space."""
    first, last = places[0], places[-1]
    return (len(spelled[0]) > 1 or (run[first].isalpha() and run[first + 1] == " ")) and (
        len(spelled[-1]) > 1 or (run[last].isalpha() and run[last - 1] == " ")
    )


def _is_abbreviation(text: str, match: re.Match[str], places: list[int]) -> bool:
    """Return whether the run is rather initials or an abbreviation, such as "N.A.S.A." or "p.m.s."."""
    run = match[0]
    dotted = all(run[place + 1 : place + 2] == "." for place in places[:-1])
    return dotted and (len(places) == 3 or run.isupper() or text[match.end() : match.end() + 1] == ".")


def _are_initials(text: str, match: re.Match[str]) -> bool:
    """Return whether the run is the initials of a name that follows: "J. R. R. Tolkien"."""
    after = text[match.end() : match.end() + 3]
    return _INITIALS.match(match[0] + ".") is not None and re.match(r"\.? ?[A-Z]", after) is not None


def _read_as(unit: str) -> str:
    return LEET[unit] if unit in LEET and not unit.isalpha() else unit.lower()


def _segmented(units: list[str], words: WordList) -> list[str] | None:
    """Return the likeliest ordinary words that the letters spell (Viterbi), or None; a unit may be one of several."""
    best: list[tuple[float, list[str]] | None] = [(0.0, [])] + [None] * len(units)
    for begin in range(len(units)):
        here = best[begin]
        if here is None:
            continue
        starts = [""]
        for end in range(begin, len(units)):
            starts = [
                grown for start in starts for letter in units[end] for grown in words.continued(start, letter)
            ]
            for word in starts:
                count = words.ordinary(word)
                if count is None or (len(word) > 1 and count.rows < ROWS_MIN):
                    continue
                _keep(best, end + 1, here[0] - math.log(count.rows / ROWS) + 1.0, [*here[1], word])
            if not starts:
                break
        letter = units[begin][0]
        if letter == "i":
            _keep(best, begin + 1, here[0] + 2.0, [*here[1], letter])
        elif begin == 0 or begin == len(units) - 1:
            _keep(best, begin + 1, here[0] + _LONE_COST, [*here[1], letter])
    last = best[-1]
    if last is None:
        return None
    spelled = last[1]
    whole = [word for word in spelled if len(word) > 1]
    if len(spelled) == 1:
        return spelled
    enough = any(len(word) >= LONG_WORD for word in whole) or (len(whole) == 1 and len(whole[0]) >= 3)
    return spelled if enough and sum(map(len, whole)) >= 3 * len(whole) - 1 else None


def _keep(best: list[tuple[float, list[str]] | None], at: int, cost: float, spelled: list[str]) -> None:
    known = best[at]
    if known is None or cost < known[0]:
        best[at] = cost, spelled
