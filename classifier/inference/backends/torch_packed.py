"""A BERT classifier on the CPU without padding: many texts' tokens lie end to end and share each matrix product."""

import contextlib
import ctypes
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy
import torch
from numpy.typing import NDArray
from safetensors.torch import load as load_safetensors
from torch import Tensor
from torch.nn.functional import layer_norm, scaled_dot_product_attention

from classifier.inference.artifact import WEIGHTS, Manifest, read_verified
from classifier.inference.backends.linears import FUSED, Int8Linear, Linear, PackedLinear, PlainLinear
from classifier.inference.backends.packing import Group, pack
from classifier.inference.eight_bits import restored
from classifier.inference.errors import BackendUnavailable
from classifier.inference.tensors import BertShape, bert_shape

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "int8": torch.float32}


def supports(config: Mapping[str, Any], outputs: int) -> bool:
    """Return whether this engine knows the architecture; every other one goes to the generic engine."""
    shape = bert_shape(config, outputs)
    return shape is not None and shape.activation in FUSED


def best_precision() -> str:
    """Return the fastest precision of this CPU that keeps the verdicts of fp32: bf16 where native, else fp32."""
    return "bf16" if native_bf16() else "fp32"


def native_bf16() -> bool:
    """Return whether this CPU multiplies bf16 itself (AVX-512 BF16 or AMX); elsewhere it would be imitated, slowly."""
    supported = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return bool(torch.backends.mkldnn.is_available() and supported)


def load(precision: str, folder: Path, manifest: Manifest, config: Mapping[str, Any]) -> "PackedBert":
    """Return the folder's model at fp32, bf16 or int8."""
    shape = bert_shape(config, manifest.outputs)
    if shape is None or shape.activation not in FUSED:
        raise BackendUnavailable(
            f"the {precision} backend runs BERT, not {config.get('model_type')}; use generic"
        )
    keep_freed_memory()
    return PackedBert(restored(load_safetensors(read_verified(folder, manifest, WEIGHTS))), shape, precision)


def keep_freed_memory() -> None:
    """Tell glibc to keep what each layer frees for the next one instead of returning it to the system and asking again.

    What is kept is bounded by the token budget (ENGINES.md). Without glibc nothing happens.
    """
    m_trim_threshold, m_mmap_max = -1, -4
    with contextlib.suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(m_mmap_max, 0)
        mallopt(m_trim_threshold, 1 << 30)


class PackedBert:
    """The forward pass, written out: embeddings, `layers` times attention and feed-forward, pooler, head."""

    def __init__(self, weights: Mapping[str, Tensor], shape: BertShape, precision: str) -> None:
        self.shape, self.name = shape, precision
        self.dtype = DTYPES[precision]
        # attention runs in bf16 where that is native, also between int8 products
        self.mixing = (
            torch.bfloat16
            if precision == "bf16" or (precision == "int8" and native_bf16())
            else torch.float32
        )
        at = "bert.embeddings"
        self.words = weights[f"{at}.word_embeddings.weight"].to(self.dtype)
        # every token of a single text has type 0: its row can be added to the positions once
        types = weights[f"{at}.token_type_embeddings.weight"].float()[0]
        self.positions = (weights[f"{at}.position_embeddings.weight"].float() + types).to(self.dtype)
        self.norm = self._norm(weights, f"{at}.LayerNorm")
        self.layers = [Layer(self, weights, f"bert.encoder.layer.{number}") for number in range(shape.layers)]
        self.pooler = [weights[f"bert.pooler.dense.{part}"].float() for part in ("weight", "bias")]
        self.head = [weights[f"classifier.{part}"].float() for part in ("weight", "bias")]

    def linear(
        self,
        weights: Mapping[str, Tensor],
        *names: str,
        activation: str = "",
        out: torch.dtype = torch.float32,
    ) -> Linear:
        """Return the layers called `names` as one: their outputs side by side."""
        weight = torch.cat([weights[f"{name}.weight"].float() for name in names])
        bias = torch.cat([weights[f"{name}.bias"].float() for name in names])
        if self.name == "int8":
            return Int8Linear(weight, bias, activation, out)
        kind = PackedLinear if torch.backends.mkldnn.is_available() else PlainLinear
        return kind(weight.to(self.dtype), bias.to(self.dtype), activation)

    def _norm(self, weights: Mapping[str, Tensor], name: str) -> "Norm":
        return Norm(
            weights[f"{name}.weight"].to(self.dtype),
            weights[f"{name}.bias"].to(self.dtype),
            self.shape.epsilon,
        )

    @torch.inference_mode()
    def logits(self, windows: Sequence[NDArray[numpy.int64]]) -> NDArray[numpy.float32]:
        """Return the logits, float32 [windows, outputs]; windows of alike length beside each other run fastest."""
        packed = pack(windows)
        groups = [(group, self._mask(group)) for group in packed.groups]
        x = self.norm(
            self.words[torch.from_numpy(packed.ids)].add_(self.positions[torch.from_numpy(packed.places)])
        )
        for layer in self.layers:
            x = layer(x, groups)
        pooled = torch.nn.functional.linear(x[torch.from_numpy(packed.firsts)].float(), *self.pooler).tanh_()
        return numpy.asarray(torch.nn.functional.linear(pooled, *self.head).numpy())

    def _mask(self, group: Group) -> Tensor | None:
        """Return [count, 1, 1, length], -inf where a key is only filling; None where there is none."""
        if group.filled is None:
            return None
        filling = torch.arange(group.length) >= torch.from_numpy(group.filled)[:, None]
        return torch.zeros(filling.shape, dtype=self.mixing).masked_fill_(filling, float("-inf"))[
            :, None, None, :
        ]


class Norm:
    """Layer normalisation over the last dimension."""

    def __init__(self, weight: Tensor, bias: Tensor, epsilon: float) -> None:
        self.weight, self.bias, self.epsilon = weight, bias, epsilon

    def __call__(self, x: Tensor) -> Tensor:
        return layer_norm(x, self.weight.shape, self.weight, self.bias, self.epsilon)


class Layer:
    """One encoder layer over packed tokens."""

    def __init__(self, model: PackedBert, weights: Mapping[str, Tensor], at: str) -> None:
        self.heads, self.head_size = model.shape.heads, model.shape.hidden // model.shape.heads
        parts = [f"{at}.attention.self.{part}" for part in ("query", "key", "value")]
        # attention's 1 / sqrt(head size) is folded into the queries
        scaled = {
            f"{parts[0]}.{part}": weights[f"{parts[0]}.{part}"].float() * self.head_size**-0.5
            for part in ("weight", "bias")
        }
        self.qkv = model.linear({**weights, **scaled}, *parts, out=model.mixing)
        self.mix = model.linear(weights, f"{at}.attention.output.dense")
        self.mix_norm = model._norm(weights, f"{at}.attention.output.LayerNorm")
        self.up = model.linear(weights, f"{at}.intermediate.dense", activation=model.shape.activation)
        self.down = model.linear(weights, f"{at}.output.dense")
        self.down_norm = model._norm(weights, f"{at}.output.LayerNorm")

    def __call__(self, x: Tensor, groups: Sequence[tuple[Group, Tensor | None]]) -> Tensor:
        x = self.mix_norm(self.mix(self._attention(self.qkv(x), groups)).add_(x))
        return self.down_norm(self.down(self.up(x)).add_(x))

    def _attention(self, qkv: Tensor, groups: Sequence[tuple[Group, Tensor | None]]) -> Tensor:
        """Let each window attend to itself, the windows of a group in one call."""
        out = torch.empty(len(qkv), self.heads * self.head_size, dtype=qkv.dtype)
        for group, mask in groups:
            shape = (group.count, group.length, 3, self.heads, self.head_size)
            query, key, value = qkv[group.begin : group.end].view(shape).permute(2, 0, 3, 1, 4)
            if qkv.dtype is torch.bfloat16:
                # three products beat the fused kernel for narrow heads in bf16, see ENGINES.md
                scores = torch.matmul(query, key.transpose(2, 3))
                if mask is not None:
                    scores.add_(mask)
                mixed = torch.matmul(torch.softmax(scores, dim=-1), value)
            else:
                mixed = scaled_dot_product_attention(query, key, value, attn_mask=mask, scale=1.0)
            out[group.begin : group.end].view(shape[:2] + shape[3:]).copy_(mixed.transpose(1, 2))
        return out
