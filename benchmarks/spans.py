"""Explanations: attribution methods held against the words that people marked (SemEval-2021 Toxic Spans).

Character F1 as in the task, the mean over posts. Each method's cut-off (the share of the strongest push from which on
a word is marked, and whether a post that the model calls harmless has none) is chosen on every other post and reported
on the posts between. `times` is the processor time of an explanation in multiples of the product's. The product's
methods run in its own engine; the gradient methods in transformers in fp32, as the engine's packed products have no
gradients.
"""

import time
from argparse import ArgumentParser
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.core import Options, Row
from classifier.inference.artifact import read_json
from classifier.inference.explain import BOTH, PUT_IN, TAKEN_OUT, Explanation, WordContribution, explain
from classifier.inference.scorer import Scorer
from training.ml.evaluation.toxic_spans import (
    Explained,
    Post,
    Result,
    Rule,
    chosen_and_reported,
    measured,
    read_posts,
)

TIMED_POSTS = 20
STEPS = 16  # of integrated gradients
PRODUCT = "mean of taken out and put in (the product's)"
TODAY = Rule(share=0.4, verdict=False)


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--spans-data",
        type=Path,
        help="posts with text_raw and spans, .parquet; without it nothing is measured",
    )
    parser.add_argument("--spans-posts", type=int, default=1_000, help="how many are drawn [%(default)s]")


def run(options: Options) -> list[Row]:
    """Return a row for each method, the best first, then the product's method at its cut-off on posts with marks."""
    if options.spans_data is None:
        print("Not measured: name the posts with --spans-data.\n")
        return []
    posts = read_posts(options.spans_data, most=options.spans_posts)
    scorer = Scorer(options.model)
    threshold = scorer.manifest.thresholds[scorer.manifest.primary_label]
    gradients = Gradients(scorer)
    ways: dict[str, Callable[[str], Explanation]] = {
        TAKEN_OUT: lambda text: explain(scorer, text, ends=(TAKEN_OUT,)),
        PUT_IN: lambda text: explain(scorer, text, ends=(PUT_IN,)),
        PRODUCT: lambda text: explain(scorer, text, ends=BOTH),
        "gradient x input": gradients.times_input,
        f"integrated gradients, {STEPS} steps": gradients.integrated,
    }
    methods = {
        name: [_explained(way(post.text), threshold) for post in posts]
        for name, way in ways.items()
        if name != PRODUCT
    }
    methods[PRODUCT] = [_mean(*pair) for pair in zip(methods[TAKEN_OUT], methods[PUT_IN], strict=True)]
    seconds = _seconds(ways, [post.text for post in posts[:TIMED_POSTS]])
    rows = [
        _row(name, result, seconds[name] / seconds[PRODUCT])
        for name, result in chosen_and_reported(methods, posts).items()
    ]
    return [*rows, _today(methods[PRODUCT], posts)]


def _seconds(ways: Mapping[str, Callable[[str], Explanation]], texts: Sequence[str]) -> dict[str, float]:
    """Return the processor's seconds for all texts by way: each text in every way, once to warm up and once timed."""
    spent = dict.fromkeys(ways, 0.0)
    for text in texts:
        for name, way in ways.items():
            way(text)
            began = time.process_time()
            way(text)
            spent[name] += time.process_time() - began
    return spent


def _explained(explanation: Explanation, threshold: float) -> Explained:
    return Explained(explanation.words, explanation.score >= threshold)


def _mean(first: Explained, second: Explained) -> Explained:
    words = [
        WordContribution(one.begin, one.end, "", (one.value + other.value) / 2)
        for one, other in zip(first.words, second.words, strict=True)
    ]
    return Explained(words, first.flagged)


def _row(name: str, result: Result, times: float | None = None) -> Row:
    return Row(
        name,
        {
            "character F1": f"{result.f1:.3f}",
            "95 %": f"{result.low:.3f} to {result.high:.3f}",
            "posts": str(result.posts),
            "marked from": f"{result.rule.share:.0%}" + (" if toxic" if result.rule.verdict else ""),
            "times": "" if times is None else f"{times:.1f}",
        },
    )


def _today(explained: Sequence[Explained], posts: Sequence[Post]) -> Row:
    pairs = [pair for pair in zip(explained, posts, strict=True) if pair[1].marked]
    result = measured(TODAY, [one for one, _ in pairs], [post for _, post in pairs])
    return _row(f"{PRODUCT}, on all posts with marks", result)


@dataclass
class Gradients:
    """Gradient methods of captum over the embeddings of the scorer's model, as transformers builds it in fp32."""

    scorer: Scorer

    def __post_init__(self) -> None:
        import torch

        from classifier.inference.backends import torch_generic

        config = read_json(self.scorer.directory, "config.json")
        loaded = torch_generic.load("cpu", self.scorer.directory, self.scorer.manifest, config)
        self.model: Any = loaded.model.to(torch.float32)
        self.label = self.scorer.labels.index(self.scorer.manifest.primary_label)
        self.pad_token = loaded.pad_token

    def times_input(self, text: str) -> Explanation:
        """Explain by the gradient of the log-odds times the embedding (Shrikumar et al. 2017)."""
        from captum.attr import LayerGradientXActivation

        return self._explanation(
            text, lambda ids, _: LayerGradientXActivation(self._log_odds, self._embeddings()).attribute(ids)
        )

    def integrated(self, text: str) -> Explanation:
        """Explain by integrated gradients from a text of padding (Sundararajan et al. 2017)."""
        from captum.attr import LayerIntegratedGradients

        return self._explanation(
            text,
            lambda ids, blank: LayerIntegratedGradients(self._log_odds, self._embeddings()).attribute(
                ids, baselines=blank, n_steps=STEPS
            ),
        )

    def _embeddings(self) -> Any:
        return self.model.get_input_embeddings()

    def _log_odds(self, ids: Any) -> Any:
        import torch

        logits = self.model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits
        if self.scorer.manifest.activation == "softmax":
            return logits[:, 1] - logits[:, 0]
        return logits[:, self.label]

    def _explanation(self, text: str, attribute: Callable[[Any, Any], Any]) -> Explanation:
        """Give each word of the product's passage the sum over its tokens and over the embedding's dimensions."""
        import torch

        from classifier.inference.explain import _passage, _words
        from classifier.inference.normalise import normalise

        label = self.scorer.manifest.primary_label
        cleaned = normalise(text)
        words = _passage(self.scorer, _words(self.scorer, cleaned), label)
        inside = [token for word in words for token in word.ids][: self.scorer.windower.room]
        ids = torch.tensor([self.scorer.windower.framed(inside).tolist()])
        blank = torch.full_like(ids, self.pad_token)
        blank[0, 0], blank[0, -1] = ids[0, 0], ids[0, -1]
        values = attribute(ids, blank).sum(dim=-1)[0].tolist()[1:-1]
        contributions, at = [], 0
        for word in words:
            begin, end = cleaned.original_span(word.begin, word.end)
            pushed = float(sum(values[at : at + len(word.ids)]))
            contributions.append(WordContribution(begin, end, text[begin:end], pushed))
            at += len(word.ids)
        score = self.scorer.score([text])[0].scores[label]
        return Explanation(label, score, 0.0, contributions, 0, len(text))
