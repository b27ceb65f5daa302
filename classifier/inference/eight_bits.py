"""Matrices stored as 8-bit rows, each with a scale of its own, and restored to half precision when a model is loaded.

`NAME` of type I8 [rows, columns] and `NAME.scale` of type F32 [rows] stand for the matrix `NAME` * `NAME.scale`. An
embedding of many pieces takes half the room of half precision; a value is off by at most 1/254 of the largest of its
row. Engines never see the stored form.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from classifier.inference.tensors import SCALE

LARGEST = 127
ROWS_AT_ONCE = 8_192  # restored in full precision at a time, so that loading needs little more than the model


def stored(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """Return (8-bit values [rows, columns], scales [rows] in fp32) of a floating-point matrix."""
    wide = matrix.float()
    scales = wide.abs().amax(dim=1) / LARGEST
    divisors = torch.where(scales > 0, scales, torch.ones_like(scales))  # a row of zeros stays one
    small = (wide / divisors[:, None]).round_().clamp_(-LARGEST, LARGEST).to(torch.int8)
    return small.contiguous(), scales.contiguous()


def restored(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the weights with every matrix of 8-bit rows as one of half precision, and without the scales."""
    packed = {name for name, value in weights.items() if value.dtype == torch.int8}
    result: dict[str, Tensor] = {}
    for name, value in weights.items():
        if name in packed:
            result[name] = _restored(value, weights[name + SCALE])
        elif name.removesuffix(SCALE) not in packed or not name.endswith(SCALE):
            result[name] = value
    return result


def _restored(small: Tensor, scales: Tensor) -> Tensor:
    matrix = torch.empty(small.shape, dtype=torch.float16)
    for first in range(0, len(small), ROWS_AT_ONCE):
        rows = slice(first, first + ROWS_AT_ONCE)
        matrix[rows] = small[rows].float() * scales[rows].float()[:, None]
    return matrix
