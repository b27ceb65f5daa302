"""The words that the reading of disguised texts knows, with how often they stand in comments.

`reading_words.txt` is counted by `python -m training.ml.data.reading_words` in the training rows of wiki_toxic
(Wikipedia talk pages, CC BY-SA 3.0; labels CC0) and in the English rows of the public mixture, without licence class
caution (`training/ml/mixture/sources.py` attributes them). It holds counts of words, no text: one word a line with its
kind, the number of rows that it stands in and how many of these are labelled toxic, the most frequent first.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

ANY = "?"
"""Any one letter, in a search among the beginnings of words."""
FILE = Path(__file__).with_name("reading_words.txt")
OFFENCE_ROWS, OFFENCE_SHARE = 100, 0.6
"""What a word counts for at least that a rule looks for: rows, and the share of toxic ones from which on it offends."""
WORD, NAME = "w", "n"
"""Kinds of a word: mostly written small, or mostly with a capital (names, abbreviations)."""


@dataclass(frozen=True, slots=True)
class WordCount:
    """How many rows a word stands in, how many of them are labelled toxic, and whether it is a name."""

    rows: int
    toxic_rows: int
    is_name: bool

    @property
    def toxic_share(self) -> float:
        return self.toxic_rows / self.rows


class WordList(dict[str, WordCount]):
    """Words in small ASCII letters with their counts, and every beginning of an ordinary one for a search.

    A list does not change once it is made; it is hashed by identity.
    """

    def __hash__(self) -> int:  # type: ignore[override]  # a dict has none
        return id(self)

    def __init__(self, counts: dict[str, WordCount]) -> None:
        super().__init__(counts)
        after: dict[str, str] = {}
        for word, count in counts.items():
            for end in range(len(word)) if not count.is_name else ():
                letters = after.get(word[:end], "")
                if word[end] not in letters:
                    after[word[:end]] = letters + word[end]
        self._after = after

    def with_offences(self, wanted: Iterable[str]) -> WordList:
        """Return this list with words, in small ASCII letters, that a disguise is expected to hide."""
        counts: dict[str, WordCount] = {}
        for word in wanted:
            known = self.get(word)
            if known is None or known.rows < OFFENCE_ROWS:
                counts[word] = WordCount(OFFENCE_ROWS, OFFENCE_ROWS, False)
            elif known.is_name or known.toxic_share < OFFENCE_SHARE:
                counts[word] = WordCount(known.rows, known.rows, False)
        if not counts:
            return self
        larger = WordList(counts)
        larger.update({word: count for word, count in self.items() if word not in counts})
        beginnings = dict(self._after)
        for begun, letters in larger._after.items():
            before = beginnings.get(begun, "")
            beginnings[begun] = before + "".join(letter for letter in letters if letter not in before)
        larger._after = beginnings
        return larger

    def continued(self, begun: str, letters: str) -> Iterable[str]:
        """Yield `begun` with `letters` after it, where an ordinary word begins so; each ANY is any one letter."""
        grown = [begun]
        for letter in letters:
            grown = [
                start + next_letter
                for start in grown
                for next_letter in self._after.get(start, "")
                if letter in (ANY, next_letter)
            ]
        return grown

    def ordinary(self, word: str) -> WordCount | None:
        """Return the counts of a word that is no name; None where it is one or is unknown."""
        count = self.get(word)
        return None if count is None or count.is_name else count


def line_of(word: str, kind: str, rows: int, toxic_rows: int) -> str:
    """Return one line of the file."""
    return f"{word} {kind} {rows} {toxic_rows}\n"


@lru_cache(maxsize=1)
def shipped_words() -> WordList:
    """Return the list that ships with the classifier, read once."""
    counts = {}
    for line in FILE.read_text(encoding="ascii").splitlines():
        word, kind, rows, toxic_rows = line.split(" ")
        counts[word] = WordCount(int(rows), int(toxic_rows), kind == NAME)
    return WordList(counts)
