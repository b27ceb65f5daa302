"""Training samples per second: this project's loop beside `transformers.Trainer` as it comes, on the same rows.

Both fine-tune one randomly initialised 12-layer, 384-wide BERT (the starter's teacher in shape) with six labels.
Trainer pads every row to 256 wordpieces and runs in fp32 with its defaults; the loop groups rows by length under a
token budget and runs in the best precision that the processor has. Rows are cut at 256 wordpieces on both sides.
"""

import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.core import Options, Row
from benchmarks.texts import texts as sample_texts

MAX_LENGTH = 256
LABELS = 6
BAR = 3.0


@dataclass(frozen=True)
class TrainingSpeed:
    """Rows a second of both ways, and what the loop ran in."""

    trainer: float
    loop: float
    precision: str

    @property
    def ratio(self) -> float:
        return self.loop / self.trainer


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--training-rows",
        type=int,
        default=128,
        help="rows that the training benchmark learns from [%(default)s]",
    )


def run(options: Options) -> list[Row]:
    """Return a row for Trainer as it comes, and one for this project's loop and whether it reaches its bar."""
    speed = measure(sample_texts(options.data, options.text_column, options.training_rows), options.model)
    return [
        Row(
            "Trainer's defaults, fp32, padded to 256",
            {"rows/s": f"{speed.trainer:.2f}", "times Trainer": "1.0"},
        ),
        Row(
            f"our loop, {speed.precision}, grouped by length (bar: {BAR:g} times)",
            {"rows/s": f"{speed.loop:.2f}", "times Trainer": f"{speed.ratio:.1f}"},
            passed=speed.ratio >= BAR,
        ),
    ]


def measure(texts: Sequence[str], tokenizer_folder: Path) -> TrainingSpeed:
    """Train on `texts` (labels are random: they do not change the work) both ways and time them."""
    from training.ml.encoders.loading import load_tokenizer

    tokenizer = load_tokenizer(str(tokenizer_folder))
    targets = (np.random.default_rng(0).random((len(texts), LABELS)) < 0.1).astype(np.float32)
    _loop(texts[:32], targets[:32], tokenizer)  # kernels and allocator warm up
    loop, precision = _loop(texts, targets, tokenizer)
    return TrainingSpeed(_trainer(texts, targets, tokenizer), loop, precision)


def fresh_bert(dropout: float, attention: str) -> Any:
    import torch
    from transformers import BertConfig, BertForSequenceClassification

    torch.manual_seed(0)
    config = BertConfig(
        hidden_size=384,
        num_hidden_layers=12,
        num_attention_heads=12,
        intermediate_size=1536,
        hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=dropout,
    )
    config.num_labels = LABELS
    config.problem_type = "multi_label_classification"
    config._attn_implementation = attention
    return BertForSequenceClassification(config)


def _loop(texts: Sequence[str], targets: Any, tokenizer: Any) -> tuple[float, str]:
    import torch

    from training.ml.config import LoopConfig
    from training.ml.data.batching import tokenize
    from training.ml.hardware import choose_attention
    from training.ml.progress import SilentListener
    from training.ml.train.loop import Trainer
    from training.ml.train.losses import cross_entropy

    model = fresh_bert(0.0, choose_attention("auto", has_sdpa=True))
    started = time.perf_counter()  # tokenizing is part of the work on both sides
    report = Trainer(
        model,
        tokenize(tokenizer, texts, MAX_LENGTH),
        lambda logits, rows: {"loss": cross_entropy(logits, torch.from_numpy(targets[rows]), softmax=False)},
        LoopConfig(),
        phase="benchmark",
        listener=SilentListener(),
    ).run()
    return len(texts) / (time.perf_counter() - started), report.precision


def _trainer(texts: Sequence[str], targets: Any, tokenizer: Any) -> float:
    import torch
    from transformers import Trainer, TrainingArguments

    model = fresh_bert(0.1, "sdpa")
    started = time.perf_counter()
    encoded = tokenizer(
        list(texts), truncation=True, padding="max_length", max_length=MAX_LENGTH, return_tensors="pt"
    )
    rows = [
        {
            "input_ids": encoded["input_ids"][i],
            "attention_mask": encoded["attention_mask"][i],
            "labels": torch.from_numpy(targets[i]),
        }
        for i in range(len(texts))
    ]
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            output_dir=folder,
            num_train_epochs=1,
            use_cpu=not torch.cuda.is_available(),
            report_to=[],
            save_strategy="no",
            logging_strategy="no",
            disable_tqdm=True,
        )
        Trainer(model=model, args=arguments, train_dataset=rows).train()
    return len(texts) / (time.perf_counter() - started)
