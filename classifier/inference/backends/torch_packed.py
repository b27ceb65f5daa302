"""A BERT classifier without padding: the tokens of many texts lie end to end and go through every linear layer as one."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from safetensors.torch import load as load_safetensors
from torch import Tensor

from classifier.inference.artifact import WEIGHTS, Manifest, read_verified
from classifier.inference.errors import BackendUnavailable
from classifier.inference.tensors import BertShape, bert_shape


def load(name: str, folder: Path, manifest: Manifest, config: Mapping[str, Any]) -> "PackedBert":
    shape = bert_shape(config, manifest.outputs)
    if shape is None:
        raise BackendUnavailable("not BERT")
    weights = load_safetensors(read_verified(folder, manifest, WEIGHTS))
    return PackedBert(weights, shape, torch.bfloat16 if name in ("auto", "bf16") else torch.float32)


class PackedBert:
    def __init__(self, weights: Mapping[str, Tensor], shape: BertShape, dtype: torch.dtype) -> None:
        self.shape, self.dtype = shape, dtype
        self.w = {name: tensor.to(dtype) for name, tensor in weights.items()}
        self.name = "fp32" if dtype == torch.float32 else "bf16"

    def linear(self, x: Tensor, name: str) -> Tensor:
        return F.linear(x, self.w[f"{name}.weight"], self.w[f"{name}.bias"])

    def norm(self, x: Tensor, name: str) -> Tensor:
        return F.layer_norm(
            x, (self.shape.hidden,), self.w[f"{name}.weight"], self.w[f"{name}.bias"], self.shape.epsilon
        )

    @torch.inference_mode()
    def logits(self, windows: Sequence[NDArray[numpy.int64]]) -> NDArray[numpy.float32]:
        s = self.shape
        lengths = [len(w) for w in windows]
        ids = torch.from_numpy(numpy.concatenate(windows))
        positions = torch.cat([torch.arange(n) for n in lengths])
        e = "bert.embeddings."
        x = self.w[e + "word_embeddings.weight"][ids] + self.w[e + "position_embeddings.weight"][positions]
        x = self.norm(x + self.w[e + "token_type_embeddings.weight"][0], e + "LayerNorm")
        for layer in range(s.layers):
            at = f"bert.encoder.layer.{layer}."
            q, k, v = (self.linear(x, at + "attention.self." + p) for p in ("query", "key", "value"))
            out = []
            for qq, kk, vv in zip(q.split(lengths), k.split(lengths), v.split(lengths), strict=True):
                a, b, c = (t.view(1, -1, s.heads, s.hidden // s.heads).transpose(1, 2) for t in (qq, kk, vv))
                out.append(F.scaled_dot_product_attention(a, b, c).transpose(1, 2).reshape(-1, s.hidden))
            x = self.norm(
                self.linear(torch.cat(out), at + "attention.output.dense") + x,
                at + "attention.output.LayerNorm",
            )
            y = F.gelu(self.linear(x, at + "intermediate.dense"))
            x = self.norm(self.linear(y, at + "output.dense") + x, at + "output.LayerNorm")
        first = torch.tensor([0, *numpy.cumsum(lengths)[:-1].tolist()])
        pooled = torch.tanh(self.linear(x[first], "bert.pooler.dense"))
        return self.linear(pooled, "classifier").float().numpy()
