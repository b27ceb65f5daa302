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
from training.ml.file_format.values import LabelReading
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
    ("a.csv", b"text,toxic,toxic\nx,1,1\n", "two columns are called 'toxic'"),
    ("a.csv", b"text,toxic\na,0\nb,c,1\n", "line 3 is broken: this row has 3 fields, the header has 2"),
    ("a.csv", b"text,toxic\na,0\nb,perhaps\n", "line 3, row 2, column 'toxic': a label is 0, 1"),
    ("a.csv", b"text,toxic\na,\n", "every row says unknown"),
    ("a.csv", b"text,toxic\na,0\n   ,0\n", "row 2, column 'text': the text is empty"),
    ("a.csv", "text,toxic\n\u200b\u200b,0\n".encode(), "the text is empty"),
    (
        "a.csv",
        "text,toxic\n\u00e4\u00f6,0\nx,0\n\u00fc,1\n".encode() + b"\xfc,0\n",
        "line 5 is broken: this is not UTF-8",
    ),
    ("a.csv", b'text,toxic\n"never closed,0\n' + b"x,0\n" * 50, "line 2 is broken: a quote that opens"),
    ("a.csv", b"text,toxic\n" + b"x" * 100_002 + b",0\n", "row 1.*100,002 characters; at most"),
    ("a.csv", b"text,toxic\na,0\n" + b",".join([b"c"] * 2) + b"\n", "row 2, column 'toxic'"),
    ("a.csv", b",".join(b"c%d" % i for i in range(65)) + b"\n", "65 columns; at most 64"),
    ("a.csv", b"text,toxic\na,-1\nb,-1\n", "column 'toxic': every row says unknown"),
    ("a.csv", b"text,toxic,weight\na,1,0\n", "column 'weight': a weight is a number above 0"),
    ("a.csv", b"text,toxic,weight\na,1,nan\n", "column 'weight'"),
    ("a.csv", b"text,toxic,weight\na,1,inf\n", "column 'weight'"),
    ("a.csv.gz", b"x", "use a .csv, .tsv, .jsonl, .json or .parquet file"),
    ("a.exe", b"x", "use a .csv, .tsv, .jsonl, .json or .parquet file"),
    ("a.csv", gzip.compress(b"text,toxic\n" * 1000, mtime=0), "this file is compressed"),
    ("a.csv", as_parquet([GOOD]), "this file is a parquet file"),
    ("a.jsonl", b'[{"text": "a", "toxic": 0}', "the list is not closed"),
    ("a.jsonl", b'[\n{"text": "a"}\n]', "no label column 'toxic'"),
    ("a.jsonl", b'{"text": "a", "toxic": 0}\n{"text": "a", ', "line 2 is broken: this line is not JSON"),
    ("a.jsonl", b"[" * 100_000, "nested too deeply"),
    ("a.jsonl", b'{"text": "a", "toxic": ' + b"9" * 5_000 + b"}", "line 1 is broken.*too many digits"),
    ("a.jsonl", lines(GOOD, {"text": 5, "toxic": 0}), "row 2, column 'text': this is not text"),
    ("a.jsonl", lines(GOOD, {"toxic": 0}), "row 2, column 'text': the text is empty"),
    ("a.jsonl", lines(GOOD, {"text": "x", "toxic": 1.5}), "line 2, row 2, column 'toxic'.*here is 1.5"),
    ("a.jsonl", lines(GOOD, {"text": "x", "toxic": [1]}), "row 2, column 'toxic'"),
    ("a.jsonl", b'{"text": "\\ud800", "toxic": 0}\n', "not valid Unicode"),
    ("a.jsonl", lines({"text": "x" * 100_001, "toxic": 0}), "100,001 characters; at most 100,000"),
    ("a.jsonl", b'{"text": "' + b"x" * 5_000_000 + b'"}', "line 1 is longer than 4,194,304 bytes"),
    ("a.parquet", b"PAR1" + b"\x00" * 50 + b"PAR1", "no readable parquet file"),
    ("a.parquet", as_parquet([GOOD])[:-20] + b"\x00" * 20, "no readable parquet file"),
    ("a.parquet", b"text,toxic\na,0\n", "no readable parquet file"),
    ("a.parquet", parquet(text=[1, 2], toxic=[0, 1]), "the text is of type int64"),
    ("a.parquet", parquet(text=["a"], toxic=[[0]]), "plain numbers, not lists"),
    ("a.parquet", parquet(text=["a", None], toxic=[0, 1]), "row 2, column 'text': the text is empty"),
    ("a.parquet", parquet(text=["a", "b"], toxic=[0, 2]), "row 2, column 'toxic'.*here is 2"),
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
    with pytest.raises(RowsRejected, match=r"of 4,\d{3} bytes unpacks to more than 4,000,000 bytes"):
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
    with pytest.raises(
        RowsRejected,
        match=r"cannot be the name of a label: use letters, .* Write column=label to give a column another name\.$",
    ) as refused:
        read_file(
            tmp_path / "a",
            name="a.jsonl",
            text_column="text",
            label_columns={"toxic": label},
            limits=Limits(),
        )
    assert refused.value.field == "label_columns"


def test_labels_as_public_sets_have_them_are_understood(tmp_path: Path) -> None:
    content = "text\ttoxic\na\tOFF\nb\tNOT\nc\t0.7\nd\t0,2\ne\t\nf\tno\n"
    rows = read(tmp_path, "a.tsv", content.encode("utf-16"))
    assert np.array_equal(rows.targets, [[1], [0], [1], [0], [-1], [0]])


def test_the_cut_and_words_are_chosen_and_told(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("text;toxic\na;0.7\nb;CAG\nc;nope\n")
    rows, report = read_file(
        path,
        name="a.csv",
        text_column="text",
        label_columns={"toxic": "toxic"},
        limits=Limits(),
        labels=LabelReading(cut=0.8, words={"cag": 1, "nope": 0}),
    )
    assert np.array_equal(rows.targets, [[0], [1], [0]])
    assert (report.graded, report.layout["delimiter"]) == (1, "semicolon")


def test_of_many_rows_a_few_broken_ones_are_left_out_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "file"
    good = "".join(f"row {number},0\n" for number in range(200))
    path.write_text(f'text,toxic\n{good}"he "said" so",1\nb,c,1\nlast,1\n')
    rows, report = read_file(
        path, name="a.csv", text_column="text", label_columns={"toxic": "toxic"}, limits=Limits()
    )
    assert (len(rows), report.left_out, report.broken_lines) == (201, {"broken": 2}, [202, 203])


def test_tasks_of_label_studio_become_shares_of_their_annotators(tmp_path: Path) -> None:
    def annotation(*choices: str, cancelled: bool = False) -> dict[str, Any]:
        region = {
            "from_name": "kind",
            "to_name": "text",
            "type": "choices",
            "value": {"choices": list(choices)},
        }
        return {"id": 1, "result": [region] if choices else [], "was_cancelled": cancelled}

    tasks = [
        {
            "id": 1,
            "data": {"text": "a"},
            "annotations": [annotation("Toxic"), annotation("Toxic"), annotation()],
        },
        {
            "id": 2,
            "data": {"text": "b"},
            "annotations": [annotation("Fine"), annotation("Toxic", cancelled=True)],
        },
        {"id": 3, "data": {"text": "c"}, "annotations": [], "predictions": []},
    ]
    rows = read(tmp_path, "a.json", json.dumps(tasks, indent=1).encode())
    assert (rows.texts, np.array_equal(rows.targets, [[1], [0], [-1]])) == (["a", "b", "c"], True)
