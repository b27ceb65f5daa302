"""Logits of a model over many texts, length-sorted under a token budget, and the calibration of its head.

Training rows are chosen (all positives, hard negatives), so raw probabilities are too high. Platt scaling (Platt 1999),
on the validation set's natural mix of labels, fits `a * logit + b` for each label; since the head is linear, a and b
disappear into its weight and bias, and the engine that loads the model gets calibrated probabilities
without knowing of it.
"""

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from training.ml.data.batching import Tokens, budget_batches, collate
from training.ml.distributed import current
from training.ml.hardware import autocast, best_device, choose_precision
from training.ml.progress import Listener, Progress, SilentListener

if TYPE_CHECKING:
    from numpy.typing import NDArray

FEWEST_POSITIVES = (
    20  # below this the probabilities of a label are left as they are: two parameters would fit noise
)


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


def fit_platt(
    logits: "NDArray[np.float32]",
    targets: "NDArray[np.float32]",
    row_weights: "NDArray[np.float32] | None" = None,
) -> tuple[float, float]:
    """Return (a, b) that make sigmoid(a * logit + b) match the 0/1 targets best; (1, 0) with too few positives."""
    from sklearn.linear_model import LogisticRegression

    known = targets >= 0
    z, y = logits[known], targets[known] == 1
    if y.sum() < FEWEST_POSITIVES or (~y).sum() < FEWEST_POSITIVES:
        return 1.0, 0.0
    weights = None if row_weights is None else row_weights[known] / row_weights[known].mean()
    model = LogisticRegression(C=1e4).fit(z[:, None], y, sample_weight=weights)
    a = float(model.coef_[0, 0])
    return (a, float(model.intercept_[0])) if a > 0 else (1.0, 0.0)


def calibrate_head(
    model: Any,
    logits: "NDArray[np.float32]",
    targets: "NDArray[np.float32]",
    *,
    softmax: bool,
    row_weights: "NDArray[np.float32] | None" = None,
) -> tuple["NDArray[np.float32]", dict[str, list[float]]]:
    """Fold Platt scaling into the model's last linear layer.

    `logits` are the model's own on validation rows. Returns (the logits it gives now, {"scale", "shift"}).
    """
    import torch

    head = last_linear(model)
    scale, shift = np.ones(logits.shape[1]), np.zeros(logits.shape[1])
    if softmax:  # only the difference of the two logits matters
        a, b = fit_platt(logits[:, 1] - logits[:, 0], targets[:, 0], row_weights)
        scale[:], shift[1] = a, b
    else:
        for label in range(logits.shape[1]):
            scale[label], shift[label] = fit_platt(logits[:, label], targets[:, label], row_weights)
    with torch.no_grad():
        a_t = torch.tensor(scale, dtype=head.weight.dtype, device=head.weight.device)
        head.weight.mul_(a_t[:, None])
        head.bias.mul_(a_t).add_(torch.tensor(shift, dtype=head.bias.dtype, device=head.bias.device))
    new = (logits * scale + shift).astype(np.float32)
    return new, {"scale": [float(v) for v in scale], "shift": [float(v) for v in shift]}


def last_linear(model: Any) -> Any:
    """Return the linear layer that makes the logits (`classifier`, or its `out_proj` / last linear part)."""
    import torch

    head = model.classifier
    if isinstance(head, torch.nn.Linear):
        return head
    linears = [part for part in head.modules() if isinstance(part, torch.nn.Linear)]
    return linears[-1]
