"""Explanations held against the characters that people marked as toxic: SemEval-2021 Task 5, Toxic Spans Detection.

The measure is the task's (Pavlopoulos et al. 2021): the F1 of predicted against marked characters of a post, 1 where
both are empty and 0 where one is, and its mean over posts. A prediction here is made of an explanation: the words whose
push towards the label is at least a share of the strongest one's, and the space between two such neighbours.
"""

import json
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from training.ml.data.tables import DataError

SHARES = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8)
RESAMPLES = 2_000


class PushedWord(Protocol):
    """A word at the code points [begin, end) of its text, and its push towards the label."""

    @property
    def begin(self) -> int: ...

    @property
    def end(self) -> int: ...

    @property
    def value(self) -> float: ...


@dataclass(frozen=True)
class Post:
    """A post and its marked characters."""

    text: str
    marked: frozenset[int]


@dataclass(frozen=True)
class Explained:
    """The words of a post as one method explains them; `flagged` is whether the model calls the post toxic."""

    words: Sequence[PushedWord]
    flagged: bool


@dataclass(frozen=True)
class Rule:
    """How an explanation becomes a prediction.

    Words of at least `share` of the strongest push are marked; with `verdict` none is where the model calls the post
    harmless.
    """

    share: float
    verdict: bool

    def characters(self, explained: Explained) -> set[int]:
        """Return the predicted characters."""
        if self.verdict and not explained.flagged:
            return set()
        return marked_characters(explained.words, self.share)


@dataclass(frozen=True)
class Result:
    """The mean character F1 of a rule over posts, with its 95 % interval by bootstrap over posts."""

    rule: Rule
    posts: int
    f1: float
    low: float
    high: float


def read_posts(path: Path, *, most: int, seed: int = 0) -> list[Post]:
    """Return at most `most` posts of a .parquet file with `text_raw` and `spans` ([[begin, end], …]), drawn by `seed`.

    Raises DataError.
    """
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path, columns=["text_raw", "spans"])
    except (OSError, ValueError) as error:
        raise DataError(f"{path} has no posts with the columns text_raw and spans ({error})") from error
    order = np.random.default_rng(seed).permutation(table.num_rows)[:most]
    rows = table.take(sorted(order.tolist())).to_pylist()
    return [Post(row["text_raw"], characters_of(json.loads(row["spans"] or "[]"))) for row in rows]


def characters_of(spans: Iterable[Sequence[int]]) -> frozenset[int]:
    """Return the offsets inside [begin, end) of any of the spans."""
    return frozenset(offset for begin, end in spans for offset in range(begin, end))


def character_f1(predicted: Set[int], marked: Set[int]) -> float:
    """Return the F1 of one post, 0 to 1."""
    if not predicted or not marked:
        return float(not predicted and not marked)
    return 2 * len(predicted & marked) / (len(predicted) + len(marked))


def marked_characters(words: Sequence[PushedWord], share: float) -> set[int]:
    """Return the characters of the words that push towards the label with at least `share` of the strongest push."""
    bar = share * max((word.value for word in words), default=0.0)
    characters: set[int] = set()
    before: PushedWord | None = None
    for word in words:
        if word.value <= 0.0 or word.value < bar:
            before = None
            continue
        characters.update(range(before.end if before is not None else word.begin, word.end))
        before = word
    return characters


def scores(rule: Rule, explained: Sequence[Explained], posts: Sequence[Post]) -> list[float]:
    """Return the character F1 of each post."""
    return [
        character_f1(rule.characters(one), post.marked) for one, post in zip(explained, posts, strict=True)
    ]


def measured(rule: Rule, explained: Sequence[Explained], posts: Sequence[Post], *, seed: int = 0) -> Result:
    """Return the mean over posts with its interval."""
    values = np.array(scores(rule, explained, posts))
    drawn = values[np.random.default_rng(seed).integers(len(values), size=(RESAMPLES, len(values)))]
    low, high = np.quantile(drawn.mean(axis=1), (0.025, 0.975))
    return Result(rule, len(values), float(values.mean()), float(low), float(high))


def best_rule(explained: Sequence[Explained], posts: Sequence[Post]) -> Rule:
    """Return the rule with the highest mean on these posts, among SHARES, with and without the verdict."""
    rules = [Rule(share, verdict) for share in SHARES for verdict in (False, True)]
    return max(rules, key=lambda rule: float(np.mean(scores(rule, explained, posts))))


def chosen_and_reported(
    methods: Mapping[str, Sequence[Explained]], posts: Sequence[Post]
) -> dict[str, Result]:
    """Choose each method's rule on every other post, and report it on the posts between, best method first."""
    results = {
        name: measured(best_rule(explained[::2], posts[::2]), explained[1::2], posts[1::2])
        for name, explained in methods.items()
    }
    return dict(sorted(results.items(), key=lambda entry: -entry[1].f1))
