"""Which rows to learn from when not all fit the time: all positives, and the negatives that teach most.

Two ideas. Hard negatives: a TF-IDF model, fitted in seconds, says which harmless rows look toxic to a word counter.
Clean sentences: a row without any label is harmless in each of its sentences, so short harmless sentences can be
mined from it, balanced over the identity terms of Dixon et al. 2018 ("Measuring and Mitigating Unintended Bias in
Text Classification", which balanced with Wikipedia text for the same reason). All of it is real text of the source.
"""

import re
from typing import TYPE_CHECKING

import numpy as np

from training.ml.data.tables import TextTable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from training.ml.config import DataConfig

# The identity terms that Dixon et al. 2018 measured, with plurals left to the word pattern.
IDENTITY_TERMS = [
    "lesbian",
    "gay",
    "bisexual",
    "transgender",
    "trans",
    "queer",
    "lgbt",
    "lgbtq",
    "homosexual",
    "straight",
    "heterosexual",
    "male",
    "female",
    "nonbinary",
    "african",
    "black",
    "white",
    "european",
    "hispanic",
    "latino",
    "latina",
    "latinx",
    "mexican",
    "canadian",
    "american",
    "asian",
    "indian",
    "chinese",
    "japanese",
    "christian",
    "muslim",
    "jewish",
    "buddhist",
    "catholic",
    "protestant",
    "sikh",
    "taoist",
    "old",
    "older",
    "young",
    "younger",
    "blind",
    "deaf",
    "paralyzed",
    "man",
    "woman",
    "men",
    "women",
    "jew",
    "islam",
    "arab",
]
SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
SENTENCE_EDGES = " \"'*:=-\u2013\u2014"
MOST_WORDS, FEWEST_WORDS = 22, 2
PER_IDENTITY_TERM = 120
# A "clean" sentence above this TF-IDF score is more likely a label error than a lesson.
LIKELY_LABEL_ERROR = 0.85


def choose_rows(table: TextTable, config: "DataConfig", seed: int) -> TextTable:
    """Return the rows to train on, as `config` says; the same for the same seed."""
    rng = np.random.default_rng(seed)
    known = (table.targets >= 0).any(axis=1)
    if not known.all():  # a row without a known label would cost time and teach nothing
        table = table.take(np.flatnonzero(known))
    if config.max_rows is not None and config.max_rows < len(table):
        table = table.take(np.sort(rng.choice(len(table), config.max_rows, replace=False)))
    clean = np.flatnonzero((table.targets == 0).all(axis=1))
    needs_scores = config.clean_sentences or (config.max_negatives is not None and config.hard_negative_share)
    chosen = table
    scorer = _fit_tfidf(table, rng) if needs_scores else None
    if config.max_negatives is not None and config.max_negatives < len(clean):
        hard = int(config.max_negatives * config.hard_negative_share)
        picked = np.zeros(0, dtype=np.int64)
        if scorer is not None and hard:
            picked = clean[np.argsort(-scorer([table.texts[i] for i in clean]), kind="stable")[:hard]]
        rest = np.setdiff1d(clean, picked)
        plain = rng.choice(rest, config.max_negatives - len(picked), replace=False)
        others = np.setdiff1d(np.arange(len(table)), clean)
        chosen = table.take(np.sort(np.concatenate([others, picked, plain])))
    if config.clean_sentences and scorer is not None:
        mined = mine_clean_sentences([table.texts[i] for i in clean], scorer, config.clean_sentences, rng)
        chosen = _append_negatives(chosen, mined)
    return chosen


def mine_clean_sentences(
    texts: list[str], scorer: "_TfidfScorer", count: int, rng: np.random.Generator
) -> list[str]:
    """Return up to `count` distinct short sentences of harmless texts: identity terms first, then the hardest,
    then a plain sample (a quarter of the count)."""
    seen: dict[str, None] = {}
    for text in texts:
        for sentence in SENTENCE_END.split(text):
            sentence = sentence.strip(SENTENCE_EDGES)
            if FEWEST_WORDS <= len(sentence.split()) <= MOST_WORDS:
                seen.setdefault(sentence)
    sentences = list(seen)
    scores = scorer(sentences)
    usable = scores < LIKELY_LABEL_ERROR
    picked: dict[int, None] = {}
    lowered = [f" {re.sub(r'[^a-z]+', ' ', s.lower())} " for s in sentences]
    for term in IDENTITY_TERMS:
        hits = [i for i, s in enumerate(lowered) if usable[i] and (f" {term} " in s or f" {term}s " in s)]
        hits.sort(key=lambda i: len(lowered[i]))  # the shortest say least beside the term itself
        for i in hits[:PER_IDENTITY_TERM]:
            picked.setdefault(i)
    by_hardness = np.argsort(-np.where(usable, scores, -1.0), kind="stable")
    for i in by_hardness[: max(count - len(picked) - count // 4, 0)]:
        picked.setdefault(int(i))
    for i in rng.permutation(len(sentences)):
        if len(picked) >= count:
            break
        if usable[i]:
            picked.setdefault(int(i))
    return [sentences[i] for i in list(picked)[:count]]


class _TfidfScorer:
    """P(any label) by word counts: the yardstick of what is hard for something that only counts words."""

    def __init__(self, table: TextTable) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression

        known = np.flatnonzero((table.targets >= 0).any(axis=1))
        self.vectorizer = TfidfVectorizer(min_df=3, sublinear_tf=True, max_features=60_000)
        features = self.vectorizer.fit_transform([table.texts[i] for i in known])
        self.model = LogisticRegression(C=4.0, max_iter=200)
        self.model.fit(features, (table.targets[known] == 1).any(axis=1))

    def __call__(self, texts: list[str]) -> "NDArray[np.float64]":
        if not texts:
            return np.zeros(0)
        result: NDArray[np.float64] = self.model.predict_proba(self.vectorizer.transform(texts))[:, 1]
        return result


def _fit_tfidf(table: TextTable, rng: np.random.Generator, most: int = 60_000) -> _TfidfScorer:
    rows = np.arange(len(table))
    if len(rows) > most:
        positive = np.flatnonzero((table.targets == 1).any(axis=1))
        rest = np.setdiff1d(rows, positive)
        rows = np.concatenate([positive, rng.choice(rest, min(len(rest), most), replace=False)])
    return _TfidfScorer(table.take(rows))


def _append_negatives(table: TextTable, texts: list[str]) -> TextTable:
    targets = np.zeros((len(texts), len(table.labels)), dtype=np.float32)
    return TextTable(
        table.texts + texts,
        np.concatenate([table.targets, targets]),
        np.concatenate([table.weights, np.ones(len(texts), dtype=np.float32)]),
        table.labels,
    )
