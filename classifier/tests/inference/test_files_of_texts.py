"""Files of texts are read a part at a time; what is wrong in one is named with its place and the way out."""

from pathlib import Path

import pytest

from classifier.inference.files.lines import FileUnreadable
from classifier.inference.files.texts import read_texts, text_rows


def test_csv_keeps_quotes_newlines_and_order(tmp_path: Path) -> None:
    place = tmp_path / "a.csv"
    place.write_bytes(b'\xef\xbb\xbfid,text\r\n1,"two\nlines, ""quoted"""\r\n2,\xe2\x82\xac\r\n')
    assert list(read_texts(place, "text")) == ['two\nlines, "quoted"', "\u20ac"]


def test_jsonl_skips_empty_lines_only(tmp_path: Path) -> None:
    place = tmp_path / "a.jsonl"
    place.write_text('{"text": "a"}\n\n{"text": "", "other": 1}\n{"text": "\\u0000"}')
    assert list(read_texts(place, "text")) == ["a", "", "\x00"]


def test_parquet_is_read_in_batches(tmp_path: Path) -> None:
    import pyarrow
    import pyarrow.parquet

    place = tmp_path / "a.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"text": [str(at) for at in range(1_000)]}), place)
    assert list(read_texts(place, "text")) == [str(at) for at in range(1_000)]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", b"id,body\n1,x\n", r"no column 'text' \(it has 'id', 'body'\).*--text-column"),
        ("a.csv", b"", "empty"),
        ("a.csv", b"id,text\n1,x\n2\n", "line 3: This row has 1 fields"),
        ("a.csv", "text\nfin\u00e9\nfin\u00e9\n".encode() + b"\xff\xfe\n", "line 4: This is not UTF-8"),
        ("a.csv", b'text\n"open\n', "line 2: A quote .* never closed"),
        ("a.jsonl", b'{"text": "a"}\n{oops\n', "line 2: This line is not JSON"),
        ("a.jsonl", b'{"text": "a"}\n[1]\n', "line 2: This line is not a JSON object"),
        ("a.jsonl", b'{"text": 5}\n', "line 1: 'text' is not a string"),
        ("a.jsonl", b'{"body": "a"}\n', "line 1 has no column 'text'"),
        ("a.jsonl", b"[" * 200_000 + b"\n", "nested too deeply"),
        ("a.parquet", b"PAR1 this is not one", "no readable parquet file"),
        ("a.gz", b"\x1f\x8b hello", "compressed with gzip"),
    ],
)
def test_it_names_what_is_wrong(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FileUnreadable, match=words):
        list(read_texts(tmp_path / name, "text"))


@pytest.mark.parametrize("name", ["no.csv", "no.jsonl", "no.parquet"])
def test_it_says_that_a_file_is_not_there(tmp_path: Path, name: str) -> None:
    with pytest.raises(FileUnreadable, match="No such file"):
        list(read_texts(tmp_path / name, "text"))


def test_a_parquet_column_of_numbers_or_nulls_is_refused(tmp_path: Path) -> None:
    import pyarrow
    import pyarrow.parquet

    place = tmp_path / "a.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"text": ["a", None], "id": [1, 2]}), place)
    with pytest.raises(FileUnreadable, match="not strings"):
        list(read_texts(place, "id"))
    with pytest.raises(FileUnreadable, match="line 2: 'text' is null"):
        list(read_texts(place, "text"))


def test_a_row_that_cannot_be_read_keeps_its_place(tmp_path: Path) -> None:
    place = tmp_path / "a.txt"
    place.write_bytes(b'id;text\n1;a\n2;"b"c"\n3;c\n')
    rows = list(text_rows(place, "text"))
    assert [(row.line, row.text) for row in rows] == [(2, "a"), (3, None), (4, "c")]
    assert "not doubled" in rows[1].problem
