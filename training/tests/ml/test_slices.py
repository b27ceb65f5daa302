"""Metrics by source: every source is reported, small ones are marked, and the mean counts each source the same."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from training.ml.data.tables import TextTable
from training.ml.evaluation.slices import MEAN_OF_SOURCES, slices


def sliced(rows: Sequence[tuple[str, float, int]], threshold: float = 0.5) -> dict[str, dict[str, Any]]:
    """Return the slices by source of rows (source, score, truth), by name."""
    table = TextTable(
        ["a text of five words"] * len(rows),
        np.array([[truth] for _, _, truth in rows], np.float32),
        np.ones(len(rows), np.float32),
        ("toxic",),
        [source for source, *_ in rows],
    )
    scores = np.array([score for _, score, _ in rows])
    return {
        part["name"]: part for part in slices(table, "toxic", scores, threshold) if part["kind"] == "source"
    }


FORUM = [("forum", 0.9, 1)] * 30 + [("forum", 0.1, 0)] * 80 + [("forum", 0.7, 0)] * 10
TWEETS = [("tweets", 0.4, 1), ("tweets", 0.3, 0)]


def test_each_source_has_its_own_numbers_and_small_ones_are_marked() -> None:
    found = sliced([*FORUM, *TWEETS, ("forum", 0.9, -1)])
    forum, tweets = found["source forum"], found["source tweets"]
    assert (forum["rows"], forum["positives"], forum["small"]) == (120, 30, False)
    assert (forum["roc_auc"], forum["recall"], forum["precision"]) == (1.0, 1.0, 30 / 40)
    assert (tweets["rows"], tweets["small"]) == (2, True)
    assert (tweets["roc_auc"], tweets["recall"], tweets["f1"]) == (1.0, 0.0, 0.0)


def test_the_mean_counts_each_source_the_same_and_leaves_out_those_of_one_class() -> None:
    found = sliced([*FORUM, *TWEETS, *[("news", 0.2, 0)] * 25])
    mean = found[MEAN_OF_SOURCES]
    assert (mean["sources"], mean["rows"], mean["positives"]) == (2, 122, 31)
    assert mean["recall"] == pytest.approx(0.5)
    assert mean["precision"] == pytest.approx(0.375)
    assert math.isnan(found["source news"]["f1"])
    assert found["source news"]["accuracy"] == 1.0


def test_one_source_has_no_mean() -> None:
    assert MEAN_OF_SOURCES not in sliced(FORUM)


def test_many_sources_are_all_reported() -> None:
    found = sliced([(f"s{number}", 0.1, 0) for number in range(40)])
    assert len(found) == 40
