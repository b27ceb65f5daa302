"""Logits of a model over many texts, length-sorted under a token budget."""

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from training.ml.data.batching import Tokens, budget_batches, collate
from training.ml.distributed import current
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
    """Return float32 logits [rows, outputs] in the rows' order. The model is put in evaluation mode.

    On several devices every rank must ask: each takes a share of the batches, and all get the whole.
    """
    ranks = current()
    listener = listener or SilentListener()
    batches = budget_batches(tokens.lengths, token_budget)[ranks.rank :: ranks.count]
    part = ranks.together(lambda: _logits_of(model, tokens, batches, precision, phase, listener))
    return ranks.summed(part)


def _logits_of(
    model: Any,
    tokens: Tokens,
    batches: list["NDArray[np.int64]"],
    precision: str,
    phase: str,
    listener: Listener,
) -> "NDArray[np.float32]":
    """Return [all rows, outputs] with the logits of the rows in `batches`, the others 0."""
    import torch

    device = best_device()
    precision = choose_precision(precision, device)
    model = model.to(device).eval()
    lengths = tokens.lengths
    result: NDArray[np.float32] = np.zeros((len(lengths), model.config.num_labels), dtype=np.float32)
    total, done, started = sum(int(lengths[rows].sum()) for rows in batches), 0, time.monotonic()
    rows_done = 0
    with torch.inference_mode(), autocast(device, precision):
        for step, rows in enumerate(batches):
            batch = {name: value.to(device) for name, value in collate(tokens, rows).items()}
            logits = model(**batch).logits.float().cpu().numpy()
            result[rows] = logits
            done, rows_done = done + int(lengths[rows].sum()), rows_done + len(rows)
            spent = time.monotonic() - started
            eta = spent / max(done, 1) * (total - done)
            listener.report(Progress(phase, step + 1, len(batches), rows_done / spent, done / spent, {}, eta))
    return result


def probabilities(logits: "NDArray[np.float32]", *, softmax: bool) -> "NDArray[np.float64]":
    """Return [rows, labels] probabilities: sigmoid of each logit, or the second column of a two-way softmax."""
    z = logits.astype(np.float64)
    if softmax:
        z = (z[:, 1] - z[:, 0])[:, None]
    return np.where(z >= 0, 1 / (1 + np.exp(-np.abs(z))), np.exp(-np.abs(z)) / (1 + np.exp(-np.abs(z))))
