"""Linear layers with their weights laid out once for the CPU's matrix kernels: fp32, bf16 or int8.

Every kind takes [tokens, in] and gives [tokens, out] in its own `dtype`; an activation function is fused in.
"""

from typing import Protocol

import torch
from torch import Tensor

# transformers' names of the activation functions that the kernels can fuse: kernel name, algorithm.
FUSED = {"": ("none", ""), "gelu": ("gelu", "none"), "gelu_new": ("gelu", "tanh"), "relu": ("relu", "")}
FUSED["gelu_pytorch_tanh"] = FUSED["gelu_new"]


class Linear(Protocol):
    """A layer that maps [tokens, in] to [tokens, out]."""

    def __call__(self, x: Tensor) -> Tensor: ...


class PackedLinear:
    """A floating-point layer, fp32 or bf16 by the type of `weight`, in oneDNN's own weight layout."""

    def __init__(self, weight: Tensor, bias: Tensor, activation: str = "") -> None:
        self.bias = bias.contiguous()
        self.activation, self.algorithm = FUSED[activation]
        self.weight = torch.ops.mkldnn._reorder_linear_weight(weight.contiguous(), None)

    def __call__(self, x: Tensor) -> Tensor:
        out: Tensor = torch.ops.mkldnn._linear_pointwise(
            x, self.weight, self.bias, self.activation, [], self.algorithm
        )
        return out


class PlainLinear:
    """A floating-point layer without oneDNN, for machines whose torch lacks it."""

    def __init__(self, weight: Tensor, bias: Tensor, activation: str = "") -> None:
        self.weight, self.bias = weight.contiguous(), bias.contiguous()
        self.activation, self.algorithm = FUSED[activation]

    def __call__(self, x: Tensor) -> Tensor:
        out = torch.nn.functional.linear(x, self.weight, self.bias)
        if self.activation == "gelu":
            return torch.nn.functional.gelu(out, approximate=self.algorithm)
        return torch.relu_(out) if self.activation == "relu" else out


class Int8Linear:
    """8-bit weights with one scale for each output, 8-bit inputs with one scale for each call; `out` is its type."""

    def __init__(
        self, weight: Tensor, bias: Tensor, activation: str = "", out: torch.dtype = torch.float32
    ) -> None:
        self.out = out
        self.bias = bias.float().contiguous()
        self.activation, self.algorithm = FUSED[activation]
        wide = weight.float()
        self.scales = wide.abs().amax(dim=1).clamp_min(1e-12) / 127.0
        self.zeros = torch.zeros(weight.shape[0], dtype=torch.int32)
        small = (wide / self.scales[:, None]).round().clamp(-127, 127).to(torch.int8)
        self.weight = torch.ops.onednn.qlinear_prepack(small, None)

    def __call__(self, x: Tensor) -> Tensor:
        small, scale, zero = quantised(x)
        out: Tensor = torch.ops.onednn.qlinear_pointwise(
            small, scale, zero, self.weight, self.scales, self.zeros, self.bias,
            1.0, 0, self.out, self.activation, [], self.algorithm,
        )  # fmt: skip
        return out


def quantised(x: Tensor) -> tuple[Tensor, float, int]:
    """Return x as unsigned bytes with their scale and zero point: x is about (bytes - zero) * scale."""
    low, high = (value.item() for value in torch.aminmax(x))
    low, high = min(low, 0.0), max(high, 0.0)
    # 254 steps, not 255: however the zero point is rounded, nothing leaves the range, so no clamp is needed
    scale = max((high - low) / 254.0, 1e-12)
    zero = round(-low / scale)
    # adding a half makes the truncating conversion round
    return torch.mul(x.float(), 1.0 / scale).add_(zero + 0.5).to(torch.uint8), scale, zero
