"""Choosing rows: every positive stays, negatives are counted, mined sentences come from harmless rows only."""

import numpy as np

from training.ml.config import DataConfig
from training.ml.data.sampling import choose_rows
from training.ml.data.tables import TextTable


def table() -> TextTable:
    texts, targets = [], []
    for i in range(60):
        texts.append(f"You are a stupid fool number {i} and I hate you.")
        targets.append([1.0, -1.0])
    for i in range(300):
        texts.append(
            f"My neighbour is gay, case {i}. The page about rain number {i} is not stupid at all. Thanks {i}."
        )
        targets.append([0.0, 0.0])
    for i in range(5):
        texts.append(f"Nobody knows whether this counts {i}.")
        targets.append([0.0, -1.0])
    return TextTable(
        texts, np.array(targets, np.float32), np.ones(len(texts), np.float32), ("toxic", "insult")
    )


def test_only_rows_without_any_label_are_thinned_out() -> None:
    chosen = choose_rows(table(), DataConfig(max_negatives=40, hard_negative_share=0.5), seed=1)
    assert (chosen.targets[:, 0] == 1).sum() == 60
    assert (chosen.targets == 0).all(axis=1).sum() == 40
    assert len(chosen) == 60 + 40 + 5


def test_mined_sentences_are_short_whole_sentences_of_harmless_rows() -> None:
    source = table()
    chosen = choose_rows(source, DataConfig(clean_sentences=50), seed=1)
    mined = chosen.texts[len(source) :]
    harmless = " ".join(source.texts[60:360])
    assert len(mined) == 50
    assert all(sentence in harmless for sentence in mined)
    assert any("gay" in sentence for sentence in mined)
    assert (chosen.targets[len(source) :] == 0).all()


def test_a_seed_decides_the_choice() -> None:
    config = DataConfig(max_negatives=40)
    assert choose_rows(table(), config, 1).texts == choose_rows(table(), config, 1).texts
    assert choose_rows(table(), config, 1).texts != choose_rows(table(), config, 2).texts


def test_without_limits_every_row_stays() -> None:
    assert choose_rows(table(), DataConfig(), 1).texts == table().texts
    assert len(choose_rows(table(), DataConfig(max_rows=10), 1)) == 10
