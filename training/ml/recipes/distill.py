"""Distillation: a student made of some of the teacher's layers learns from the teacher's logits and the labels.

    manage.py distill --teacher var/runs/teacher --layers even --output var/runs/student

DistilBERT (Sanh et al. 2019) initialises a student from every other layer; the loss here is that of the seed's
experiment (cross-entropy, temperature KL, cosine), with weights and temperature in the configuration.
"""

import hashlib
import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from training.ml.config import DistillConfig, to_dict
from training.ml.hardware import choose_attention
from training.ml.layers import make_student
from training.ml.loop import LossParts, run_loop
from training.ml.losses import distill_loss
from training.ml.models import count_parameters, load_base, load_tokenizer, read_run
from training.ml.predict import predict_logits
from training.ml.progress import Listener, SilentListener
from training.ml.provenance import provenance
from training.ml.recipes.common import RunData, RunResult, finish_run, prepare_data, validation_probe

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor


def distill(config: DistillConfig, folder: Path, listener: Listener | None = None) -> RunResult:
    """Make and teach a student of the teacher in `config.teacher`, and save the run in `folder`; resumes.

    Raises DataError, BaseModelError, LayerSelectionError, Cancelled.
    """
    import torch

    listener = listener or SilentListener()
    started = time.monotonic()
    teacher_run = read_run(config.teacher)
    softmax = teacher_run["activation"] == "softmax"

    # data
    tokenizer = load_tokenizer(config.teacher)
    data = prepare_data(config.data, tokenizer, config.loop.seed)

    # models: the teacher, and a student made of its chosen layers
    teacher = load_base(
        config.teacher,
        labels=tuple(teacher_run["labels"]),
        softmax=softmax,
        attention=choose_attention(config.loop.attention),
        dropout=config.loop.dropout,
    )
    student, taken = make_student(teacher, config.layers)

    # the teacher's logits, once for all epochs
    known = cached_logits(teacher, data, folder, teacher_run["provenance"], listener)
    del teacher

    # loop: labels, softened logits, direction of the logits
    weights = data.train.loss_weights()

    def loss(logits: "Tensor", rows: "NDArray[np.int64]") -> LossParts:
        targets = torch.from_numpy(data.train.targets[rows]).to(logits.device)
        wanted = torch.from_numpy(known[rows]).to(logits.device)
        of_rows = None if weights is None else torch.from_numpy(weights[rows]).to(logits.device)
        parts = distill_loss(logits, wanted, targets, config.loss, softmax=softmax, row_weights=of_rows)
        return {
            "loss": parts.total,
            "cross_entropy": parts.cross_entropy,
            "kl": parts.kl,
            "cosine": parts.cosine,
        }

    report = run_loop(
        student,
        data.train_tokens,
        loss,
        config.loop,
        phase="student",
        listener=listener,
        checkpoint_dir=folder / "checkpoint",
        probe=validation_probe(data, softmax=softmax, seed=config.loop.seed),
    )

    # report
    parameters, _ = count_parameters(student)
    card = {
        "recipe": "distill",
        "layers": list(taken),
        "parameters": parameters,
        "provenance": provenance(
            config=to_dict(config),
            data=data.facts,
            seconds=time.monotonic() - started,
            loop=asdict(report),
            teacher=teacher_run["provenance"],
        ),
    }
    return finish_run(folder, student, tokenizer, data, card, softmax=softmax, listener=listener)


def cached_logits(
    teacher: Any, data: RunData, folder: Path, teacher_provenance: dict[str, Any], listener: Listener
) -> "NDArray[np.float32]":
    """Return the teacher's logits [rows, outputs] on the training rows, from `folder` when they are the same's."""
    key = hashlib.sha256(
        json.dumps([teacher_provenance, data.facts["train_fingerprint"], data.facts["train_tokens"]]).encode()
    ).hexdigest()[:16]
    path = folder / f"teacher-logits-{key}.npy"
    if path.is_file():
        loaded: NDArray[np.float32] = np.load(path, allow_pickle=False)
        return loaded
    logits = predict_logits(teacher, data.train_tokens, phase="teacher logits", listener=listener)
    folder.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(".writing.npy")
    np.save(aside, logits)
    aside.rename(path)
    return logits
