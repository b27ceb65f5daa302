"""Small files that unpack to very much are given up after little of it, whatever their footer claims."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from classifier.inference.files.bounds import ANY_FILE, RATIO, Unpacked
from classifier.inference.files.layout import layout_of
from classifier.inference.files.lines import FileUnreadable
from classifier.inference.files.rows import rows_of


def test_a_file_of_two_kilobytes_that_unpacks_to_a_gigabyte_is_given_up_early(tmp_path: Path) -> None:
    path = tmp_path / "bomb.parquet"
    rows = 12_000
    text = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), pa.array(["a" * 90_000]))
    pq.write_table(pa.table({"text": text}), path, compression="zstd", store_schema=False)
    size = path.stat().st_size
    assert size < 3_000
    read: list[int] = []

    def read_all() -> None:
        for row in rows_of(path, layout_of(path)):
            assert row.values is not None
            read.append(len(row.values["text"]))

    with pytest.raises(FileUnreadable, match=f"This file of {size:,} bytes unpacks to more than 1[67],"):
        read_all()
    assert sum(read) <= ANY_FILE + RATIO * size


def test_the_bound_grows_with_the_file_up_to_its_most() -> None:
    assert Unpacked(0, 10**9).allowed == ANY_FILE
    assert Unpacked(1_000, 10**9).allowed == ANY_FILE + RATIO * 1_000
    assert Unpacked(10**9, 10**8).allowed == 10**8
    unpacked = Unpacked(0, 100)
    unpacked.add(100)
    with pytest.raises(FileUnreadable, match="This file of 0 bytes unpacks to more than 100 bytes"):
        unpacked.add(1)


def test_comments_as_people_store_them_are_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "comments.parquet"
    texts = [f"This is comment number {number}, and it says little." for number in range(50_000)]
    pq.write_table(pa.table({"text": texts, "toxic": [0] * 50_000}), path, compression="zstd")
    assert sum(1 for _ in rows_of(path, layout_of(path))) == 50_000
