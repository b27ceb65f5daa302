"""Made-up texts have the lengths of real comments and are the same every time."""

import statistics
from pathlib import Path

import pytest

from benchmarks.texts import texts


def test_synthetic_texts_have_the_lengths_of_talk_pages() -> None:
    found = texts(None, "text", 4_000)
    lengths = sorted(len(text.split()) for text in found)
    assert 45 <= statistics.median(lengths) <= 57
    assert 80 <= statistics.mean(lengths) <= 110
    assert found == texts(None, "text", 4_000)


def test_a_files_first_texts_are_taken(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text\none\ntwo\nthree\n")
    assert texts(tmp_path / "a.csv", "text", 2) == ["one", "two"]


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text\n")
    with pytest.raises(SystemExit, match="holds no texts"):
        texts(tmp_path / "a.csv", "text", 2)
