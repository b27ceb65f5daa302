"""The loss parts of fine-tuning and distillation, small and pure.

`logits` are [rows, labels] for a sigmoid head (one Bernoulli a label) and [rows, 2] for a softmax head.
`targets` are [rows, labels] in {0, 1} with -1 for unknown (masked); a softmax head has one label column.
`row_weights` [rows] multiply each row's part before the mean over rows. Scale them to a mean of 1 over the training
set (TextTable.loss_weights): then every batch's loss is an unbiased estimate of the weighted loss of the whole set.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch.nn import functional

if TYPE_CHECKING:
    from torch import Tensor

    from training.ml.config import LossWeights


def cross_entropy(
    logits: "Tensor", targets: "Tensor", *, softmax: bool, row_weights: "Tensor | None" = None
) -> "Tensor":
    """Return the mean cross-entropy over the known targets, a scalar; 0 when none is known."""
    if softmax:
        known = targets[:, 0] >= 0
        if not bool(known.any()):
            return logits.sum() * 0.0
        losses = functional.cross_entropy(logits[known], targets[known, 0].long(), reduction="none")
        return _mean(losses, None if row_weights is None else row_weights[known])
    mask = (targets >= 0).to(logits.dtype)
    losses = mask * functional.binary_cross_entropy_with_logits(
        logits, targets.clamp(min=0).to(logits.dtype), reduction="none"
    )
    if row_weights is not None:
        losses = losses * row_weights.to(losses.dtype)[:, None]
    return losses.sum() / mask.sum().clamp(min=1)


def temperature_kl(
    student: "Tensor",
    teacher: "Tensor",
    temperature: float,
    *,
    softmax: bool,
    row_weights: "Tensor | None" = None,
) -> "Tensor":
    """Return KL(teacher || student) of the softened distributions, times temperature squared (Hinton et al. 2015).

    A softmax head compares one distribution a row, a sigmoid head one Bernoulli a label, averaged. Returns a scalar.
    """
    s, t = student / temperature, teacher / temperature
    if softmax:
        kl = functional.kl_div(
            functional.log_softmax(s, -1), functional.log_softmax(t, -1), log_target=True, reduction="none"
        ).sum(-1)
        return _mean(kl, row_weights) * temperature**2
    p = torch.sigmoid(t)
    kl = p * (functional.logsigmoid(t) - functional.logsigmoid(s)) + (1 - p) * (
        functional.logsigmoid(-t) - functional.logsigmoid(-s)
    )
    return _mean(kl.mean(-1), row_weights) * temperature**2


def cosine(student: "Tensor", teacher: "Tensor", *, row_weights: "Tensor | None" = None) -> "Tensor":
    """Return one minus the cosine similarity of the rows' logits, averaged over rows: a scalar in [0, 2]."""
    return _mean(1 - functional.cosine_similarity(student, teacher, dim=-1), row_weights)


def _mean(each: "Tensor", row_weights: "Tensor | None") -> "Tensor":
    return each.mean() if row_weights is None else (each * row_weights.to(each.dtype)).mean()


@dataclass(frozen=True)
class DistillLoss:
    """The parts of one batch's distillation loss and their weighted sum."""

    total: "Tensor"
    cross_entropy: "Tensor"
    kl: "Tensor"
    cosine: "Tensor"


def distill_loss(
    student: "Tensor",
    teacher: "Tensor",
    targets: "Tensor",
    weights: "LossWeights",
    *,
    softmax: bool,
    row_weights: "Tensor | None" = None,
    taught: "Tensor | None" = None,
) -> DistillLoss:
    """Return the weighted sum of cross-entropy, temperature KL and cosine; the seed's is (ce + kl + cosine) / 3.

    `taught` [outputs] says which outputs have a teacher (None: all); the others learn from the targets alone.
    """
    ce = cross_entropy(student, targets, softmax=softmax, row_weights=row_weights)
    if taught is not None:
        student, teacher = student[:, taught], teacher[:, taught]
    kl = temperature_kl(student, teacher, weights.temperature, softmax=softmax, row_weights=row_weights)
    cos = cosine(student, teacher, row_weights=row_weights)
    total = weights.cross_entropy * ce + weights.kl * kl + weights.cosine * cos
    return DistillLoss(total, ce.detach(), kl.detach(), cos.detach())
