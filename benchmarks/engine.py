"""Scoring: transformers in fp32, one padded text at a time and in sorted batches, against our engine.

Bars, on two cores with native bf16: ours at least 12 times the first in texts a second, and 2.5 times batches of 32
sorted by length. Eager under token budgets is a harder mark, shown beside it. Ours scores whole texts by windows;
transformers cuts them at 512 tokens, less work.
"""

import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from functools import partial
from typing import Any

from benchmarks.core import Options, Row, latency, median_seconds
from benchmarks.texts import texts
from classifier.inference.scorer import Scorer

SEED_BAR, SORTED_BAR = 12.0, 2.5
SORTED_BATCH = 32
# Padded tokens in an eager batch: as many as our engine takes, and as few as suit eager best (its attention's memory
# grows with the batch). Both are our engine's own idea lent to eager, shown so that nobody is fooled.
EAGER_BUDGETS = 2_048, 512
SEED_TEXTS = 12  # the slow way takes a tenth of a second for each text whatever its length: few say it all


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--texts", type=int, default=384, help="how many texts are scored [%(default)s]")
    parser.add_argument("--backends", default="auto", help="comma-separated engines of ours [%(default)s]")


def run(options: Options) -> list[Row]:
    """Return (a) and (b) of `make benchmark`, and the fair middle between them."""
    import torch

    sample = texts(options.data, options.text_column, options.texts)
    baseline = Baseline(options.model)
    lengths = baseline.lengths(sample)
    print(
        f"{len(sample)} texts, mean {sum(lengths) / len(lengths):.0f} tokens, {torch.get_num_threads()} threads\n"
    )
    single = sample[:60]

    seed_sample = sample[:SEED_TEXTS]
    seed = len(seed_sample) / median_seconds(
        lambda: [baseline.one(text) for text in seed_sample], options.repeats
    )
    rows = [_row("(a) transformers eager fp32, one at a time, padded to 512", seed, seed, None)]
    rows[0].values.update(latency(baseline.one, seed_sample).columns())
    work = partial(baseline.sorted_batches, sample, None)
    by_length = len(sample) / median_seconds(work, options.repeats)
    what = f"transformers eager fp32, sorted by length, batches of {SORTED_BATCH}"
    rows.append(_row(what, by_length, seed, by_length))
    for budget in EAGER_BUDGETS:
        work = partial(baseline.sorted_batches, sample, budget)
        eager = len(sample) / median_seconds(work, options.repeats)
        what = f"transformers eager fp32, sorted by length, {budget:,} tokens a batch"
        rows.append(_row(what, eager, seed, by_length))
    rows[1].values.update(latency(baseline.unpadded, single).columns())
    for name in options.backends.split(","):
        scorer = Scorer(options.model, name)
        speed = len(sample) / median_seconds(partial(scorer.score, sample), options.repeats)
        passed = speed >= SEED_BAR * seed and speed >= SORTED_BAR * by_length if name == "auto" else None
        row = _row(f"(b) our engine, {scorer.backend_name}", speed, seed, by_length, passed)
        row.values.update(latency(scorer.score, [[text] for text in single]).columns())
        rows.append(row)
    return rows


def _row(what: str, speed: float, seed: float, by_length: float | None, passed: bool | None = None) -> Row:
    values = {"texts/s": f"{speed:.1f}", "times (a)": f"{speed / seed:.1f}"}
    if by_length is not None:
        values["times sorted"] = f"{speed / by_length:.2f}"
    return Row(what, values, passed)


class Baseline:
    """The model as transformers runs it: eager attention, fp32."""

    def __init__(self, folder: Any) -> None:
        import torch
        from transformers import AutoModelForSequenceClassification, AutoTokenizer

        self.torch: Any = torch
        self.tokenizer: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        self.model: Any = AutoModelForSequenceClassification.from_pretrained(
            folder, dtype=torch.float32, attn_implementation="eager", local_files_only=True
        ).eval()

    def lengths(self, sample: Sequence[str]) -> list[int]:
        return [
            len(ids) for ids in self.tokenizer(list(sample), truncation=True, max_length=512)["input_ids"]
        ]

    def one(self, text: str) -> Any:
        return self._run([text], padding="max_length")

    def unpadded(self, text: str) -> Any:
        return self._run([text], padding=False)

    def sorted_batches(self, sample: Sequence[str], budget: int | None) -> list[Any]:
        """Cut texts, sorted by length, into batches of at most `budget` padded tokens, or of SORTED_BATCH texts."""
        batches: list[list[str]] = []
        for length, text in sorted(zip(self.lengths(sample), sample, strict=True)):
            full = len(batches[-1]) == SORTED_BATCH if budget is None and batches else False
            if not batches or full or (budget is not None and (len(batches[-1]) + 1) * length > budget):
                batches.append([])
            batches[-1].append(text)
        return [self._run(batch, padding=True) for batch in batches]

    def _run(self, batch: Sequence[str], padding: bool | str) -> Any:
        inputs = self.tokenizer(
            list(batch), padding=padding, truncation=True, max_length=512, return_tensors="pt"
        )
        with self.torch.inference_mode():
            return self.torch.sigmoid(self.model(**inputs).logits)


if __name__ == "__main__":
    sys.exit("run it as: python -m benchmarks engine")
