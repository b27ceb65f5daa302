"""Learning speed by recipe: this project's loop beside `transformers.Trainer` doing the same, on the same rows.

Teacher: every weight of a 12-layer, 384-wide BERT. Student: its even layers, taught by its logits, which Trainer asks
for in every step (as the seed's experiment did) and the loop either too ("live") or once for all epochs ("cached";
the time of asking is counted in). LoRA: rank 8 on query and value. Weights are random, which changes nothing about the
work. Trainer pads each row to 256 wordpieces in fp32, its defaults; the loop groups rows by length and runs in the
best precision that the processor has.
"""

import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.core import Options, Row
from benchmarks.texts import texts as sample_texts
from benchmarks.training import LABELS, MAX_LENGTH, fresh_bert

RANK = 8
EPOCHS = 2


@dataclass(frozen=True)
class Work:
    """The rows: tokenizer, texts, labels [rows, labels] float32."""

    tokenizer: Any
    texts: Sequence[str]
    targets: Any


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--learning-rows",
        type=int,
        default=96,
        help=f"rows that each recipe learns from, {EPOCHS} epochs [%(default)s]",
    )


def run(options: Options) -> list[Row]:
    """Return each recipe's rows a second in Trainer and in the loop with their ratio, then the share of peak."""
    from training.ml.encoders.loading import load_tokenizer

    texts = sample_texts(options.data, options.text_column, options.learning_rows)
    targets = (np.random.default_rng(0).random((len(texts), LABELS)) < 0.1).astype(np.float32)
    work = Work(load_tokenizer(str(options.model)), texts, targets)
    _teacher_loop(Work(work.tokenizer, texts[:16], targets[:16]))  # kernels and allocator warm up
    rows: list[Row] = []
    for title, plain, ours in (
        ("teacher", _teacher_trainer, {"our loop": _teacher_loop}),
        (
            "student of even layers",
            _student_trainer,
            {"our loop, live teacher": _student_live, "our loop, cached logits": _student_cached},
        ),
        ("LoRA", _lora_trainer, {"our loop": _lora_loop}),
    ):
        base = _rate(plain, work)
        rows.append(Row(f"{title}: Trainer, fp32, padded", {"rows/s": f"{base:.2f}", "times Trainer": "1.0"}))
        for name, way in ours.items():
            rate = _rate(way, work)
            rows.append(
                Row(f"{title}: {name}", {"rows/s": f"{rate:.2f}", "times Trainer": f"{rate / base:.1f}"})
            )
    rows.append(_share_of_peak(work))
    return rows


def _rate(way: Callable[[Work], None], work: Work) -> float:
    started = time.perf_counter()
    way(work)
    return EPOCHS * len(work.texts) / (time.perf_counter() - started)


def _label_loss(work: Work) -> Any:
    import torch

    from training.ml.train.losses import cross_entropy

    return lambda logits, rows: {
        "loss": cross_entropy(logits, torch.from_numpy(work.targets[rows]).to(logits.device), softmax=False)
    }


def _run_loop(model: Any, work: Work, loss: Any) -> None:
    from training.ml.config import LoopConfig
    from training.ml.data.batching import tokenize
    from training.ml.progress import SilentListener
    from training.ml.train.loop import Trainer

    tokens = tokenize(work.tokenizer, work.texts, MAX_LENGTH)
    config = LoopConfig(epochs=EPOCHS)
    Trainer(model, tokens, loss, config, phase="benchmark", listener=SilentListener()).run()


def _attention() -> str:
    from training.ml.hardware import choose_attention

    return choose_attention("auto", has_sdpa=True)


def _teacher_loop(work: Work) -> None:
    _run_loop(fresh_bert(0.0, _attention()), work, _label_loss(work))


def _lora_loop(work: Work) -> None:
    from training.ml.config import LoraOptions
    from training.ml.encoders.adapters import add_adapters

    model, _ = add_adapters(fresh_bert(0.0, _attention()), LoraOptions(rank=RANK))
    _run_loop(model, work, _label_loss(work))


def _distill_loss(work: Work, known: Callable[[Any], Any]) -> Any:
    import torch

    from training.ml.config import LossWeights
    from training.ml.train.losses import distill_loss

    def loss(logits: Any, rows: Any) -> dict[str, Any]:
        targets = torch.from_numpy(work.targets[rows]).to(logits.device)
        return {
            "loss": distill_loss(
                logits, known(rows).to(logits.device), targets, LossWeights(), softmax=False
            ).total
        }

    return loss


def _student_cached(work: Work) -> None:
    import torch

    from training.ml.data.batching import tokenize
    from training.ml.encoders.layers import make_student
    from training.ml.encoders.predict import predict_logits
    from training.ml.progress import SilentListener

    teacher = fresh_bert(0.0, _attention())
    student, _ = make_student(teacher, "even")
    logits = predict_logits(
        teacher,
        tokenize(work.tokenizer, work.texts, MAX_LENGTH),
        phase="benchmark",
        listener=SilentListener(),
    )
    _run_loop(student, work, _distill_loss(work, lambda rows: torch.from_numpy(logits[rows])))


def _student_live(work: Work) -> None:
    import torch

    from training.ml.data.batching import collate, tokenize
    from training.ml.encoders.layers import make_student
    from training.ml.hardware import autocast, best_device, best_precision

    teacher = fresh_bert(0.0, _attention()).eval()
    student, _ = make_student(teacher, "even")
    device = best_device()
    teacher.to(device)
    tokens = tokenize(work.tokenizer, work.texts, MAX_LENGTH)

    def known(rows: Any) -> Any:
        batch = {name: value.to(device) for name, value in collate(tokens, rows).items()}
        with torch.no_grad(), autocast(device, best_precision(device)):
            return teacher(**batch).logits.float()

    _run_loop(student, work, _distill_loss(work, known))


def _trainer_rows(work: Work) -> list[dict[str, Any]]:
    import torch

    encoded = work.tokenizer(
        list(work.texts), truncation=True, padding="max_length", max_length=MAX_LENGTH, return_tensors="pt"
    )
    return [
        {
            "input_ids": encoded["input_ids"][i],
            "attention_mask": encoded["attention_mask"][i],
            "labels": torch.from_numpy(work.targets[i]),
        }
        for i in range(len(work.texts))
    ]


def _train_plainly(model: Any, work: Work, trainer: Any = None) -> None:
    import torch
    from transformers import Trainer, TrainingArguments

    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            output_dir=folder,
            num_train_epochs=EPOCHS,
            use_cpu=not torch.cuda.is_available(),
            report_to=[],
            save_strategy="no",
            logging_strategy="no",
            disable_tqdm=True,
        )
        (trainer or Trainer)(model=model, args=arguments, train_dataset=_trainer_rows(work)).train()


def _teacher_trainer(work: Work) -> None:
    _train_plainly(fresh_bert(0.1, "sdpa"), work)


def _lora_trainer(work: Work) -> None:
    from training.ml.config import LoraOptions
    from training.ml.encoders.adapters import add_adapters

    model, _ = add_adapters(fresh_bert(0.1, "sdpa"), LoraOptions(rank=RANK, dropout=0.1))
    _train_plainly(model, work)


def _student_trainer(work: Work) -> None:
    import torch
    from transformers import Trainer

    from training.ml.config import LossWeights
    from training.ml.encoders.layers import make_student
    from training.ml.train.losses import distill_loss

    teacher = fresh_bert(0.1, "sdpa").eval()
    student, _ = make_student(teacher, "even")
    teacher.to("cuda" if torch.cuda.is_available() else "cpu")

    class Distiller(Trainer):
        def compute_loss(self, model: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
            labels = inputs.pop("labels")
            with torch.no_grad():
                wanted = teacher(**inputs).logits
            return distill_loss(model(**inputs).logits, wanted, labels, LossWeights(), softmax=False).total

    _train_plainly(student, work, Distiller)


def _share_of_peak(work: Work) -> Row:
    """Return how much of the processor's matrix peak, measured here, the teacher's loop reaches."""
    import torch

    from training.ml.data.batching import tokenize
    from training.ml.hardware import best_device, best_precision

    device, precision = best_device(), best_precision(best_device())
    kind = {"bf16": torch.bfloat16, "fp16": torch.float16}.get(precision, torch.float32)
    size = 4096 if device == "cuda" else 1024
    left, right = (torch.randn(size, size, device=device, dtype=kind) for _ in range(2))
    repeats, best = 8, float("inf")
    for _ in range(3):
        if device == "cuda":
            torch.cuda.synchronize()
        started = time.perf_counter()
        for _ in range(repeats):
            left @ right
        if device == "cuda":
            torch.cuda.synchronize()
        best = min(best, (time.perf_counter() - started) / repeats)
    peak = 2 * size**3 / best
    # 6 multiply-adds a weight and token, forward and backward; embeddings are looked up, not multiplied
    model = fresh_bert(0.0, _attention())
    weights = sum(p.numel() for name, p in model.named_parameters() if "embeddings" not in name)
    tokens = int(tokenize(work.tokenizer, work.texts, MAX_LENGTH).lengths.sum())
    started = time.perf_counter()
    _run_loop(model, work, _label_loss(work))
    reached = 6 * weights * tokens * EPOCHS / (time.perf_counter() - started)
    return Row(
        f"teacher: share of the measured {precision} matrix peak ({peak / 1e12:.2f} TFLOP/s)",
        {"share": f"{reached / peak:.0%}"},
    )
