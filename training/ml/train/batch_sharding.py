"""Sharing a run's batches out to its ranks, step by step, so that all take as many steps and no row counts twice."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor


@dataclass(frozen=True)
class Shard:
    """One rank's rows of a step, and all rows of the step.

    A rank's loss is the mean over its rows, and ranks' gradients are averaged; times `scale` (this rank's part of the
    rows, times the number of ranks) that average is the mean over all rows. A rank without a batch of its own in the
    last step goes through one row of another's, with scale 0.
    """

    rows: "NDArray[np.int64]"
    scale: float
    all_rows: "NDArray[np.int64]"


def shard_batches(batches: list["NDArray[np.int64]"], rank: int, count: int) -> list[Shard]:
    """Return what `rank` of `count` does in each step: `count` batches make a step, in the planned order."""
    result = []
    for start in range(0, len(batches), count):
        these = batches[start : start + count]
        every = np.concatenate(these)
        if rank < len(these):
            result.append(Shard(these[rank], len(these[rank]) * count / len(every), every))
        else:
            result.append(Shard(these[0][-1:], 0.0, every))
    return result


def count_unreached(model: Any, loss: Callable[[], "Tensor"]) -> int:
    """Return how many trainable weights get no gradient from `loss()`; weights and random state stay as they were.

    Data-parallel training waits for a gradient of every trainable weight unless it is told to look for these.
    """
    import torch

    devices = list(range(torch.cuda.device_count())) if torch.cuda.is_available() else []
    with torch.random.fork_rng(devices=devices):
        loss().backward()
    unreached = sum(1 for p in model.parameters() if p.requires_grad and p.grad is None)
    model.zero_grad(set_to_none=True)
    return unreached
