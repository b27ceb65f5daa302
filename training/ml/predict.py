"""Logits of a model over many texts, length-sorted under a token budget."""

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from training.ml.batching import Tokens, budget_batches, collate
from training.ml.hardware import autocast, best_device, choose_precision
from training.ml.progress import Listener, Progress, SilentListener

if TYPE_CHECKING:
    from numpy.typing import NDArray


def predict_logits(
    model: Any,
    tokens: Tokens,
    *,
    token_budget: int = 4096,
    precision: str = "auto",
    phase: str = "logits",
    listener: Listener | None = None,
) -> "NDArray[np.float32]":
    """Return float32 logits [rows, outputs] in the rows' order. The model is put in evaluation mode."""
    import torch

    listener = listener or SilentListener()
    device = best_device()
    precision = choose_precision(precision, device)
    model = model.to(device).eval()
    lengths = tokens.lengths
    batches = budget_batches(lengths, token_budget)
    result: NDArray[np.float32] | None = None
    total, done, started = int(lengths.sum()), 0, time.monotonic()
    rows_done = 0
    with torch.inference_mode(), autocast(device, precision):
        for step, rows in enumerate(batches):
            batch = {name: value.to(device) for name, value in collate(tokens, rows).items()}
            logits = model(**batch).logits.float().cpu().numpy()
            if result is None:
                result = np.zeros((len(lengths), logits.shape[1]), dtype=np.float32)
            result[rows] = logits
            done, rows_done = done + int(lengths[rows].sum()), rows_done + len(rows)
            spent = time.monotonic() - started
            eta = spent / max(done, 1) * (total - done)
            listener.report(Progress(phase, step + 1, len(batches), rows_done / spent, done / spent, {}, eta))
    return result if result is not None else np.zeros((0, model.config.num_labels), dtype=np.float32)


def probabilities(logits: "NDArray[np.float32]", *, softmax: bool) -> "NDArray[np.float64]":
    """Return [rows, labels] probabilities: sigmoid of each logit, or the second column of a two-way softmax."""
    z = logits.astype(np.float64)
    if softmax:
        z = (z[:, 1] - z[:, 0])[:, None]
    return np.where(z >= 0, 1 / (1 + np.exp(-np.abs(z))), np.exp(-np.abs(z)) / (1 + np.exp(-np.abs(z))))
