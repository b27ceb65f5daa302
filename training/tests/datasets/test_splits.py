"""Splits cut by the hash of the text: the same each time, nothing in two of them."""

import numpy as np
import pytest

from training.ml.file_format.derived import cut_missing_splits
from training.ml.file_format.rows import Rows, RowsRejected


def rows(texts: list[str]) -> Rows:
    targets = np.arange(len(texts), dtype=np.float32)[:, None] % 2
    return Rows(texts, targets, np.ones(len(texts), np.float32), ("toxic",))


def numbered(count: int) -> list[str]:
    return [f"sentence number {i}" for i in range(count)]


def test_about_a_tenth_each_and_nothing_in_two_splits() -> None:
    splits, cut = cut_missing_splits({"train": rows(numbered(1_000))})
    assert cut == ["validation", "test"]
    assert sum(len(part) for part in splits.values()) == 1_000
    assert 70 < len(splits["validation"]) < 130
    assert 70 < len(splits["test"]) < 130
    texts = [set(part.texts) for part in splits.values()]
    assert not texts[0] & texts[1] | texts[0] & texts[2] | texts[1] & texts[2]


def test_equal_texts_stay_together_whatever_their_case_and_spaces() -> None:
    texts = [text for i in range(300) for text in (f"Same {i}", f"same  {i}\u200b", f"SAME {i}")]
    splits, _ = cut_missing_splits({"train": rows(texts)})
    assert all(len(part) % 3 == 0 for part in splits.values())


def test_a_text_of_the_test_split_is_there_again_when_rows_were_added() -> None:
    before, _ = cut_missing_splits({"train": rows(numbered(500))})
    after, _ = cut_missing_splits({"train": rows(numbered(2_000))})
    assert set(before["test"].texts) <= set(after["test"].texts)


def test_small_sets_get_a_row_of_each_and_too_small_ones_are_refused() -> None:
    for start in range(30):
        splits, _ = cut_missing_splits({"train": rows([f"{start} {i}" for i in range(10)])})
        assert min(len(part) for part in splits.values()) >= 1
    with pytest.raises(RowsRejected, match="there are 9 different texts; at least 10"):
        cut_missing_splits({"train": rows(numbered(9) * 5)})


def test_what_is_there_is_not_cut() -> None:
    given = {"train": rows(numbered(50)), "validation": rows(["a"]), "test": rows(["b"])}
    splits, cut = cut_missing_splits(given)
    assert cut == []
    assert {split: len(part) for split, part in splits.items()} == {"train": 50, "validation": 1, "test": 1}
