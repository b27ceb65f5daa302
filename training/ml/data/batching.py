"""Length-grouped batches under a token budget, with padding only to the longest row of each batch."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

ROUND_TO = 8  # padded lengths are multiples of this: matrix kernels prefer it, and shapes repeat


@dataclass(frozen=True)
class Tokens:
    """Token ids of each row (special tokens included, unpadded)."""

    ids: list["NDArray[np.int32]"]
    pad_id: int

    @cached_property
    def lengths(self) -> "NDArray[np.int64]":
        return np.asarray([len(row) for row in self.ids], dtype=np.int64)


def tokenize(tokenizer: Any, texts: Sequence[str], max_length: int, chunk: int = 4096) -> Tokens:
    """Tokenize `texts`, truncated to `max_length` wordpieces."""
    ids: list[NDArray[np.int32]] = []
    for start in range(0, len(texts), chunk):
        rows = tokenizer(list(texts[start : start + chunk]), truncation=True, max_length=max_length)[
            "input_ids"
        ]
        ids.extend(np.asarray(row, dtype=np.int32) for row in rows)
    return Tokens(ids, int(tokenizer.pad_token_id or 0))


def padded(length: int) -> int:
    """Round a length up to the next multiple of ROUND_TO."""
    return -(-length // ROUND_TO) * ROUND_TO


def budget_batches(
    lengths: "NDArray[np.int64]", token_budget: int, *, seed: int | None = None, group: int = 64
) -> list["NDArray[np.int64]"]:
    """Cut rows into batches of at most `token_budget` padded tokens (at least one row each).

    With a `seed` the rows are shuffled, sorted by length only within groups of about `group` batches, and the batches
    shuffled, so that neighbours differ from epoch to epoch; without one they run from the longest to the shortest.
    """
    count = len(lengths)
    if seed is None:
        order = np.argsort(-lengths, kind="stable")
        return _cut(order, lengths, token_budget)
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(count)
    mean = max(float(lengths.mean()), 1.0) if count else 1.0
    size = max(int(group * token_budget / mean), 1)
    batches: list[NDArray[np.int64]] = []
    for start in range(0, count, size):
        block = shuffled[start : start + size]
        batches.extend(_cut(block[np.argsort(-lengths[block], kind="stable")], lengths, token_budget))
    return [batches[i] for i in rng.permutation(len(batches))]


def _cut(order: "NDArray[np.int64]", lengths: "NDArray[np.int64]", budget: int) -> list["NDArray[np.int64]"]:
    batches, start = [], 0
    while start < len(order):
        rows = max(
            budget // padded(int(lengths[order[start]])), 1
        )  # the first row is the longest of the batch
        batches.append(order[start : start + rows])
        start += rows
    return batches


def collate(tokens: Tokens, rows: "NDArray[np.int64]", pad_to: int | None = None) -> dict[str, "Tensor"]:
    """Return `input_ids` and `attention_mask`, both int64 [rows, padded length]."""
    import torch

    width = pad_to or padded(max(len(tokens.ids[i]) for i in rows))
    ids = np.full((len(rows), width), tokens.pad_id, dtype=np.int64)
    mask = np.zeros((len(rows), width), dtype=np.int64)
    for position, i in enumerate(rows):
        row = tokens.ids[i]
        ids[position, : len(row)] = row
        mask[position, : len(row)] = 1
    return {"input_ids": torch.from_numpy(ids), "attention_mask": torch.from_numpy(mask)}
