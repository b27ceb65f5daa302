"""Length-grouped batches: every row once, inside the budget, reproducible."""

import numpy as np
import pytest

from training.ml.data.batching import Tokens, budget_batches, collate, padded

LENGTHS = np.random.default_rng(0).integers(3, 200, 500)


@pytest.mark.parametrize("seed", [None, 7])
def test_every_row_is_in_exactly_one_batch(seed: int | None) -> None:
    rows = np.concatenate(budget_batches(LENGTHS, 1024, seed=seed))
    assert sorted(rows.tolist()) == list(range(500))


@pytest.mark.parametrize("seed", [None, 7])
def test_no_batch_is_over_the_budget_when_padded(seed: int | None) -> None:
    for rows in budget_batches(LENGTHS, 1024, seed=seed):
        assert len(rows) * padded(int(LENGTHS[rows].max())) <= 1024


def test_little_is_padding() -> None:
    batches = budget_batches(LENGTHS, 1024, seed=7)
    spent = sum(len(rows) * padded(int(LENGTHS[rows].max())) for rows in batches)
    assert LENGTHS.sum() / spent > 0.85


def test_a_row_longer_than_the_budget_stands_alone() -> None:
    assert [rows.tolist() for rows in budget_batches(np.array([300]), 100, seed=1)] == [[0]]


def test_the_same_seed_gives_the_same_batches_and_another_one_others() -> None:
    first, again, other = (budget_batches(LENGTHS, 1024, seed=s) for s in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert any(not np.array_equal(a, b) for a, b in zip(first, other, strict=False))


def test_padding_is_masked() -> None:
    tokens = Tokens([np.array([5, 6, 7], np.int32), np.array([8], np.int32)], pad_id=1)
    batch = collate(tokens, np.array([0, 1]))
    assert batch["input_ids"].tolist() == [[5, 6, 7, 1, 1, 1, 1, 1], [8, 1, 1, 1, 1, 1, 1, 1]]
    assert batch["attention_mask"].sum(dim=1).tolist() == [3, 1]
