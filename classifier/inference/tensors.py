"""The table of contents of a safetensors file, read and judged without loading a tensor, without torch."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from classifier.inference.errors import ArtifactInvalid

MAX_HEADER_BYTES = 8 << 20
MAX_TENSORS = 4_096
_WIDTHS = {"F16": 2, "BF16": 2, "F32": 4, "I8": 1}
SCALE = ".scale"
"""What the name of the scales of a matrix of 8-bit rows ends in (classifier.inference.eight_bits)."""
# Constants that older exports wrote beside the weights.
BUFFERS = ("embeddings.position_ids", "embeddings.token_type_ids")


@dataclass(frozen=True, slots=True)
class TensorEntry:
    """One tensor's place in the file."""

    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class BertShape:
    """The sizes of a BERT encoder with a classification head, from its `config.json`."""

    vocabulary: int
    positions: int
    types: int
    hidden: int
    intermediate: int
    layers: int
    heads: int
    outputs: int
    epsilon: float
    activation: str
    pad_token: int

    def tensors(self) -> dict[str, tuple[int, ...]]:
        """Return name and shape of every tensor that the model consists of."""
        hidden, inner = self.hidden, self.intermediate
        shapes: dict[str, tuple[int, ...]] = {
            "bert.embeddings.word_embeddings.weight": (self.vocabulary, hidden),
            "bert.embeddings.position_embeddings.weight": (self.positions, hidden),
            "bert.embeddings.token_type_embeddings.weight": (self.types, hidden),
        }
        linears = {"bert.pooler.dense": (hidden, hidden), "classifier": (self.outputs, hidden)}
        norms = ["bert.embeddings.LayerNorm"]
        for layer in range(self.layers):
            at = f"bert.encoder.layer.{layer}"
            for part in (
                "attention.self.query",
                "attention.self.key",
                "attention.self.value",
                "attention.output.dense",
            ):
                linears[f"{at}.{part}"] = (hidden, hidden)
            linears[f"{at}.intermediate.dense"] = (inner, hidden)
            linears[f"{at}.output.dense"] = (hidden, inner)
            norms += [f"{at}.attention.output.LayerNorm", f"{at}.output.LayerNorm"]
        for name, shape in linears.items():
            shapes[f"{name}.weight"], shapes[f"{name}.bias"] = shape, (shape[0],)
        for name in norms:
            shapes[f"{name}.weight"] = shapes[f"{name}.bias"] = (hidden,)
        return shapes


def check_weights(
    path: Path, config: Mapping[str, Any], outputs: int, max_length: int
) -> dict[str, TensorEntry]:
    """Raise `ArtifactInvalid` unless the file's tensors are those of the model that `config` describes."""
    _check_config(config, outputs)
    table = read_table(path)
    shape = bert_shape(config, outputs)
    if shape is None:
        return table
    if max_length > shape.positions:
        raise ArtifactInvalid(f"max_length {max_length} is above the model's {shape.positions} positions")
    expected = shape.tensors()
    actual = {
        name: entry.shape
        for name, entry in table.items()
        if not name.endswith(BUFFERS) and not _is_scale(name, table)
    }
    if actual != expected:
        for name in sorted(set(expected) ^ set(actual)):
            raise ArtifactInvalid(
                f"tensor {name} is {'missing' if name in expected else 'not part of this model'}"
            )
        name = next(name for name in sorted(expected) if expected[name] != actual[name])
        raise ArtifactInvalid(
            f"tensor {name} has shape {list(actual[name])}, config.json means {list(expected[name])}"
        )
    return table


def read_table(path: Path) -> dict[str, TensorEntry]:
    """Return the checked table of contents: known types, agreeing sizes, no gap, no overlap, nothing past the end."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        if size < 8 or not 2 <= length <= min(MAX_HEADER_BYTES, size - 8):
            raise ArtifactInvalid(f"{path.name} is not a safetensors file (a header of {length:,} bytes)")
        header = stream.read(length)
    try:
        raw = json.loads(header.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise ArtifactInvalid(f"{path.name} is not a safetensors file: {error}") from None
    if not isinstance(raw, dict) or len(raw) > MAX_TENSORS:
        raise ArtifactInvalid(f"{path.name} is not a safetensors file with at most {MAX_TENSORS:,} tensors")
    raw.pop("__metadata__", None)
    table = {name: _entry(name, value) for name, value in raw.items()}
    at = 0
    for name, entry in sorted(table.items(), key=lambda item: (item[1].begin, item[1].end)):
        if entry.begin != at:
            raise ArtifactInvalid(f"tensor {name} starts at byte {entry.begin}, not at {at} where it must")
        at = entry.end
    if at != size - 8 - length:
        raise ArtifactInvalid(
            f"{path.name} holds {size - 8 - length:,} bytes of tensors, its header says {at:,}"
        )
    for name, entry in table.items():
        if entry.dtype == "I8":
            _check_scales(name, entry, table)
    return table


def _check_scales(name: str, entry: TensorEntry, table: Mapping[str, TensorEntry]) -> None:
    """Raise `ArtifactInvalid` unless a tensor of 8-bit values is a matrix with one scale for each of its rows."""
    scales = table.get(name + SCALE)
    if len(entry.shape) != 2 or scales is None or scales.dtype != "F32" or scales.shape != entry.shape[:1]:
        raise ArtifactInvalid(
            f"tensor {name} has type I8; it must be a matrix, with one F32 scale for each row in {name + SCALE}"
        )


def _is_scale(name: str, table: Mapping[str, TensorEntry]) -> bool:
    owner = table.get(name.removesuffix(SCALE)) if name.endswith(SCALE) else None
    return owner is not None and owner.dtype == "I8"


def _entry(name: str, value: object) -> TensorEntry:
    if not isinstance(value, dict):
        raise ArtifactInvalid(f"tensor {name} has no description")
    dtype, shape, offsets = value.get("dtype"), value.get("shape"), value.get("data_offsets")
    width = _WIDTHS.get(dtype) if isinstance(dtype, str) else None
    if width is None and not (dtype == "I64" and name.endswith(BUFFERS)):
        raise ArtifactInvalid(f"tensor {name} has type {dtype}; a model's are F16, BF16, F32 or I8")
    sizes, extent = _sizes(shape, 4), _sizes(offsets, 2)
    if sizes is None or extent is None or len(extent) != 2:
        raise ArtifactInvalid(f"tensor {name} has an impossible shape or place")
    begin, end = extent
    needed = prod(sizes) * (width or 8)
    if end - begin != needed:
        raise ArtifactInvalid(f"tensor {name} has {end - begin} bytes, its shape needs {needed}")
    return TensorEntry(str(dtype), sizes, begin, end)


def _sizes(value: object, most: int) -> tuple[int, ...] | None:
    """Return `value` if it is a list of up to `most` plausible sizes, else None."""
    if not isinstance(value, list) or len(value) > most:
        return None
    if not all(
        isinstance(number, int) and type(number) is not bool and 0 <= number < 1 << 40 for number in value
    ):
        return None
    return tuple(value)


def _check_config(config: Mapping[str, Any], outputs: int) -> None:
    if "auto_map" in config or "custom_pipelines" in config:
        raise ArtifactInvalid("config.json asks for code from elsewhere (auto_map); such a model is not run")
    if not isinstance(config.get("model_type"), str):
        raise ArtifactInvalid("config.json names no model_type")
    names = config.get("id2label")
    count = len(names) if isinstance(names, dict) else config.get("num_labels", 2)
    if count != outputs:
        raise ArtifactInvalid(f"config.json gives {count} outputs, the manifest's labels need {outputs}")


def bert_shape(config: Mapping[str, Any], outputs: int) -> BertShape | None:
    """Return the sizes when `config` is a plain BERT encoder, None for any other architecture."""
    if config.get("model_type") != "bert" or config.get("position_embedding_type", "absolute") != "absolute":
        return None
    if config.get("is_decoder") or config.get("add_cross_attention"):
        return None

    def whole(name: str, most: int) -> int:
        value = config.get(name)
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
            raise ArtifactInvalid(f"config.json field {name} must be a whole number from 1 to {most:,}")
        return value

    epsilon = config.get("layer_norm_eps", 1e-12)
    if isinstance(epsilon, bool) or not isinstance(epsilon, int | float) or not 0.0 < epsilon < 0.1:
        raise ArtifactInvalid("config.json field layer_norm_eps must be a small positive number")
    shape = BertShape(
        vocabulary=whole("vocab_size", 2_000_000),
        positions=whole("max_position_embeddings", 32_768),
        types=whole("type_vocab_size", 64),
        hidden=whole("hidden_size", 8_192),
        intermediate=whole("intermediate_size", 65_536),
        layers=whole("num_hidden_layers", 96),
        heads=whole("num_attention_heads", 256),
        outputs=outputs,
        epsilon=float(epsilon),
        activation=str(config.get("hidden_act", "gelu")),
        pad_token=config["pad_token_id"] if isinstance(config.get("pad_token_id"), int) else 0,
    )
    if shape.hidden % shape.heads:
        raise ArtifactInvalid(
            f"hidden_size {shape.hidden} is not a multiple of num_attention_heads {shape.heads}"
        )
    return shape
