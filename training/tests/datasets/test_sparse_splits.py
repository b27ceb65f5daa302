"""Validation and test files are often labelled more sparingly than what a model learns from."""

from pathlib import Path

import numpy as np
import pytest

from training.ml.file_format.readers import FileReport, read_file
from training.ml.file_format.rows import Limits, Rows, RowsRejected

BOTH = {"toxic": "toxic", "threat": "threat"}


def read(tmp_path: Path, content: str, *, partial: bool, skip_empty: bool = False) -> tuple[Rows, FileReport]:
    path = tmp_path / "file"
    path.write_text(content)
    return read_file(
        path,
        name="a.csv",
        text_column="text",
        label_columns=BOTH,
        limits=Limits(),
        partial=partial,
        skip_empty=skip_empty,
    )


def test_a_test_file_may_lack_every_label_but_the_first(tmp_path: Path) -> None:
    rows, _ = read(tmp_path, "text,toxic\na,1\nb,0\n", partial=True)
    assert rows.labels == ("toxic", "threat")
    assert np.array_equal(rows.targets, [[1, -1], [0, -1]])


def test_a_training_file_may_not(tmp_path: Path) -> None:
    with pytest.raises(RowsRejected, match="no label column 'threat'"):
        read(tmp_path, "text,toxic\na,1\n", partial=False)


def test_the_first_label_is_needed_everywhere(tmp_path: Path) -> None:
    with pytest.raises(RowsRejected, match="no label column 'toxic'"):
        read(tmp_path, "text,threat\na,1\n", partial=True)


def test_rows_without_text_are_counted_where_they_are_left_out(tmp_path: Path) -> None:
    rows, report = read(tmp_path, "text,toxic,threat\n ,1,0\nb,0,0\n", partial=False, skip_empty=True)
    assert (rows.texts, report.left_out) == (["b"], {"empty": 1})
