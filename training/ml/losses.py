"""The loss parts of fine-tuning and distillation, small and pure.

`logits` are [rows, labels] for a sigmoid head (one Bernoulli a label) and [rows, 2] for a softmax head.
`targets` are [rows, labels] in {0, 1} with -1 for unknown (masked); a softmax head has one label column.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch.nn import functional

if TYPE_CHECKING:
    from torch import Tensor

    from training.ml.config import LossWeights


def cross_entropy(logits: "Tensor", targets: "Tensor", *, softmax: bool) -> "Tensor":
    """Mean cross-entropy over the known targets; 0 when none is known. Returns a scalar."""
    if softmax:
        known = targets[:, 0] >= 0
        if not bool(known.any()):
            return logits.sum() * 0.0
        return functional.cross_entropy(logits[known], targets[known, 0].long())
    mask = (targets >= 0).to(logits.dtype)
    each = functional.binary_cross_entropy_with_logits(
        logits, targets.clamp(min=0).to(logits.dtype), reduction="none"
    )
    return (each * mask).sum() / mask.sum().clamp(min=1)


def temperature_kl(student: "Tensor", teacher: "Tensor", temperature: float, *, softmax: bool) -> "Tensor":
    """KL(teacher || student) of the softened distributions, times temperature squared (Hinton et al. 2015).

    A softmax head compares one distribution a row, a sigmoid head one Bernoulli a label, averaged. Returns a scalar.
    """
    s, t = student / temperature, teacher / temperature
    if softmax:
        kl = functional.kl_div(
            functional.log_softmax(s, -1),
            functional.log_softmax(t, -1),
            log_target=True,
            reduction="batchmean",
        )
        return kl * temperature**2
    p = torch.sigmoid(t)
    kl = p * (functional.logsigmoid(t) - functional.logsigmoid(s)) + (1 - p) * (
        functional.logsigmoid(-t) - functional.logsigmoid(-s)
    )
    return kl.mean() * temperature**2


def cosine(student: "Tensor", teacher: "Tensor") -> "Tensor":
    """One minus the cosine similarity of the rows' logits, averaged over rows. Returns a scalar in [0, 2]."""
    return (1 - functional.cosine_similarity(student, teacher, dim=-1)).mean()


@dataclass(frozen=True)
class DistillLoss:
    """The parts of one batch's distillation loss and their weighted sum."""

    total: "Tensor"
    cross_entropy: "Tensor"
    kl: "Tensor"
    cosine: "Tensor"


def distill_loss(
    student: "Tensor", teacher: "Tensor", targets: "Tensor", weights: "LossWeights", *, softmax: bool
) -> DistillLoss:
    """Weighted sum of cross-entropy, temperature KL and cosine; the seed's is (ce + kl + cosine) / 3."""
    ce = cross_entropy(student, targets, softmax=softmax)
    kl = temperature_kl(student, teacher, weights.temperature, softmax=softmax)
    cos = cosine(student, teacher)
    total = weights.cross_entropy * ce + weights.kl * kl + weights.cosine * cos
    return DistillLoss(total, ce.detach(), kl.detach(), cos.detach())
