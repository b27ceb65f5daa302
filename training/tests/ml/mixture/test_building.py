"""The table of the mixture: equal texts merged, judged texts left out, stricter licences never in a freer row."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from training.ml.mixture.building import build, texts_of_splits
from training.ml.mixture.fetching import Fetcher, FetchError, Hashes
from training.ml.mixture.reading import LABELS, Files, Row, SourceFormatError, six
from training.ml.mixture.sources import BY_NAME, SOURCES, Source
from training.tests.ml.mixture.small_copies import COPIES, write_mirror

COLUMNS = ["text", "label", "split", "source", "lang", *LABELS, "licence_class"]


@pytest.fixture
def fetcher(tmp_path: Path) -> Fetcher:
    return Fetcher(
        tmp_path / "cache", Hashes.read(tmp_path / "hashes.json"), mirror=tmp_path / "mirror", offline=True
    )


def made_of(name: str, licence_class: str, *rows: Row) -> Source:
    def read(files: Files) -> Iterator[Row]:
        return iter(rows)

    return replace(BY_NAME["gahd_de"], name=name, licence_class=licence_class, origins=(), read=read)


def table_of(path: Path) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = pq.read_table(path).to_pylist()
    return rows


def test_all_sets_become_one_table_with_the_columns_and_classes_promised(
    tmp_path: Path, fetcher: Fetcher
) -> None:
    write_mirror(tmp_path / "mirror")
    reports = build(SOURCES, fetcher, tmp_path / "mix.parquet")
    table = pq.read_table(tmp_path / "mix.parquet")
    assert table.column_names == COLUMNS
    rows = table.to_pylist()
    assert {row["source"] for row in rows} == set(BY_NAME)
    assert {row["licence_class"] for row in rows} == {"permissive", "sharealike", "caution"}
    assert all(any(row[label] != -1 for label in LABELS) for row in rows)
    assert [report.name for report in reports] == [source.name for source in SOURCES]
    assert sum(report.rows for report in reports) == len(rows)
    assert {report.name: report.read for report in reports} == {
        name: len(rows) for name, (_, rows) in COPIES.items()
    }
    assert all(len(report.files) == len(COPIES[report.name][0]) for report in reports)
    assert len(Hashes.read(tmp_path / "hashes.json").known) == sum(len(report.files) for report in reports)


def test_equal_texts_become_one_row_that_knows_what_each_set_knew(tmp_path: Path, fetcher: Fetcher) -> None:
    one = made_of("one", "permissive", Row("Go  Home", 1, labels=six(toxic=1, insult=0)))
    two = made_of(
        "two",
        "permissive",
        Row("go home", 1, labels=six(toxic=1, threat=1, insult=1)),
        Row("Other", 0, labels=six(0)),
    )
    first, second = build([one, two], fetcher, tmp_path / "mix.parquet")
    row, other = table_of(tmp_path / "mix.parquet")
    assert (row["text"], row["source"], row["label"]) == ("Go  Home", "one", 1)
    assert {name: row[name] for name in LABELS} == six(toxic=1, threat=1)  # they disagree on insult
    assert other["source"] == "two"
    assert (first.rows, first.merged, second.rows, second.merged) == (1, 0, 1, 1)


def test_sets_that_disagree_once_stay_unknown_whatever_a_third_says(tmp_path: Path, fetcher: Fetcher) -> None:
    sets = [
        made_of(f"set{n}", "permissive", Row("so it is", label, labels=six(toxic=label, threat=0)))
        for n, label in enumerate((1, 0, 1))
    ]
    build(sets, fetcher, tmp_path / "mix.parquet")
    (row,) = table_of(tmp_path / "mix.parquet")
    assert (row["toxic"], row["threat"], row["label"]) == (-1, 0, -1)


def test_a_stricter_licence_changes_no_row_of_a_freer_one_in_whatever_order(
    tmp_path: Path, fetcher: Fetcher
) -> None:
    strict = made_of("strict", "caution", Row("same", 1, labels=six(1)), Row("alone", 1, labels=six(1)))
    free = made_of("free", "permissive", Row("same", 0, labels=six(toxic=0)))
    build([strict, free], fetcher, tmp_path / "mix.parquet")
    alone, same = table_of(tmp_path / "mix.parquet")
    assert (alone["text"], alone["licence_class"]) == ("alone", "caution")
    assert (same["source"], same["licence_class"]) == ("free", "permissive")
    assert {name: same[name] for name in LABELS} == six(toxic=0)


def test_judged_texts_empty_ones_and_rows_that_know_nothing_stay_out(
    tmp_path: Path, fetcher: Fetcher
) -> None:
    rows = [
        Row("Judged  text", 1, labels=six(1)),
        Row(" \u200b", 1, labels=six(1)),
        Row("says nothing", 0, labels=six()),
    ]
    (report,) = build(
        [made_of("one", "permissive", *rows, Row("kept", 0, labels=six(0)))],
        fetcher,
        tmp_path / "mix.parquet",
        leave_out=["judged text"],
    )
    assert [row["text"] for row in table_of(tmp_path / "mix.parquet")] == ["kept"]
    assert (report.read, report.unusable, report.left_out, report.nothing_known, report.rows) == (
        3,
        1,
        1,
        1,
        1,
    )
    assert "3 rows read (1 / 2), expected 10,979" in report.line()


def test_a_set_that_cannot_be_had_stops_the_build_or_is_told(tmp_path: Path, fetcher: Fetcher) -> None:
    write_mirror(tmp_path / "mirror", "gahd_de")
    sources = [BY_NAME["gahd_de"], BY_NAME["curse_ko"]]
    with pytest.raises(FetchError, match=r"curse_ko: 2runo/.*dataset.txt is not in"):
        build(sources, fetcher, tmp_path / "mix.parquet")
    assert not (tmp_path / "mix.parquet").exists()
    made, missing = build(sources, fetcher, tmp_path / "mix.parquet", skip_missing=True)
    assert made.rows == 2
    assert missing.line().startswith(
        "curse_ko: left out: 2runo/Curse-detection-data@ff241621e103/dataset.txt"
    )


def test_values_that_were_never_in_a_set_are_told_with_its_name(tmp_path: Path, fetcher: Fetcher) -> None:
    write_mirror(tmp_path / "mirror", "gahd_de")
    (tmp_path / "mirror" / "jagol/gahd@2a4e919d5208" / "gahd.csv").write_text(
        "text,label,split\nx,yes,train\n"
    )
    with pytest.raises(SourceFormatError, match=r"gahd_de: its files are not in the format.*'yes'"):
        build([BY_NAME["gahd_de"]], fetcher, tmp_path / "mix.parquet")


def test_the_judged_texts_of_a_folder_are_those_of_its_validation_and_test(tmp_path: Path) -> None:
    for split, text in (("train", "learned"), ("validation", "checked"), ("test", "measured")):
        (tmp_path / f"{split}.csv").write_text(f"comment_text,label\n{text},0\n")
    assert texts_of_splits(str(tmp_path)) == ["checked", "measured"]
