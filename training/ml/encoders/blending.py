"""Averaging the weights of models of one shape, and whether two models have it.

Models that were tuned from one start lie in one basin of the loss, and the mean of their weights is as good as, often
better than, the best of them on rows like those that they were tuned on, and keeps more of what the start knew on
others (Wortsman et al. 2022, "Model soups", arXiv 2203.05482; "Robust fine-tuning of zero-shot models", arXiv
2109.01903). The calibration of a head is a part of its linear layer (`calibrate_head`), so that a mean of calibrated
heads is a linear head like any other, which the run calibrates anew.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

Weights = Mapping[str, "Tensor"]
MOST_BLENDS = 300  # that a search may measure
SHAPE_FIELDS = (
    *("model_type", "num_hidden_layers", "n_layers", "hidden_size", "dim", "embedding_size"),
    *("num_attention_heads", "n_heads", "intermediate_size", "hidden_dim", "vocab_size"),
    *("max_position_embeddings", "type_vocab_size", "hidden_act", "activation", "layer_norm_eps"),
    *("relative_attention_num_buckets", "position_embedding_type"),
)  # of a model's configuration: what the weights mean


class BlendError(ValueError):
    """Models cannot be blended; the message names what differs, and between which."""


def check_one_shape(first: Any, other: Any) -> None:
    """Refuse two models whose weights cannot be averaged: another architecture, size or set of weights.

    Raises BlendError, which names the first field of the configuration that differs.
    """
    for name in SHAPE_FIELDS:
        mine, its = getattr(first.config, name, None), getattr(other.config, name, None)
        if mine != its:
            raise BlendError(f"its {name} is {its}, not {mine}")
    mine_shapes = {name: tuple(value.shape) for name, value in first.state_dict().items()}
    its_shapes = {name: tuple(value.shape) for name, value in other.state_dict().items()}
    for name in sorted({*mine_shapes, *its_shapes}):
        if mine_shapes.get(name) != its_shapes.get(name):
            raise BlendError(
                f"its weight {name} has the shape {its_shapes.get(name, 'of nothing')}, not "
                f"{mine_shapes.get(name, 'of nothing')}"
            )


def check_one_tokenizer(first: Any, other: Any) -> None:
    """Refuse fast tokenizers that give other ids to a text; truncation and padding do not count. Raises BlendError."""
    if _pieces(first) != _pieces(other):
        raise BlendError("its tokenizer is another one: the same word would be another row of the embeddings")


def _pieces(tokenizer: Any) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(tokenizer.backend_tokenizer.to_str())
    # "[CLS] text [SEP]" can be written in two ways, and what is cut or filled is the caller's business
    return {name: told.get(name) for name in ("normalizer", "pre_tokenizer", "model")}


def average_weights(states: Sequence[Weights], shares: Sequence[float]) -> dict[str, "Tensor"]:
    """Return the mean of weights of one shape by `shares`, which sum to 1; whole numbers are the first's."""
    mean: dict[str, Tensor] = {}
    for name, value in states[0].items():
        if not value.is_floating_point():
            mean[name] = value.clone()
            continue
        total = value * shares[0]
        for state, share in zip(states[1:], shares[1:], strict=True):
            total = total.add(state[name], alpha=share)
        mean[name] = total
    return mean


def copy_weights(model: Any) -> dict[str, "Tensor"]:
    """Return the model's weights on the processor, which later changes of the model do not touch."""
    return {name: value.detach().cpu().clone() for name, value in model.state_dict().items()}


def fingerprint(states: Sequence[Weights]) -> str:
    """Return the sha256 over the weights of all models."""
    digest = hashlib.sha256()
    for state in states:
        for name, value in state.items():
            digest.update(name.encode())
            digest.update(value.contiguous().numpy().tobytes())
    return digest.hexdigest()


def share_grid(models: int, steps: int | None = None) -> list[tuple[float, ...]]:
    """Return the shares to try, each summing to 1: a line between two models, a simplex between more.

    `steps` parts 0 to 1; None means 10 with two models and 4 with more. The models alone are among them, the first
    model's larger shares come first. Raises BlendError for more than MOST_BLENDS.
    """
    steps = steps or (10 if models == 2 else 4)
    # stars and bars: `bars` part `steps` stars into `models` counts
    count = steps + models - 1
    grid: list[tuple[float, ...]] = []
    for bars in combinations(range(count), models - 1):
        edges = (-1, *bars, count)
        counts = [edges[i + 1] - edges[i] - 1 for i in range(models)]
        grid.append(tuple(number / steps for number in counts))
        if len(grid) > MOST_BLENDS:
            raise BlendError(
                f"{steps} steps between {models} models are more than {MOST_BLENDS} blends; use fewer steps"
            )
    return sorted(grid, reverse=True)
