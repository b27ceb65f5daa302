"""What a student can learn of a teacher's inside: hidden states and attention maps, layer by layer.

Hidden states are [rows, tokens, width], attention maps [rows, heads, queries, keys], `mask` [rows, tokens] with 1 for
real tokens. Sources: patient distillation (Sun et al. 2019), TinyBERT (Jiao et al. 2020), MobileBERT (Sun et al. 2020).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch.nn import functional

from training.ml.encoders.layers import encoder_layers

if TYPE_CHECKING:
    from torch import Tensor


def hidden_distance(student: "Tensor", teacher: "Tensor", mask: "Tensor", *, kind: str) -> "Tensor":
    """Return the distance of hidden states over real tokens, one minus the cosine or the mean square: a scalar."""
    student, teacher, real = student.float(), teacher.float(), mask.float()
    if kind == "cosine":
        distance = 1 - functional.cosine_similarity(student, teacher, dim=-1)
    else:
        distance = (student - teacher).square().mean(-1)
    return (distance * real).sum() / real.sum().clamp(min=1)


def attention_divergence(student: "Tensor", teacher: "Tensor", mask: "Tensor") -> "Tensor":
    """Return KL(teacher || student) of the attention maps, averaged over real queries and heads: a scalar.

    With different numbers of heads, the maps' means over heads are compared.
    """
    student, teacher = student.float(), teacher.float()
    if student.shape[1] != teacher.shape[1]:
        student, teacher = student.mean(1, keepdim=True), teacher.mean(1, keepdim=True)
    tiny = 1e-8
    divergence = (teacher * ((teacher + tiny).log() - (student + tiny).log())).sum(
        -1
    )  # [rows, heads, queries]
    real = mask.float()[:, None, :].expand_as(divergence)
    return (divergence * real).sum() / real.sum().clamp(min=1)


@contextmanager
def cut_after(model: Any, layers: int) -> Iterator[None]:
    """Leave only the model's first layers in place, for steps that need no more; put the others back afterwards."""
    owner, attribute = encoder_layers(model)
    stack = getattr(owner, attribute)
    setattr(owner, attribute, stack[:layers])
    try:
        yield
    finally:
        setattr(owner, attribute, stack)


def hear_every_layer(model: Any) -> None:
    """Ask once for all hidden states: transformers hooks only the layers that are there when it is first asked."""
    ids = torch.zeros((1, 2), dtype=torch.long, device=next(model.parameters()).device)
    with torch.no_grad():
        model(input_ids=ids, output_hidden_states=True)
