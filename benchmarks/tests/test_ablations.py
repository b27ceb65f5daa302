"""`python -m benchmarks ablations`: rows are drawn from one order, and differences are paired."""

from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet

from benchmarks.ablations import difference, held_out, mean_by_source, write_rows


def test_a_variant_draws_the_same_rows_but_those_of_its_kind(tmp_path: Path) -> None:
    sources = ["wiki_toxic", "contrast aimed", "buried", "exchanged"] * 25
    mixture = tmp_path / "train.parquet"
    pyarrow.parquet.write_table(
        pyarrow.table({"comment_text": [f"row {at}" for at in range(100)], "source": sources}), mixture
    )
    write_rows(mixture, tmp_path / "whole.parquet", (), 40)
    write_rows(mixture, tmp_path / "without" / "rows.parquet", ("contrast", "buried"), 40)
    whole = pyarrow.parquet.read_table(tmp_path / "whole.parquet").to_pylist()
    without = pyarrow.parquet.read_table(tmp_path / "without" / "rows.parquet").to_pylist()
    assert (len(whole), len(without)) == (40, 40)
    assert {row["source"] for row in without} == {"wiki_toxic", "exchanged"}
    shared = [row for row in whole if row["source"] in ("wiki_toxic", "exchanged")]
    assert without[: len(shared)] == shared


def test_held_out_rows_are_those_whose_label_is_known_at_most_some_of_a_source(tmp_path: Path) -> None:
    path = tmp_path / "test.parquet"
    rows = {
        "comment_text": [f"row {at}" for at in range(900)],
        "source": ["much"] * 800 + ["little"] * 100,
        "toxic": [at % 3 - 1 for at in range(900)],
    }
    pyarrow.parquet.write_table(pyarrow.table(rows), path)
    targets, sources, texts = held_out(path)
    assert set(targets.tolist()) == {0, 1}
    assert (sources.count("much"), len(texts)) == (400, len(sources))
    assert sources.count("little") == 67


def test_the_interval_of_a_difference_holds_zero_for_equal_scores_and_not_for_worse_ones() -> None:
    generator = np.random.default_rng(1)
    targets = generator.integers(0, 2, 600)
    sources = np.array(["one", "two"] * 300)
    good = targets + generator.normal(0, 0.5, 600)
    bad = targets + generator.normal(0, 3.0, 600)
    assert mean_by_source(good, targets, sources) > mean_by_source(bad, targets, sources)
    assert difference(good, good, targets, sources, 50) == (0.0, 0.0)
    low, high = difference(bad, good, targets, sources, 50)
    assert low < high < 0
