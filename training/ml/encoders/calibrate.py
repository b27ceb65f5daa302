"""Calibration on the validation set's natural mix of labels, folded into the classifier's own weights.

Training rows are chosen (all positives, hard negatives), so raw probabilities are too high. Platt scaling (Platt
1999) fits `a * logit + b` for each label; since the head is linear, a and b disappear into its weight and bias, and
whoever loads the model gets calibrated probabilities without knowing of it.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

FEWEST_POSITIVES = 20  # below this a label is left as it is: two parameters would fit noise


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
