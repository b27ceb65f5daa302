"""Which words drove a score: each word's effect on the log-odds of a label, taken out of and put into the text.

The method is captum's feature ablation, run from both ends through the scoring engine in batches: what is lost when
a word is taken out of the text (the last step of its Shapley value) and what is won when it stands alone (the first
step). The mean of the two stays meaningful where one end saturates: of two insults neither is missed when taken out,
and words that insult only together do nothing alone. Of a long text the highest-scoring passage is analysed. Where the
score is that of the text's reading, the words of the reading are analysed; what is marked is always what was written.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy

from classifier.inference.normalise import NormalisedText, normalise
from classifier.inference.reading import reading
from classifier.inference.windows import Ids, Window

if TYPE_CHECKING:
    from classifier.inference.scorer import Scorer

# A passage of this many tokens bounds an explanation's cost, which grows with the square of its length.
PASSAGE_TOKENS = 48
TAKEN_OUT, PUT_IN = "taken out", "put in"
Ends = tuple[str, ...]
# No method that was held against words that people marked does better (docs/train/evaluation.md).
BOTH: Ends = (TAKEN_OUT, PUT_IN)
# Scripts without spaces between words: a character is a word there.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
    "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_CHUNK = re.compile(f"[{_UNSPACED}]|[^\\s{_UNSPACED}]+")
_CORE = re.compile(r"\w(?:.*\w)?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class WordContribution:
    """A word of the original text, its code points there, and its push in log-odds (above 0: towards the label)."""

    begin: int
    end: int
    text: str
    value: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """`score` is the text's probability, `base` that of a text with no words; [begin, end) is what was analysed."""

    label: str
    score: float
    base: float
    words: list[WordContribution]
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class _Word:
    """One word: its place in the cleaned text without the punctuation around it, and its token ids with it."""

    begin: int
    end: int
    ids: tuple[int, ...]


def explain(scorer: Scorer, text: str, label: str | None = None, ends: Ends = BOTH) -> Explanation:
    """Return the words' contributions to `label` (the primary one by default), in the order of the text.

    `ends` are what a word's effect is the mean of: TAKEN_OUT of the text, PUT_IN alone. `python -m benchmarks spans`
    compares them.
    """
    label = scorer.manifest.primary_label if label is None else label
    if label not in scorer.labels:
        raise ValueError(f"label {label!r} is not one of the model's: {', '.join(scorer.labels)}")
    result = scorer.score([text])[0]
    cleaned = (reading(text) if result.read_as else None) or normalise(text)
    words = _words(scorer, cleaned)
    if len(result.spans) > 1:
        span = max(result.spans, key=lambda part: part.scores[label])
        words = [
            word for word in words if span.begin <= cleaned.original_span(word.begin, word.end)[0] < span.end
        ]
    words = _passage(scorer, words, label)
    base = _probabilities(scorer, [[]], label)[0]
    values = _contributions(scorer, words, label, ends) if words else []
    contributions = []
    for word, value in zip(words, values, strict=True):
        begin, end = cleaned.original_span(word.begin, word.end)
        contributions.append(WordContribution(begin, end, text[begin:end], value))
    begin, end = (contributions[0].begin, contributions[-1].end) if contributions else (0, len(text))
    return Explanation(label, result.scores[label], base, contributions, begin, end)


def _words(scorer: Scorer, cleaned: NormalisedText) -> list[_Word]:
    encoding = scorer.windower.tokenizer.encode(cleaned.text, add_special_tokens=False)
    tokens = list(zip(encoding.ids, (begin for begin, _ in encoding.offsets), strict=True))
    words = []
    at = 0
    for chunk in _CHUNK.finditer(cleaned.text):
        ids = []
        # a token belongs to the chunk it starts in; byte-level tokenizers start a word at the space before it
        while at < len(tokens) and tokens[at][1] < chunk.end():
            ids.append(tokens[at][0])
            at += 1
        core = _CORE.search(cleaned.text, chunk.start(), chunk.end())
        begin, end = core.span() if core else chunk.span()
        if ids:
            words.append(_Word(begin, end, tuple(ids)))
    return words


def _passage(scorer: Scorer, words: list[_Word], label: str) -> list[_Word]:
    """Return all words of a short text; of a long one the run of about `PASSAGE_TOKENS` tokens that scores highest."""
    runs: list[list[_Word]] = []
    begin = 0
    while begin < len(words):
        end, total = begin, 0
        while end < len(words) and (end == begin or total + len(words[end].ids) <= PASSAGE_TOKENS):
            total += len(words[end].ids)
            end += 1
        runs.append(words[begin:end])
        if end == len(words):
            break
        begin = max(begin + 1, (begin + end) // 2)
    if len(runs) < 2:
        return words
    scores = _probabilities(scorer, runs, label)
    return runs[max(range(len(runs)), key=scores.__getitem__)]


def _contributions(scorer: Scorer, words: list[_Word], label: str, ends: Ends) -> list[float]:
    """Return the mean of these ends of each word's effect, in log-odds."""
    import torch
    from captum.attr import FeatureAblation

    def log_odds(present: Any) -> Any:
        texts = [[word for word, kept in zip(words, row, strict=True) if kept] for row in present.tolist()]
        odds = [math.log(p / (1.0 - p)) for p in _probabilities(scorer, texts, label)]
        return torch.tensor(odds, dtype=torch.float64)

    ablation = FeatureAblation(log_odds)
    everything = torch.ones(1, len(words), dtype=torch.float64)
    nothing = torch.zeros_like(everything)
    effects = []
    if TAKEN_OUT in ends:
        effects.append(ablation.attribute(everything, baselines=nothing, perturbations_per_eval=len(words)))
    if PUT_IN in ends:
        # taking out with the roles changed, so its sign is too
        effects.append(-ablation.attribute(nothing, baselines=everything, perturbations_per_eval=len(words)))
    values: list[float] = torch.stack(effects).mean(dim=0)[0].tolist()
    return values


def _probabilities(scorer: Scorer, texts: Sequence[Sequence[_Word]], label: str) -> list[float]:
    """Return the label's probability for each list of words, kept off 0 and 1 so that log-odds exist."""
    from classifier.inference.scorer import Prepared

    windows = [Window(at, _ids(scorer, words), 0, 0) for at, words in enumerate(texts)]
    probabilities = scorer.probabilities(scorer.run(Prepared(len(texts), tuple(windows))))
    column = numpy.clip(probabilities[:, scorer.labels.index(label)], 1e-9, 1.0 - 1e-9)
    return [float(value) for value in column]


def _ids(scorer: Scorer, words: Sequence[_Word]) -> Ids:
    ids = [token for word in words for token in word.ids]
    return scorer.windower.framed(ids[: scorer.windower.room])
