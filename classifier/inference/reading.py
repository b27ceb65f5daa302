"""A text as a person reads it, whatever its words are disguised with, with the way back to the text as it was written.

Disguises are undone one after another: tags, entities and marks inside words; what the script of a word tells
(`classifier.inference.script_letters`); letters in disguise; emoji, which are put into words; in English letters set
apart, signs for letters, masks, letters held and words split in the middle, in other languages letters held. What
depends on the word is only undone where an ordinary English word comes out (`classifier.inference.reading_words`), so
that part numbers, dates, abbreviations, names and other languages stay as they are.

The model scores the text as it is written and its reading, and rules are looked for in both.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection

from classifier.inference.disguises import OUTER, is_offensive, read_word
from classifier.inference.emoji_words import emoji_as_words
from classifier.inference.glued_words import parted_words
from classifier.inference.inline_markup import without_inline_markup
from classifier.inference.letters import plain_letters
from classifier.inference.markup import addresses
from classifier.inference.normalise import NormalisedText, normalise, normalise_text
from classifier.inference.reading_words import WordList, shipped_words
from classifier.inference.rewriting import Edit, cleaned_again, mapped_back, rewritten
from classifier.inference.script_letters import has_other_letters, letters_let_go, native_letters
from classifier.inference.set_apart import joined_letters

_WORD = re.compile(r"\S+")
_PATH = re.compile(r"/\S+/")
_FRAGMENT = re.compile(r"(?<![\w'\u2019@#&*/.-])[A-Za-z]+(?: [A-Za-z]+(?![\w'\u2019*]|[-./]\w))++")
ENGLISH = 0.4
"""Share of known words from which on a text is taken for English."""
FRAGMENTS_MAX = 4
FRAGMENT_LETTERS_MAX = 6
COMMON_ROWS = 300
LONG_PIECE = 4
JOINED_MIN = 4
JOINED_ROWS_MIN = 25
WORD_MAX = 64
"""What is longer is an address or no word at all."""
WORDS_MAX = 200
"""So many unknown words of a text are looked into: what that costs is bounded."""
SPLIT_COST, SPLIT_OFFENSIVE_COST, SPLIT_AGAIN_COST = 7.0, 5.0, 2.0
"""Minus the log of how often a word is split, an offensive one, and one that is split once more."""
ROWS = 300_000
LONE_LETTER_ROWS = 500.0
"""Letters stand alone in about so many rows, in lists and names."""


def reading(
    text: str, words: WordList | None = None, *, emoji: bool = True, glued: Collection[str] = ()
) -> NormalisedText | None:
    """Return what a person reads in `text`, or None where that is the text itself as `normalise` leaves it.

    `words` are those that a disguise may hide, the shipped ones by default. Without `emoji` these stay as they are.
    `glued` are words, in small ASCII letters, that are parted from others which are written onto them ("fuckyou").
    """
    words = shipped_words() if words is None else words
    clean = normalise_text(text)
    view = NormalisedText(clean, clean)
    if "<" in view.text or "&" in view.text or "[/" in view.text or "](" in view.text:
        view = without_inline_markup(view)
    if not view.text.isascii():
        view = cleaned_again(native_letters(view))
        view = plain_letters(view, words)
        if emoji:
            view = emoji_as_words(view)
        view = cleaned_again(view)
    if _is_english(view.text, words):
        if glued:
            view = parted_words(view, words, glued)
        view = joined_letters(view, words)
        view = _words_read(view, words)
        view = _fragments_joined(view, words)
    else:
        view = letters_let_go(view)
    return None if view.text == clean else mapped_back(view, normalise(text))


def text_as_read(text: str, words: WordList | None = None) -> str:
    """Return the reading of a text, or where there is none the cleaned text: what training may add to its rows."""
    view = reading(text, words)
    return normalise_text(text) if view is None else view.text


def _is_english(text: str, words: WordList) -> bool:
    """Return whether the words of a text are known; too few words tell nothing, and are taken for English."""
    plain = [word for word in text.lower().split() if len(word) > 1 and word.isalpha()]
    if len(plain) < 5:
        return any(character.isascii() and (character.isalpha() or character in "@$") for character in text)
    return sum(word in words for word in plain) >= ENGLISH * len(plain)


def _words_read(view: NormalisedText, words: WordList) -> NormalisedText:
    edits: list[Edit] = []
    protected = list(addresses(view.text)) if "." in view.text or "@" in view.text else []
    tried = 0
    for match in _WORD.finditer(view.text):
        written = match[0]
        if len(written) > WORD_MAX or written in words or written.strip(OUTER).lower() in words:
            continue
        tried += 1
        if tried > WORDS_MAX:
            break
        if (
            has_other_letters(written)
            or _PATH.search(written)
            or any(b < match.end() and match.start() < e for b, e in protected)
        ):
            continue
        found = read_word(written, words)
        if found is not None:
            begin, end, word = found
            edits.append((match.start() + begin, match.start() + end, word))
    return rewritten(view, edits) if edits else view


def _fragments_joined(view: NormalisedText, words: WordList) -> NormalisedText:
    """Join the pieces of words that are split by a space: likelier one word split than words side by side."""
    edits: list[Edit] = []
    for match in _FRAGMENT.finditer(view.text):
        pieces = match[0].split(" ")
        stands = [_stands_alone(piece, words) for piece in pieces]
        if all(stands):
            continue
        begin, at = match.start(), 0
        while at < len(pieces):
            end = None if all(stands[at : at + FRAGMENTS_MAX]) else _joined_until(pieces, stands, at, words)
            parts = pieces[at : end or at + 1]
            begin += len(parts[0]) + 1
            for part in parts[1:]:  # the space belongs to the letter after it, so that a part keeps its place
                edits.append((begin - 1, begin + 1, part[0]))
                begin += len(part) + 1
            at += len(parts)
    return rewritten(view, edits) if edits else view


def _joined_until(pieces: list[str], stands: list[bool], at: int, words: WordList) -> int | None:
    """Return where the pieces of one word that begin at `at` end, or None where the first stands for itself.

    `stands` says which pieces are ordinary words.
    """
    best: tuple[float, int] | None = None
    apart = _cost(pieces[at], words)
    for end in range(at + 2, min(at + FRAGMENTS_MAX, len(pieces)) + 1):
        parts = pieces[at:end]
        if not _one_case(parts) or any(len(part) > FRAGMENT_LETTERS_MAX for part in parts):
            break
        apart += _cost(parts[-1], words)
        if all(stands[at:end]):
            continue
        word = "".join(parts).lower()
        count = words.ordinary(word)
        if count is None or count.rows < JOINED_ROWS_MIN or len(word) < JOINED_MIN:
            continue
        if not is_offensive(word, words) and all(words.ordinary(part.lower()) for part in parts):
            continue
        split = SPLIT_OFFENSIVE_COST if is_offensive(word, words) else SPLIT_COST
        gain = apart - _cost(word, words) - split - SPLIT_AGAIN_COST * (len(parts) - 2)
        if gain > 0 and (best is None or gain > best[0]):
            best = gain, end
    return None if best is None else best[1]


def _stands_alone(piece: str, words: WordList) -> bool:
    """Return whether a piece is a word that is common enough to be no piece of another."""
    count = words.ordinary(piece.lower())
    return piece == "I" or (count is not None and (count.rows >= COMMON_ROWS or len(piece) >= LONG_PIECE))


def _one_case(parts: list[str]) -> bool:
    """Return whether the pieces look like one word: only the first may begin with a capital, or all are capitals."""
    return all(part.islower() for part in parts[1:]) or all(part.isupper() for part in parts)


def _cost(word: str, words: WordList) -> float:
    count = words.get(word.lower())
    unknown = LONE_LETTER_ROWS if len(word) == 1 else 1.0
    return -math.log((count.rows if count else unknown) / ROWS)
