"""A BERT classifier on the CPU without padding: many texts' tokens lie end to end and share each matrix product."""

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
from classifier.inference.errors import BackendUnavailable
from classifier.inference.tensors import BertShape, bert_shape

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "int8": torch.float32}


def supports(config: Mapping[str, Any], outputs: int) -> bool:
    """Whether this engine knows the architecture; every other one goes to the generic engine."""
    shape = bert_shape(config, outputs)
    return shape is not None and shape.activation in FUSED


def best_precision() -> str:
    """The fastest precision that this CPU has instructions for (ENGINES.md holds the measurements)."""
    if torch.backends.mkldnn.is_available():
        if torch.cpu._is_vnni_supported():
            return "int8"
        if torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported():
            return "bf16"
    return "fp32"


def load(precision: str, folder: Path, manifest: Manifest, config: Mapping[str, Any]) -> "PackedBert":
    """The folder's model at fp32, bf16 or int8."""
    shape = bert_shape(config, manifest.outputs)
    if shape is None or shape.activation not in FUSED:
        raise BackendUnavailable(f"the {precision} backend runs BERT, not {config.get('model_type')}; use generic")
    return PackedBert(load_safetensors(read_verified(folder, manifest, WEIGHTS)), shape, precision)


class PackedBert:
    """The forward pass, written out: embeddings, `layers` times attention and feed-forward, pooler, head."""

    def __init__(self, weights: Mapping[str, Tensor], shape: BertShape, precision: str) -> None:
        self.shape, self.name = shape, precision
        self.dtype = DTYPES[precision]
        self.head_size = shape.hidden // shape.heads
        at = "bert.embeddings"
        self.words = weights[f"{at}.word_embeddings.weight"].to(self.dtype)
        # every token of a single text has type 0: its row can be added to the positions once
        types = weights[f"{at}.token_type_embeddings.weight"].float()[0]
        self.positions = (weights[f"{at}.position_embeddings.weight"].float() + types).to(self.dtype)
        self.norm = self._norm(weights, f"{at}.LayerNorm")
        self.layers = [Layer(self, weights, f"bert.encoder.layer.{number}") for number in range(shape.layers)]
        self.pooler = [weights[f"bert.pooler.dense.{part}"].float() for part in ("weight", "bias")]
        self.head = [weights[f"classifier.{part}"].float() for part in ("weight", "bias")]

    def linear(self, weights: Mapping[str, Tensor], *names: str, activation: str = "") -> Linear:
        """The layers called `names` as one: their outputs side by side."""
        weight = torch.cat([weights[f"{name}.weight"] for name in names])
        bias = torch.cat([weights[f"{name}.bias"] for name in names])
        if self.name == "int8":
            return Int8Linear(weight, bias, activation)
        kind = PackedLinear if torch.backends.mkldnn.is_available() else PlainLinear
        return kind(weight.to(self.dtype), bias.to(self.dtype), activation)

    def _norm(self, weights: Mapping[str, Tensor], name: str) -> "Norm":
        return Norm(weights[f"{name}.weight"].to(self.dtype), weights[f"{name}.bias"].to(self.dtype), self.shape.epsilon)

    @torch.inference_mode()
    def logits(self, windows: Sequence[NDArray[numpy.int64]]) -> NDArray[numpy.float32]:
        """float32 [windows, outputs]; windows of alike length beside each other run fastest."""
        lengths = [len(window) for window in windows]
        ids = torch.from_numpy(numpy.concatenate(windows))
        places = torch.from_numpy(numpy.concatenate([numpy.arange(length) for length in lengths]))
        x = self.norm(self.words[ids].add_(self.positions[places]))
        for layer in self.layers:
            x = layer(x, lengths)
        firsts = torch.from_numpy(numpy.cumsum([0, *lengths[:-1]]))
        pooled = torch.nn.functional.linear(x[firsts].float(), *self.pooler).tanh_()
        return numpy.asarray(torch.nn.functional.linear(pooled, *self.head).numpy())


class Norm:
    """Layer normalisation over the last dimension."""

    def __init__(self, weight: Tensor, bias: Tensor, epsilon: float) -> None:
        self.weight, self.bias, self.epsilon = weight, bias, epsilon

    def __call__(self, x: Tensor) -> Tensor:
        return layer_norm(x, self.weight.shape, self.weight, self.bias, self.epsilon)


class Layer:
    """One encoder layer over packed tokens."""

    def __init__(self, model: PackedBert, weights: Mapping[str, Tensor], at: str) -> None:
        self.heads, self.head_size = model.shape.heads, model.head_size
        self.qkv = model.linear(weights, *(f"{at}.attention.self.{part}" for part in ("query", "key", "value")))
        self.mix = model.linear(weights, f"{at}.attention.output.dense")
        self.mix_norm = model._norm(weights, f"{at}.attention.output.LayerNorm")
        self.up = model.linear(weights, f"{at}.intermediate.dense", activation=model.shape.activation)
        self.down = model.linear(weights, f"{at}.output.dense")
        self.down_norm = model._norm(weights, f"{at}.output.LayerNorm")

    def __call__(self, x: Tensor, lengths: Sequence[int]) -> Tensor:
        x = self.mix_norm(self.mix(self._attention(self.qkv(x), lengths)).add_(x))
        return self.down_norm(self.down(self.up(x)).add_(x))

    def _attention(self, qkv: Tensor, lengths: Sequence[int]) -> Tensor:
        """Each text attends to itself; a run of texts of one length goes in one call."""
        out = torch.empty(len(qkv), self.heads * self.head_size, dtype=qkv.dtype)
        at = first = 0
        while first < len(lengths):
            length = lengths[first]
            count = 1
            while first + count < len(lengths) and lengths[first + count] == length:
                count += 1
            end = at + count * length
            shape = (count, length, 3, self.heads, self.head_size)
            query, key, value = qkv[at:end].view(shape).permute(2, 0, 3, 1, 4)
            mixed = scaled_dot_product_attention(query, key, value)
            out[at:end].view(count, length, self.heads, self.head_size).copy_(mixed.transpose(1, 2))
            at, first = end, first + count
        return out
