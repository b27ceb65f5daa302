"""Rules beside the model: phrases and regular expressions, found in a text whatever it is disguised with.

The engine is RE2 (google-re2): it runs in time linear in the text whatever the pattern, so no pattern that a person
saves can stop a worker; what it cannot do in linear time (look-around, back-references) it refuses when the rule is
saved. All rules of a source are one RE2 set, which says in one pass which of them are worth a closer look.

A rule that `folds` is looked for in the folded text (classifier.inference.fold), and in what a person reads there
(classifier.inference.reading). Hits are given in code points of the original text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

import re2

from classifier.inference.fold import fold
from classifier.inference.loose_readings import loose_readings
from classifier.inference.normalise import NormalisedText, normalise, normalise_text
from classifier.inference.phrases import (
    PatternError,
    can_fold,
    is_number_with_unit,
    outline,
    phrase_pattern,
)
from classifier.inference.reading import reading
from classifier.inference.rewriting import mapped_back

Kind = Literal["phrase", "regex"]

SPANS_MAX = 20
"""So many hits of one rule in one text are given; more say nothing new."""
PATTERN_MAX_CHARACTERS = 1_000
MEMORY = 1 << 24  # bytes that one pattern may take, compiled and running
SET_MEMORY = 1 << 26
BODY = 1  # the group that holds the hit where the pattern looks at its neighbours too

_SURROGATE = re.compile("[\ud800-\udfff]")
_UNSUPPORTED = (
    ("(?=", "look-ahead"),
    ("(?!", "look-ahead"),
    ("(?<=", "look-behind"),
    ("(?<!", "look-behind"),
    ("(?>", "atomic groups"),
)


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as data; `key` is the caller's own, such as a database id."""

    key: int
    name: str
    kind: str
    pattern: str
    folds: bool = True
    band: str = "review"


@dataclass(frozen=True, slots=True)
class RuleHit:
    """A rule that hit, with the spans of the original text, [begin, end) in code points, in order."""

    rule: Rule
    spans: tuple[tuple[int, int], ...]

    @property
    def band(self) -> str:
        return self.rule.band

    def reason(self) -> dict[str, Any]:
        """Return the hit as a comment stores it among its reasons, without any text."""
        return {
            "kind": "rule",
            "band": self.rule.band,
            "rule": self.rule.key,
            "name": self.rule.name,
            "spans": [{"begin": begin, "end": end} for begin, end in self.spans],
        }


class RuleSet:
    """Rules prepared for matching; finding the hits of a text costs one pass for all, and one for each that may hit."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        """Prepare the rules. Raises PatternError, naming the rule, where one has not passed `check_pattern`."""
        self.rules = tuple(rules)
        self._compiled = [_Compiled(rule) for rule in self.rules]
        self._plain = _Set([rule for rule in self._compiled if not rule.folds])
        self._folded = _Set([rule for rule in self._compiled if rule.folds and rule.is_phrase])
        self._read = _Set([rule for rule in self._compiled if rule.folds and not rule.is_phrase])

    def __len__(self) -> int:
        return len(self.rules)

    def hits(self, text: str | NormalisedText) -> list[RuleHit]:
        """Return the rules that hit `text`, in the order of the rules.

        Of a text that was read from another (see classifier.inference.markup), the spans are places in that other one.
        """
        if isinstance(text, NormalisedText):
            return [
                RuleHit(hit.rule, _merged([text.original_span(*span) for span in hit.spans]))
                for hit in self.hits(text.text)
            ]
        if not self._compiled or not text:
            return []
        spans: dict[int, list[tuple[int, int]]] = {}
        if self._plain.members or self._read.members:
            view = normalise(text)
            self._plain.look(view, spans)
            self._read.look(view, spans)
        if self._folded.members or self._read.members:
            self._look_folded(fold(text), spans)
            read = reading(text, emoji=False)  # no rule about fire means the sign of a flame
            if read is not None:
                self._look_folded(mapped_back(fold(read.text), read), spans)
        return [
            RuleHit(rule.rule, _merged(spans[id(rule)])) for rule in self._compiled if spans.get(id(rule))
        ]

    def _look_folded(self, view: NormalisedText, spans: dict[int, list[tuple[int, int]]]) -> None:
        """Add the hits in a folded text to `spans`, by the identity of the compiled rule."""
        outlined = NormalisedText(outline(view.text), view.original, view.begins, view.ends)
        self._folded.look(outlined, spans)
        if self._read.members:
            for loose in loose_readings(view):
                self._read.look(loose, spans)


def check_pattern(kind: str, pattern: str, *, folds: bool = True) -> None:
    """Raise PatternError with a sentence for the person who wrote the pattern, or return."""
    if not pattern.strip():
        raise PatternError("Write a phrase or a pattern.", "required")
    if len(pattern) > PATTERN_MAX_CHARACTERS:
        raise PatternError(f"At most {PATTERN_MAX_CHARACTERS:,} characters are allowed.", "max_length")
    if "\x00" in pattern or _SURROGATE.search(pattern):
        raise PatternError("Control characters and broken Unicode are not allowed.", "invalid")
    compiled = _Compiled(Rule(0, "", kind, pattern, folds))
    if not compiled.is_phrase and compiled.search("", 0) is not None:
        raise PatternError("This pattern also matches an empty text, so it would hit every comment.", "empty")


class _Compiled:
    """One rule with its pattern compiled."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.is_phrase = rule.kind == "phrase"
        self.skips_numbers = False
        phrase = normalise_text(rule.pattern) if self.is_phrase else ""
        self.folds = rule.folds and (not self.is_phrase or can_fold(phrase))
        if self.is_phrase:
            self.source = phrase_pattern(phrase, folds=self.folds)
            self.skips_numbers = self.folds and not is_number_with_unit(fold(phrase).text.strip())
        elif rule.kind == "regex":
            self.source = f"(?i:{rule.pattern})" if self.folds else f"(?:{rule.pattern})"
            _compile(rule.pattern)  # alone, so that no bracket closes the group around it
        else:
            raise PatternError("This must be a phrase or a regex.", "invalid_choice")
        self.search = _compile(self.source).search

    def spans(self, view: NormalisedText) -> Iterator[tuple[int, int]]:
        """Yield the hits in the view, as spans of the original."""
        text, at = view.text, 0
        for _ in range(SPANS_MAX):
            match = self.search(text, at)
            if match is None:
                return
            begin, end = match.span(BODY) if self.is_phrase else match.span()
            at = max(end, at + 1)
            if begin == end or (self.skips_numbers and is_number_with_unit(text[begin:end])):
                if at > len(text):
                    return
                continue
            yield view.original_span(begin, end)


class _Set:
    """Compiled rules that are looked for in the same text."""

    def __init__(self, members: list[_Compiled]) -> None:
        self.members = members
        self._set: Any = None
        if len(members) > 1:
            options = _options(SET_MEMORY)
            searched = re2.Set.SearchSet(options)
            for member in members:
                searched.Add(member.source)
            with suppress(re2.error):  # too large for one set: they are looked for one by one
                searched.Compile()
                self._set = searched

    def look(self, view: NormalisedText, spans: dict[int, list[tuple[int, int]]]) -> None:
        """Add the hits in `view` to `spans`, by the identity of the compiled rule."""
        for member in self._likely(view.text):
            spans.setdefault(id(member), []).extend(member.spans(view))

    def _likely(self, text: str) -> Iterable[_Compiled]:
        if self._set is None:
            return self.members
        return [self.members[index] for index in self._set.Match(text) or ()]


def _options(memory: int) -> Any:
    options = re2.Options()
    options.max_mem = memory
    options.log_errors = False
    return options


def _compile(source: str) -> Any:
    try:
        return re2.compile(source, _options(MEMORY))
    except re2.error as error:
        raise PatternError(_explained(error, source)) from None


def _explained(error: Exception, source: str) -> str:
    """Turn RE2's error into a sentence."""
    raw = error.args[0] if error.args else ""
    message = raw.decode(errors="replace") if isinstance(raw, bytes) else str(raw)
    for sign, name in _UNSUPPORTED:
        if sign in message:
            return f"A pattern may not use {name} ({sign}…): matching it could take unlimited time."
    if re.search(r"invalid escape sequence: \\[1-9]", message):
        return "A pattern may not refer back to a group: matching it could take unlimited time."
    if "pattern too large" in message or "repetition size" in message:
        return "This pattern is too large. Use fewer or smaller repetitions."
    return f"This is not a regular expression that can be used: {message}."


def _merged(spans: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Return the spans in order, overlapping ones as one, at most SPANS_MAX."""
    merged: list[tuple[int, int]] = []
    for begin, end in sorted(spans):
        if merged and begin < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return tuple(merged[:SPANS_MAX])
