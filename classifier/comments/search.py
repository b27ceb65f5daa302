"""Search of texts by words and parts of words, over millions of comments, by the two indexes that Postgres keeps.

A query is read as on other search pages: all words must occur, `or` between them offers a choice (and binds less), a
minus before a word leaves out the comments with it, and case does not matter.

- A plain word is also found inside other words, with the punctuation it is typed with: `idiot` finds "idiotic" and
  "xxidiotxx", `sh!t` and `f*ck` find themselves. It is a pattern, and the trigram index finds it.
- Words in quotes are found as whole words, one after the other, whatever punctuation is between them, by full text.
- A word of one or two letters has no trigram, so it is found as a whole word too; a longer word with letters other than
  a to z is found at the beginning of words, because not every database's locale gives trigrams to those.
- A term that neither index knows (an emoji, `:)`, two letters of a script without spaces) is searched for among the
  newest SCANNED comments only, since each of those has to be read.

Ordered pages are left to the planner: it finds frequent words by walking the order's index until the page is full,
and rare ones by a bitmap over the words' index. It knows frequent words by the statistics that ANALYZE keeps of both,
so it chooses the walk when that is short. Misleading statistics make it walk too far: at worst as long as reading
every text once. Forcing the bitmap instead would cost that for every frequent word.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.search import SearchQuery, SearchVector, SearchVectorExact
from django.db.models import F, Lookup, Q, Value

from classifier.models import Comment
from classifier.models.comment import CommentQuerySet

SCANNED = 100_000
TRIGRAM = 3
OR = "or"
_PIECE = re.compile(r'(-?)"([^"]*)(?:"|\Z)|(\S+)')
_QUOTES = str.maketrans("\u201c\u201d\u201e\u00ab\u00bb", '"""""')
_RUN = re.compile(r"[^\W_]+")
_ASCII_RUN = re.compile(r"[a-zA-Z0-9]+")
_WITHOUT_SPACES = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uf900-\ufaff]")


class _Like(Lookup):
    """`text ILIKE pattern`: Django's own icontains asks for UPPER(text), which no index holds."""

    lookup_name = "ilike"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        left, left_values = self.process_lhs(compiler, connection)
        right, right_values = self.process_rhs(compiler, connection)
        return f"{left} ILIKE {right}", [*left_values, *right_values]


@dataclass(frozen=True)
class _Term:
    text: str
    quoted: bool = False
    without: bool = False

    @property
    def is_indexed(self) -> bool:
        return not self.without and (self._by_words or self._has_trigrams)

    @property
    def _by_words(self) -> bool:
        """Whether full text search finds it: a quoted term, or words without trigrams."""
        if not _RUN.search(self.text) or _WITHOUT_SPACES.search(self.text):
            return False
        return self.quoted or not self._has_trigrams

    @property
    def _has_trigrams(self) -> bool:
        """Whether the index surely can find it: three letters in a row, or fewer beside punctuation, where words end.

        In a database of locale C only a to z count as letters there, in others all do.
        """
        return all(
            any(
                len(run.group()) >= TRIGRAM
                or run.start() > 0
                or (len(run.group()) == TRIGRAM - 1 and run.end() < len(self.text))
                for run in letters.finditer(self.text)
            )
            for letters in (_RUN, _ASCII_RUN)
        )

    def condition(self) -> Q:
        if self._by_words:
            matches = Q(SearchVectorExact(SearchVector("text", config="simple"), self._words()))
        else:
            matches = Q(_Like(F("text"), Value(f"%{_escaped(self.text)}%")))
        return ~matches if self.without else matches

    def _words(self) -> SearchQuery:
        begins = not self.quoted and len(self.text) >= TRIGRAM and _RUN.fullmatch(self.text)
        if begins:
            return SearchQuery(f"'{self.text}':*", config="simple", search_type="raw")
        return SearchQuery(self.text, config="simple", search_type="phrase")


def matching_text(comments: CommentQuerySet, text: str) -> CommentQuerySet:
    """Filter `comments` by their text; a purged text never matches, and an empty query keeps all comments."""
    condition = text_condition(text)
    return comments.filter(condition) if condition else comments


def text_condition(text: str) -> Q:
    """Return the condition of a query, to be combined with others; empty for an empty query."""
    condition = Q()
    for choice in _choices(text):
        condition |= _all_of(choice)
    return condition


def _all_of(terms: list[_Term]) -> Q:
    condition = Q()
    for term in sorted(terms, key=lambda term: not term.is_indexed):
        condition &= term.condition()
    if all(term.without for term in terms):
        return condition & ~Q(text="")
    if not any(term.is_indexed for term in terms):
        newest = Comment.objects.order_by("-pk").annotate(bound=F("pk") - SCANNED).values("bound")[:1]
        return condition & Q(pk__gt=newest)
    return condition


def _choices(text: str) -> Iterator[list[_Term]]:
    """Yield the alternatives of a query, each a list of terms that must all match."""
    terms: list[_Term] = []
    for minus, phrase, word in _PIECE.findall(text.translate(_QUOTES)):
        if word.lower() == OR:
            if terms:
                yield terms
            terms = []
            continue
        without = bool(minus) or (len(word) > 1 and word.startswith("-"))
        searched = " ".join(phrase.split()) or word.removeprefix("-" if without else "")
        if searched:
            terms.append(_Term(searched, quoted=bool(phrase.strip()), without=without))
    if terms:
        yield terms


def _escaped(text: str) -> str:
    return re.sub(r"([\\%_])", r"\\\1", text)
