"""Files made to do harm, or made in haste: each is refused with its file, its row, its column and what to do."""

import gzip
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from training.ml.file_format.readers import read_file
from training.ml.file_format.rows import Limits, Rows, RowsRejected
from training.tests.datasets.conftest import as_csv, as_jsonl, as_parquet, rows_of

GOOD = {"text": "hello there", "toxic": 0}


def read(tmp_path: Path, name: str, content: bytes, **limits: int) -> Rows:
    path = tmp_path / "file"
    path.write_bytes(content)
    rows, _ = read_file(
        path, name=name, text_column="text", label_columns={"toxic": "toxic"}, limits=Limits(**limits)
    )
    return rows


def lines(*rows: Any) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def parquet(**columns: Any) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out)
    return out.getvalue()


WRONG = [
    ("a.csv", b"", "the file is empty"),
    ("a.csv", b"text,toxic\n", "no rows with text"),
    ("a.csv", b"comment,toxic\nx,1\n", "no column 'text' with the text; there is: comment, toxic"),
    ("a.csv", b"text,label\nx,1\n", "no label column 'toxic'; there is: text, label"),
    ("a.csv", b"text;toxic\nx;1\n", "separate the columns by commas"),
    ("a.csv", b"text,toxic,toxic\nx,1,1\n", "'toxic' is there twice"),
    ("a.csv", b"text,toxic\na,0\nb,c,1\n", "row 2: there are 3 values where the header names 2"),
    ("a.csv", b"text,toxic\na,0\nb,yes\n", "row 2, column 'toxic': a label is 0, 1"),
    ("a.csv", b"text,toxic\na,\n", "row 1, column 'toxic': a label is 0, 1, true or false.*here is nothing"),
    ("a.csv", b"text,toxic\na,0\n   ,0\n", "row 2, column 'text': the text is empty"),
    ("a.csv", "text,toxic\n\u200b\u200b,0\n".encode(), "the text is empty"),
    ("a.csv", b"text,toxic\ngr\xfc\xdf,0\n", "line 2 is not UTF-8"),
    ("a.csv", "text,toxic\na,0\n".encode("utf-16"), "this is UTF-16"),
    ("a.csv", b"text,toxic\na\x00b,0\n", "line 2 holds a NUL"),
    ("a.csv", b'text,toxic\n"never closed,0\n' + b"x,0\n" * 50, "CSV is broken"),
    ("a.csv", b"text,toxic\n" + b"x" * 100_002 + b",0\n", "row 1.*field larger"),
    ("a.csv", b"text,toxic\na,0\n" + b",".join([b"c"] * 2) + b"\n", "row 2, column 'toxic'"),
    ("a.csv", b",".join(b"c%d" % i for i in range(65)) + b"\n", "65 columns; at most 64"),
    ("a.csv", b"text,toxic\na,-1\nb,-1\n", "column 'toxic': every row says unknown"),
    ("a.csv", b"text,toxic,weight\na,1,0\n", "column 'weight': a weight is a number above 0"),
    ("a.csv", b"text,toxic,weight\na,1,nan\n", "column 'weight'"),
    ("a.csv", b"text,toxic,weight\na,1,inf\n", "column 'weight'"),
    ("a.csv.gz", b"x", "use a .csv, .jsonl or .parquet file"),
    ("a.exe", b"x", "use a .csv, .jsonl or .parquet file"),
    ("a.csv", gzip.compress(b"text,toxic\n" * 1000, mtime=0), "this is compressed"),
    ("a.csv", as_parquet([GOOD]), "this is a parquet file, whatever its name says"),
    ("a.jsonl", b'[{"text": "a", "toxic": 0}]', "line 1 is no JSON object"),
    ("a.jsonl", b'[\n{"text": "a"}\n]', "without a list around"),
    ("a.jsonl", b'{"text": "a", "toxic": 0}\n{"text": "a", ', "line 2 is not JSON"),
    ("a.jsonl", b"[" * 100_000, "without a list around"),
    ("a.jsonl", b'{"text": "a", "toxic": ' + b"9" * 5_000 + b"}", "line 1 is not JSON"),
    ("a.jsonl", lines(GOOD, {"text": 5, "toxic": 0}), "row 2, column 'text': this is not text"),
    ("a.jsonl", lines(GOOD, {"toxic": 0}), "row 2, column 'text': the text is empty"),
    ("a.jsonl", lines(GOOD, {"text": "x", "toxic": 0.5}), "row 2, column 'toxic'.*here is 0.5"),
    ("a.jsonl", lines(GOOD, {"text": "x", "toxic": [1]}), "row 2, column 'toxic'"),
    ("a.jsonl", lines(GOOD, {"text": "x"}), "row 2, column 'toxic'.*here is nothing"),
    ("a.jsonl", b'{"text": "\\ud800", "toxic": 0}\n', "not valid Unicode"),
    ("a.jsonl", lines({"text": "x" * 100_001, "toxic": 0}), "100,001 characters; at most 100,000"),
    ("a.jsonl", b'{"text": "' + b"x" * 1_400_000 + b'"}', "line 1 is too long"),
    ("a.parquet", b"PAR1" + b"\x00" * 50 + b"PAR1", "no readable parquet file"),
    ("a.parquet", as_parquet([GOOD])[:-20] + b"\x00" * 20, "no readable parquet file"),
    ("a.parquet", b"text,toxic\na,0\n", "no readable parquet file"),
    ("a.parquet", parquet(text=[1, 2], toxic=[0, 1]), "the text is of type int64"),
    ("a.parquet", parquet(text=["a"], toxic=[[0]]), "plain numbers, not lists"),
    ("a.parquet", parquet(text=["a", None], toxic=[0, 1]), "row 2, column 'text': the text is empty"),
    ("a.parquet", parquet(text=["a", "b"], toxic=[0, 2]), "row 2, column 'toxic'.*here is 2"),
    ("a.parquet", parquet(text=["a", "b"], toxic=[0.0, float("nan")]), "row 2, column 'toxic'"),
]


@pytest.mark.parametrize(("name", "content", "message"), WRONG, ids=lambda value: str(value)[:40])
def test_it_is_refused_and_told_why(name: str, content: bytes, message: str, tmp_path: Path) -> None:
    with pytest.raises(RowsRejected, match=message) as refused:
        read(tmp_path, name, content)
    assert str(refused.value).startswith(name)


@pytest.mark.parametrize("write", [as_csv, as_jsonl, as_parquet])
def test_one_row_too_many_is_refused(write: Any, tmp_path: Path) -> None:
    name = f"a.{write.__name__[3:]}"
    assert len(read(tmp_path, name, write(rows_of(10)), rows=10)) == 10
    with pytest.raises(RowsRejected, match="rows"):
        read(tmp_path, name, write(rows_of(11)), rows=10)


def test_a_parquet_file_that_unpacks_to_much_more_is_refused_by_its_own_word(tmp_path: Path) -> None:
    bomb = parquet(text=["a" * 90_000] * 3_000, toxic=[0] * 3_000)
    assert len(bomb) < 100_000
    out = io.BytesIO()
    table = pa.table({"text": ["a" * 90_000 + str(i) for i in range(300)], "toxic": [0] * 300})
    pq.write_table(table, out, compression="zstd", use_dictionary=False)
    with pytest.raises(RowsRejected, match="unpacked it has"):
        read(tmp_path, "a.parquet", out.getvalue(), bytes=100_000)


def test_a_dictionary_that_one_value_fills_a_thousand_rows_with_is_refused(tmp_path: Path) -> None:
    """Its footer is honest and small: the value is stored once, and unpacked for every row."""
    bomb = parquet(text=["a" * 90_000] * 3_000, toxic=[0] * 3_000)
    with pytest.raises(RowsRejected, match="memory"):
        read(tmp_path, "a.parquet", bomb, bytes=1_000_000)


def test_values_as_people_write_them_are_understood(tmp_path: Path) -> None:
    content = '\ufefftext,toxic\r\n"two\r\nlines, one row",TRUE\r\ncafé, 0 \r\n\r\nx,-1\r\n'.encode()
    rows = read(tmp_path, "a.csv", content)
    assert rows.texts == ["two\r\nlines, one row", "café", "x"]
    assert np.array_equal(rows.targets, [[1], [0], [-1]])
    rows = read(
        tmp_path, "a.jsonl", lines({"text": "a", "toxic": True}, {"text": "b", "toxic": 0.0, "x": {}})
    )
    assert np.array_equal(rows.targets, [[1], [0]])


@pytest.mark.parametrize("label", ["text", "weight", "source", "1st", "a b", "", "x" * 65, "../up"])
def test_names_that_no_frozen_file_can_have_are_refused(label: str, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(as_jsonl([GOOD]))
    with pytest.raises(RowsRejected) as refused:
        read_file(
            tmp_path / "a",
            name="a.jsonl",
            text_column="text",
            label_columns={"toxic": label},
            limits=Limits(),
        )
    assert refused.value.field == "label_columns"
