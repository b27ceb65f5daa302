"""Which of many phrases may stand in a text: a filter that costs as much for five thousand phrases as for ten.

A phrase and a text are boiled down to a skeleton in which all that a phrase's pattern allows for is the same: signs and
digits are the letters that they stand for, letters that are read alike are one letter, what is between letters is
gone, and a letter that is written several times stands once. A phrase that the text may hold has its skeleton inside
the skeleton of the text. The patterns (`classifier.inference.phrases`) then say which really do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

from classifier.inference.fold import BAR, LEET
from classifier.inference.phrases import is_of_a_word

Member = TypeVar("Member")

START = 3
_MASKED = re.compile(r"[^\s*#]*\w[*#]+\w[^\s]*")
_MASKS = re.compile(r"[*#]+")
_REPEATED = re.compile(r"(.)\1+", re.DOTALL)
_ALIKE = ("il1!|" + BAR, "bg689", "a4@", "e3\u20ac\x02", "l\u00a3\x03", "s5$", "t7+", "z2", "o0")


class PhraseIndex(Generic[Member]):
    """Phrases by their skeletons. What is indexed and looked up is folded text, or for plain phrases its casefold."""

    def __init__(
        self, members: Iterable[tuple[str, Iterable[Iterable[str]], Member]], *, folded: bool
    ) -> None:
        """Index members: (phrase, the forms of each of its letters that are read alike, the member)."""
        rows = [(phrase, [set(forms) for forms in alike], member) for phrase, alike, member in members]
        self._folded = folded
        self._letters = _classes([forms for _, alike, _ in rows for forms in alike]) if folded else {}
        self._short: list[tuple[str, Member]] = []
        self._by_start: dict[str, list[tuple[str, Member]]] = {}
        self._all: list[tuple[str, bool, Member]] = []
        for phrase, _, member in rows:
            skeleton = self._skeleton(phrase, signs=True)
            self._all.append((skeleton, " " not in phrase.strip(), member))
            if len(skeleton) < START:
                self._short.append((skeleton, member))
            else:
                self._by_start.setdefault(skeleton[:START], []).append((skeleton, member))

    def __len__(self) -> int:
        return len(self._all)

    def likely(self, text: str) -> list[Member]:
        """Return the members whose phrase the text may hold, each once."""
        if not self._all:
            return []
        skeletons = {self._skeleton(text, signs=True), self._skeleton(text, signs=False)}
        found: dict[int, Member] = {}
        for skeleton in skeletons:
            for start in {skeleton[at : at + START] for at in range(len(skeleton) - START + 1)}:
                for phrase, member in self._by_start.get(start, ()):
                    if phrase in skeleton:
                        found[id(member)] = member
            for phrase, member in self._short:
                if phrase in skeleton:
                    found[id(member)] = member
        if self._folded and ("*" in text or "#" in text):
            for member in self._masked(text):
                found[id(member)] = member
        return list(found.values())

    def _masked(self, text: str) -> Iterator[Member]:
        """Yield the members that a word with masked letters may be."""
        for word in {match[0] for match in _MASKED.finditer(text)}:
            pieces = [re.escape(self._skeleton(piece, signs=True)) for piece in _MASKS.split(word)]
            gap = f".{{0,{2 * sum(map(len, _MASKS.findall(word)))}}}"
            pattern = re.compile(gap.join(pieces))
            for skeleton, is_word, member in self._all:
                if pattern.fullmatch(skeleton) if is_word else pattern.search(skeleton):
                    yield member

    def _skeleton(self, text: str, *, signs: bool) -> str:
        if not self._folded:
            return "".join(text.split())
        kept = []
        for character in text:
            if is_of_a_word(character) or (signs and character in LEET) or character in "\x02\x03":
                kept.append(self._letters.get(character, character))
        return _REPEATED.sub(r"\1", "".join(kept))


def _classes(alike: Iterable[set[str]]) -> dict[str, str]:
    """Return for each letter the one that stands for all that are read alike (a union of sets that overlap)."""
    parent: dict[str, str] = {}

    def root(letter: str) -> str:
        while parent.setdefault(letter, letter) != letter:
            letter = parent[letter]
        return letter

    for group in [set(signs) for signs in _ALIKE] + list(alike):
        first, *others = sorted(group) or [""]
        for other in others:
            parent[root(other)] = root(first)
    return {letter: root(letter) for letter in parent}
