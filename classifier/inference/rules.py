"""Rules beside the model: phrases and regular expressions, found in a text whatever it is disguised with.

The engine is RE2 (google-re2): it runs in time linear in the text whatever the pattern, so no pattern that a person
saves can stop a worker; what it cannot do in linear time (look-around, back-references) it refuses when the rule is
saved. Word boundaries and classes of a regular expression are Unicode's (classifier.inference.unicode_patterns). All
rules of a source are a few RE2 sets, which say in one pass which of them are worth a closer look.

A rule that `folds` is looked for in the folded text (classifier.inference.fold), and in what a person reads there
(classifier.inference.reading), where the words of the rules are among those that a disguise may hide. Accents matter,
unless the rule ignores them. A hit inside an exception, or inside what the rule leaves out, is none. Hits are given in
code points of the original text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

import re2

from classifier.inference.conditions import NO_FACTS, Facts, TextFacts, checked_conditions, holds
from classifier.inference.fold import accented_character, fold, unaccented_character, without_accents
from classifier.inference.identifiers import identifiers, set_phrases
from classifier.inference.loose_readings import loose_readings
from classifier.inference.marked_text import Part
from classifier.inference.markup import addresses
from classifier.inference.normalise import NormalisedText, normalise, normalise_text
from classifier.inference.phrase_index import PhraseIndex
from classifier.inference.phrases import (
    PatternError,
    can_fold,
    is_number_with_unit,
    letter_forms,
    outline,
    phrase_pattern,
    stands_for_itself,
    without_wildcards,
)
from classifier.inference.reading import reading
from classifier.inference.reading_words import WordList, shipped_words
from classifier.inference.rewriting import mapped_back
from classifier.inference.unicode_patterns import trimmed, unicode_pattern, with_boundaries

Kind = Literal["phrase", "regex", "any"]
ANY_TEXT = "any"
"""The kind of a rule without a pattern, which hits where its conditions hold."""
EXCEPTION = "exception"
"""The band of a rule that is no rule but an exception: where it hits, no other rule does."""
LeftOut = Literal["addresses", "ids", "code", "quotes", "set_phrases"]
LEFT_OUT: tuple[LeftOut, ...] = ("addresses", "ids", "code", "quotes", "set_phrases")
"""What a rule may leave out: a hit inside it is none."""

SPANS_MAX = 20
"""So many hits of one rule in one text are given; more say nothing new."""
PATTERN_MAX_CHARACTERS = 1_000
MEMORY = 1 << 24  # bytes that one pattern may take, compiled and running
SET_MEMORY = 1 << 26
SET_RULES = 50
BODY = 1  # the group that holds the hit where the pattern looks at its neighbours too

EXCEPTIONS_MAX = 100
_ADDRESS_SIGN = re.compile(r"\w\.\w|[/@]|\w:\w")
_READ_MIN = 3
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
    """A rule as data; `key` is the caller's own, such as a database id.

    `conditions` must all hold beside the pattern, see classifier.inference.conditions.
    `leave_out` are some of LEFT_OUT, None for those that suit the pattern (`left_out_by_default`). `exceptions` are
    phrases: a hit inside one of them is none.
    """

    key: int
    name: str
    kind: str
    pattern: str
    folds: bool = True
    band: str = "review"
    ignore_accents: bool = False
    leave_out: tuple[str, ...] | None = None
    exceptions: tuple[str, ...] = ()
    conditions: Mapping[str, Any] = field(default_factory=dict)

    @property
    def leaves_out(self) -> tuple[str, ...]:
        if self.leave_out is not None:
            return self.leave_out
        return left_out_by_default(self.kind, self.pattern)


def left_out_by_default(kind: str, pattern: str) -> tuple[str, ...]:
    """Return what suits a pattern: a phrase of words leaves addresses and ids out, and all leave set phrases out."""
    if kind != "phrase" or _ADDRESS_SIGN.search(pattern):
        return ("set_phrases",)
    return ("addresses", "ids", "set_phrases")


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


Spans = list[tuple[int, int]]
Found = dict[int, Spans]
"""Hits as spans of the original, by the identity of the compiled rule."""


class RuleSet:
    """Rules prepared for matching; finding the hits of a text costs one pass for all, and one for each that may hit."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        """Prepare the rules; those of the band EXCEPTION say where no other hits.

        Raises PatternError, naming the rule, where one has not passed `check_pattern`.
        """
        rules = list(rules)
        self.rules = tuple(rule for rule in rules if rule.band != EXCEPTION)
        self.exceptions = tuple(rule for rule in rules if rule.band == EXCEPTION)
        self._compiled = [_Compiled(rule) for rule in self.rules]
        self._any = [rule for rule in self._compiled if rule.rule.kind == ANY_TEXT]
        self.needs = frozenset(name for rule in self.rules for name in rule.conditions)
        """The conditions that any of the rules has, so that a caller finds out what they ask about."""
        self._exceptions = [_Compiled(rule) for rule in self.exceptions]
        self._families = [
            _Family([rule for rule in self._compiled if rule.rule.ignore_accents == ignores], letter)
            for ignores, letter in ((False, accented_character), (True, unaccented_character))
        ]
        self._words, self._glued = _words_of(self._compiled)
        self.leaves_out = frozenset(kind for rule in self.rules for kind in rule.leaves_out)
        """What any of the rules leaves out, so that a caller who knows the parts of a text names them."""

    def __len__(self) -> int:
        return len(self.rules)

    def hits(
        self,
        text: str | NormalisedText,
        parts: Sequence[Part] = (),
        facts: Facts = NO_FACTS,
        *,
        leave_nothing_out: bool = False,
    ) -> list[RuleHit]:
        """Return the rules that hit `text`, in the order of the rules.

        Of a text that was read from another (see classifier.inference.markup), the spans are places in that other one.
        `parts` are its quotes, code and addresses there; addresses and ids of the text itself are found here. `facts`
        are what the conditions of rules ask about. A rule without a pattern has no spans. With `leave_nothing_out`,
        rules look everywhere, whatever they leave out.
        """
        if isinstance(text, NormalisedText):
            found = self._found(text.text)
            for spans in found.values():
                spans[:] = [text.original_span(*span) for span in spans]
            return self._allowed(found, text, parts, facts, leave_nothing_out)
        return self._allowed(self._found(text), NormalisedText(text, text), parts, facts, leave_nothing_out)

    def _found(self, text: str) -> Found:
        found: Found = {}
        if not self._compiled or not text:
            return found
        plain = normalise(text)
        read: NormalisedText | None = None
        if any(family.reads for family in self._families):
            # no rule about fire means the sign of a flame
            read = reading(text, self._words, emoji=False, glued=self._glued)
        for family in self._families:
            family.look(text, plain, read, found)
        return found

    def _allowed(
        self,
        found: Found,
        view: NormalisedText,
        parts: Sequence[Part],
        facts: Facts,
        leave_nothing_out: bool,
    ) -> list[RuleHit]:
        """Return the hits without those inside an exception or what their rule leaves out, where conditions hold."""
        if not any(found.values()) and not self._any:
            return []
        text = TextFacts(view.text)
        left_out = _LeftOut(view, parts)
        excepted: Spans = []
        for exception in self._exceptions:
            excepted += left_out.of(exception)
        hits = []
        for compiled in self._compiled:
            spans = found.get(id(compiled))
            is_any = compiled.rule.kind == ANY_TEXT
            if not spans and not is_any:
                continue
            if compiled.rule.conditions and not holds(compiled.rule.conditions, facts, text):
                continue
            if is_any or spans is None:
                hits.append(RuleHit(compiled.rule, ()))
                continue
            leaves_out = () if leave_nothing_out else compiled.rule.leaves_out
            inside = excepted + [span for one in compiled.exceptions for span in left_out.of(one)]
            kept = [
                span
                for span in spans
                if not _is_inside(span, inside) and not left_out.holds(span, leaves_out)
            ]
            if kept:
                hits.append(RuleHit(compiled.rule, _merged(kept)))
        return hits


class _LeftOut:
    """What a text holds that rules may leave out, found when the first rule asks for it."""

    def __init__(self, view: NormalisedText, parts: Sequence[Part]) -> None:
        self._view, self._parts = view, parts
        self._spans: dict[str, Spans] = {}
        self._plain: NormalisedText | None = None

    def holds(self, span: tuple[int, int], kinds: Iterable[str]) -> bool:
        """Return whether a span of the original lies in a part of one of these kinds.

        A hit that is all of an id or set phrase is a word that looks like one, or a rule about it.
        """
        for kind in kinds:
            spans = self._of_kind(kind)
            if _is_inside(span, spans, strictly=kind in ("ids", "set_phrases")):
                return True
        return False

    def of(self, exception: _Compiled) -> Spans:
        """Return where an exception stands in the text."""
        if self._plain is None:
            self._plain = normalise(self._view.text)
        plain = self._plain
        if exception.rule.ignore_accents:
            plain = _bare(plain)
        if exception.is_word:
            plain = _outlined(plain)
        if exception.asks:
            plain = with_boundaries(plain)
        return [self._view.original_span(*span) for span in exception.spans(plain)]

    def _of_kind(self, kind: str) -> Spans:
        spans = self._spans.get(kind)
        if spans is None:
            spans = [(part.begin, part.end) for part in self._parts if part.kind == kind]
            if kind == "addresses":
                spans += [(part.begin, part.end) for part in self._parts if part.kind == "targets"]
            find = _FINDERS.get(kind)
            if find is not None:
                spans += [self._view.original_span(*span) for span in find(self._view.text)]
            self._spans[kind] = spans
        return spans


_FINDERS: dict[str, Callable[[str], Iterator[tuple[int, int]]]] = {
    "addresses": addresses,
    "ids": identifiers,
    "set_phrases": set_phrases,
}


def check_pattern(kind: str, pattern: str, *, folds: bool = True, ignore_accents: bool = False) -> None:
    """Raise PatternError with a sentence for the person who wrote the pattern, or return."""
    if kind == ANY_TEXT:
        if pattern.strip():
            raise PatternError("A rule for any text has no pattern.", "invalid")
        return
    if not pattern.strip():
        raise PatternError("Write a phrase or a pattern.", "required")
    if len(pattern) > PATTERN_MAX_CHARACTERS:
        raise PatternError(f"At most {PATTERN_MAX_CHARACTERS:,} characters are allowed.", "max_length")
    if "\x00" in pattern or _SURROGATE.search(pattern):
        raise PatternError("Control characters and broken Unicode are not allowed.", "invalid")
    compiled = _Compiled(Rule(0, "", kind, pattern, folds, ignore_accents=ignore_accents))
    if not compiled.is_phrase and compiled.matches_nothing():
        raise PatternError("This pattern also matches an empty text, so it would hit every comment.", "empty")


def check_rule(rule: Rule) -> None:
    """Raise PatternError where the pattern of a rule, or one of its exceptions, cannot be looked for."""
    check_pattern(rule.kind, rule.pattern, folds=rule.folds, ignore_accents=rule.ignore_accents)
    check_exceptions(rule.exceptions)
    if not checked_conditions(rule.conditions) and rule.kind == ANY_TEXT:
        raise PatternError("A rule for any text needs a condition: without one it would hit every comment.")


def check_exceptions(exceptions: Sequence[str]) -> None:
    """Raise PatternError where an exception of a rule cannot be looked for, or there are too many of them."""
    if len(exceptions) > EXCEPTIONS_MAX:
        raise PatternError(f"A rule may have at most {EXCEPTIONS_MAX} exceptions.", "max_items")
    for phrase in exceptions:
        try:
            check_pattern("phrase", phrase, folds=False)
        except PatternError as error:
            raise PatternError(f"\u201c{phrase[:60]}\u201d: {error.message}", error.code) from None


class _Compiled:
    """One rule with its pattern compiled."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.is_phrase = rule.kind == "phrase"
        self.skips_numbers = False
        self.asks = False
        self._search: Any = None
        self.letter = unaccented_character if rule.ignore_accents else accented_character
        phrase = normalise_text(rule.pattern) if self.is_phrase else ""
        self.phrase = without_wildcards(phrase)[0]
        self.folds = rule.folds and rule.band != EXCEPTION and (not self.is_phrase or can_fold(phrase))
        self.is_word = self.is_phrase and can_fold(phrase)
        if self.is_phrase:
            self.written = written = (
                phrase if self.folds or not rule.ignore_accents else without_accents(phrase)
            )
            self.source = phrase_pattern(written, folds=self.folds, letter=self.letter)
            self.skips_numbers = self.folds and not is_number_with_unit(fold(self.phrase).text.strip())
        elif rule.kind == ANY_TEXT:
            self.source = ""
            self.folds = False
        elif rule.kind == "regex":
            _compile(rule.pattern)  # alone, so that no bracket closes the group around it
            pattern = without_accents(rule.pattern) if rule.ignore_accents else rule.pattern
            rewritten = unicode_pattern(pattern)
            self.asks = rewritten.asks
            self.source = f"(?i:{rewritten.source})" if self.folds else f"(?:{rewritten.source})"
        else:
            raise PatternError("This must be a phrase or a regex.", "invalid_choice")
        if rule.kind == "regex":
            _compile(self.source)
        self.exceptions = [
            _Compiled(Rule(0, "", "phrase", one, folds=False, ignore_accents=rule.ignore_accents))
            for one in rule.exceptions
        ]

    @property
    def search(self) -> Any:
        """The compiled pattern's search; a phrase is compiled when a text may hold it."""
        if self._search is None:
            self._search = _compile(self.source).search
        return self._search

    def matches_nothing(self) -> bool:
        """Return whether the pattern matches an empty text."""
        empty = NormalisedText("", "")
        text = with_boundaries(empty).text if self.asks else ""
        return self.search(text, 0) is not None

    def spans(self, view: NormalisedText) -> Iterator[tuple[int, int]]:
        """Yield the hits in the view, as spans of the original."""
        text, at = view.text, 0
        for _ in range(SPANS_MAX):
            match = self.search(text, at)
            if match is None:
                return
            begin, end = self._span(match)
            at = max(end, at + 1)
            if self.asks:
                begin, end = trimmed(text, begin, end)
            if begin == end or (self.skips_numbers and is_number_with_unit(text[begin:end])):
                if at > len(text):
                    return
                continue
            span = view.original_span(begin, end)
            if not (self.is_phrase and self._stands_for_itself(view.original, *span)):
                yield span

    def _span(self, match: Any) -> tuple[int, int]:
        if not self.is_phrase:
            begin, end = match.span()
            return begin, end
        groups = match.re.groups
        nth = next(group for group in range(BODY, groups + 1) if match.start(group) >= 0)
        begin, end = match.span(nth)
        return begin, end

    def _stands_for_itself(self, text: str, begin: int, end: int) -> bool:
        before, after = text[max(begin - 2, 0) : begin], text[end : end + 3]
        return stands_for_itself(text[begin:end], before, after, self.phrase)


class _Family:
    """Rules that take accents alike, by the text that they are looked for in."""

    def __init__(self, rules: list[_Compiled], letter: Callable[[str], str]) -> None:
        self.letter = letter
        rules = [rule for rule in rules if rule.rule.kind != ANY_TEXT]
        phrases = [rule for rule in rules if rule.is_phrase]
        self._folded = PhraseIndex(
            (
                (outline(fold(rule.phrase, letter).text), letter_forms(rule.phrase, letter), rule)
                for rule in phrases
                if rule.folds
            ),
            folded=True,
        )
        plain = [rule for rule in phrases if not rule.folds]
        self._words, self._signs = (
            PhraseIndex(
                (
                    (_key(without_wildcards(rule.written)[0]), (), rule)
                    for rule in plain
                    if rule.is_word == is_word
                ),
                folded=False,
            )
            for is_word in (True, False)
        )
        self._plain = _Sets([rule for rule in rules if not rule.folds and not rule.is_phrase])
        self._regexes = _Sets([rule for rule in rules if rule.folds and not rule.is_phrase])
        self.reads = bool(self._folded or self._regexes)

    def look(self, text: str, plain: NormalisedText, read: NormalisedText | None, found: Found) -> None:
        """Add the hits in a text and in its reading."""
        if self._plain or self._regexes or self._words or self._signs:
            bare = plain if self.letter is accented_character else _bare(plain)
            self._plain.look(bare, found)
            self._regexes.look(bare, found)
            key = _key(bare.text) if self._words or self._signs else ""
            for rule in self._signs.likely(key):
                found.setdefault(id(rule), []).extend(rule.spans(bare))
            if likely := self._words.likely(key):
                outlined = _outlined(bare)
                for rule in likely:
                    found.setdefault(id(rule), []).extend(rule.spans(outlined))
        if self.reads:
            seen = {plain.text.lower()}  # regular expressions that fold take either case
            self._look_folded(fold(text, self.letter), found, seen)
            if read is not None:
                self._look_folded(mapped_back(fold(read.text, self.letter), read), found, seen)

    def _look_folded(self, view: NormalisedText, found: Found, seen: set[str]) -> None:
        if self._folded:
            outlined = _outlined(view)
            for rule in self._folded.likely(outlined.text):
                found.setdefault(id(rule), []).extend(rule.spans(outlined))
        if self._regexes:
            for loose in loose_readings(view):
                if loose.text not in seen:
                    seen.add(loose.text)
                    self._regexes.look(loose, found)


def _outlined(view: NormalisedText) -> NormalisedText:
    return NormalisedText(outline(view.text), view.original, view.begins, view.ends)


def _key(text: str) -> str:
    return text.casefold()


def _bare(view: NormalisedText) -> NormalisedText:
    """Return the text without accents; letters that stand for several marks lose no place."""
    if view.text.isascii():
        return view
    text = "".join(without_accents(character) or character for character in view.text)
    return (
        NormalisedText(text, view.original, view.begins, view.ends) if len(text) == len(view.text) else view
    )


def _words_of(rules: Iterable[_Compiled]) -> tuple[WordList, frozenset[str]]:
    """Return the word list of the reading with the words that these rules look for, and those words."""
    wanted = {
        rule.phrase.lower()
        for rule in rules
        if rule.is_phrase and rule.folds and rule.phrase.isascii() and rule.phrase.isalpha()
    }
    wanted = {word for word in wanted if len(word) >= _READ_MIN}
    return shipped_words().with_offences(wanted), frozenset(wanted)


class _Sets:
    """Compiled rules that are looked for in the same text: those that ask for boundaries, and the others."""

    def __init__(self, members: list[_Compiled]) -> None:
        self._asking = _Set([member for member in members if member.asks])
        self._others = _Set([member for member in members if not member.asks])

    def __bool__(self) -> bool:
        return bool(self._asking.members or self._others.members)

    def look(self, view: NormalisedText, found: Found) -> None:
        """Add the hits in `view`."""
        if self._others.members:
            self._others.look(view, found)
        if self._asking.members:
            self._asking.look(with_boundaries(view), found)


class _Set:
    """Compiled rules that are looked for in the same text, in RE2 sets of no more than SET_RULES."""

    def __init__(self, members: list[_Compiled]) -> None:
        self.members = members
        self._sets = [
            (chunk, _search_set(chunk))
            for chunk in (members[at : at + SET_RULES] for at in range(0, len(members), SET_RULES))
        ]

    def look(self, view: NormalisedText, found: Found) -> None:
        """Add the hits in `view`."""
        for chunk, searched in self._sets:
            likely = chunk if searched is None else [chunk[at] for at in searched.Match(view.text) or ()]
            for member in likely:
                found.setdefault(id(member), []).extend(member.spans(view))


def _search_set(members: list[_Compiled]) -> Any:
    """Return an RE2 set of these rules; None of a single one, and where they are too large for one set."""
    if len(members) < 2:
        return None
    searched = re2.Set.SearchSet(_options(SET_MEMORY))
    for member in members:
        searched.Add(member.source)
    with suppress(re2.error):
        searched.Compile()
        return searched
    return None


def _options(memory: int) -> Any:
    options = re2.Options()
    options.max_mem = memory
    options.log_errors = False
    return options


@lru_cache(maxsize=4_096)
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


def _is_inside(span: tuple[int, int], outer: Iterable[tuple[int, int]], *, strictly: bool = False) -> bool:
    return any(
        begin <= span[0] and span[1] <= end and not (strictly and (begin, end) == span)
        for begin, end in outer
    )


def _merged(spans: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Return the spans in order, overlapping ones as one, at most SPANS_MAX."""
    merged: list[tuple[int, int]] = []
    for begin, end in sorted(spans):
        if merged and begin < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return tuple(merged[:SPANS_MAX])
