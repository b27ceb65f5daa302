"""Reading labelled rows from files of three kinds, with clear errors."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from training.ml.data.tables import DataError, load_table

ROWS: dict[str, list[Any]] = {"text": ["a  b", "c\x00d", "e"], "toxic": [0, 1, -1], "weight": [1.0, 2.0, 1.0]}


def write(folder: Path, suffix: str, columns: dict[str, list[Any]]) -> Path:
    path = folder / f"rows{suffix}"
    table = pa.table(columns)
    if suffix == ".parquet":
        pyarrow.parquet.write_table(table, path)
    elif suffix == ".csv":
        pyarrow.csv.write_csv(table, path)
    else:
        import json

        path.write_text("".join(json.dumps(row) + "\n" for row in table.to_pylist()))
    return path


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".jsonl"])
def test_each_kind_of_file_gives_the_same_table(suffix: str, tmp_path: Path) -> None:
    columns = {**ROWS, "text": ["a  b", "c d", "e"]} if suffix == ".csv" else ROWS
    table = load_table(
        str(write(tmp_path, suffix, columns)), "train", text_column="text", labels=("toxic", "threat")
    )
    assert table.texts[0] == "a b"
    assert table.targets.tolist() == [[0, -1], [1, -1], [-1, -1]]
    assert table.weights.tolist() == [1, 2, 1]


def test_a_folder_gives_the_split_that_was_asked_for(tmp_path: Path) -> None:
    write(tmp_path, ".parquet", ROWS).rename(tmp_path / "test.parquet")
    assert len(load_table(str(tmp_path), "test", text_column="text", labels=("toxic",))) == 3
    with pytest.raises(DataError, match=r"no train\.parquet"):
        load_table(str(tmp_path), "train", text_column="text", labels=("toxic",))


def test_a_column_named_label_stands_for_the_first_label(tmp_path: Path) -> None:
    path = write(tmp_path, ".parquet", {"text": ["x", "y"], "label": [1, 0]})
    table = load_table(str(path), "train", text_column="text", labels=("toxic", "threat"))
    assert table.targets.tolist() == [[1, -1], [0, -1]]


def test_rows_that_are_in_the_training_set_are_left_out(tmp_path: Path) -> None:
    path = write(tmp_path, ".parquet", {"text": ["x", "y"], "toxic": [1, 0], "in_train_text": [True, False]})
    assert load_table(str(path), "test", text_column="text", labels=("toxic",)).texts == ["y"]


def test_errors_name_the_column_and_what_is_there(tmp_path: Path) -> None:
    path = str(write(tmp_path, ".parquet", ROWS))
    with pytest.raises(DataError, match="no column 'body'; it has: text, toxic, weight"):
        load_table(path, "train", text_column="body", labels=("toxic",))
    with pytest.raises(DataError, match="none of the label columns threat"):
        load_table(path, "train", text_column="text", labels=("threat",))
    wrong = str(write(tmp_path / "..", ".jsonl", {"text": ["x"], "toxic": [3]}))
    with pytest.raises(DataError, match="must hold 0, 1 or -1"):
        load_table(wrong, "train", text_column="text", labels=("toxic",))
    with pytest.raises(DataError, match="there is no file"):
        load_table(str(tmp_path / "gone.csv"), "train", text_column="text", labels=("toxic",))


def test_the_fingerprint_changes_with_any_label(tmp_path: Path) -> None:
    table = load_table(str(write(tmp_path, ".parquet", ROWS)), "train", text_column="text", labels=("toxic",))
    same = table.take([0, 1, 2]).fingerprint()
    table.targets[0, 0] = 1
    assert same != table.fingerprint()
    assert np.array_equal(table.take([2, 0]).weights, [1, 1])


def test_a_run_refuses_a_label_that_its_rows_know_nothing_of(tmp_path: Path) -> None:
    from training.ml.config import DataConfig
    from training.ml.recipes.common import prepare_data

    path = str(write(tmp_path, ".parquet", {"text": ["x", "y"], "label": [1, 0]}))
    config = DataConfig(train=path, validation=path, text_column="text", labels=("toxic", "threat"))
    with pytest.raises(DataError, match="knows nothing of the label 'threat'"):
        prepare_data(config, tokenizer=None, seed=1)
