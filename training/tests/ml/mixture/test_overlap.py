"""Judged texts in training rows: equal ones and near-duplicates are found, whatever their dress."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from classifier.inference.sketch import folded, similarity
from training.ml.evaluation.judged_texts import shipped_texts, texts_of
from training.ml.mixture.overlap import find_overlaps, without_overlaps

JUDGED = [
    "Somebody ought to tell that referee where the door of the stadium is",
    "get lost",
    "My aunt was told at the market that her kind should not shop there, and nobody said a word",
]


def test_equal_texts_are_found_in_other_dress_and_at_any_length() -> None:
    rows = ["GET  lost!!", "getting lost in the woods", "\u200bget lost", JUDGED[0].upper() + "?"]
    found = find_overlaps(rows, JUDGED)
    assert [(each.row, each.judged, each.similarity) for each in found] == [
        (0, 1, 1.0),
        (2, 1, 1.0),
        (3, 0, 1.0),
    ]


def test_near_duplicates_are_found_and_texts_about_the_same_thing_are_not() -> None:
    near = JUDGED[2].replace("aunt", "uncle")
    rows = [
        near,
        "At the market my aunt bought onions, and nobody said a word to her about the price",
        JUDGED[2][:50],
    ]
    (found,) = find_overlaps(rows, JUDGED)
    assert (found.row, found.judged) == (0, 2)
    assert found.similarity == pytest.approx(similarity(folded(near), folded(JUDGED[2])))
    assert 0.8 <= found.similarity < 1


def test_rows_beyond_one_block_have_their_own_numbers() -> None:
    rows = [f"row number {n} speaks of the weather in town {n * 7}" for n in range(8_500)]
    rows[8_200] = JUDGED[0]
    assert [each.row for each in find_overlaps(rows, JUDGED)] == [8_200]


def test_what_is_left_out_is_counted_for_the_card() -> None:
    rows = ["a row of its own", "Get lost.", JUDGED[2].replace("aunt", "uncle")]
    keep, report = without_overlaps(rows, JUDGED)
    assert keep == [0]
    assert report.to_dict() == {"judged_texts": 3, "rows": 3, "exact": 1, "near": 1}
    assert report.sentence() == (
        "3 training rows were compared with 3 texts of the test suites; 1 equal ones and 1 near-duplicates were left "
        "out."
    )


def test_the_shipped_suites_are_judged_texts_with_every_term_put_in() -> None:
    shipped = shipped_texts()
    assert "I am gay." in shipped
    assert not any("{identity}" in text for text in shipped)
    (found,) = find_overlaps(["i am  GAY"], shipped)
    assert shipped[found.judged] == "I am gay."


def test_the_sample_for_trying_the_project_holds_no_judged_text() -> None:
    sample = Path(__file__).parents[3] / "data" / "sample"
    rows = [text for split in ("train", "validation") for text in texts_of(sample / f"{split}.parquet")]
    assert len(rows) > 1_000
    assert find_overlaps(rows, shipped_texts()) == []


@pytest.mark.parametrize("suffix", ["csv", "tsv", "jsonl", "json", "parquet", "txt"])
def test_judged_texts_are_read_from_any_kind_of_file(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"judged.{suffix}"
    texts = ["first text", "second, text"]
    if suffix == "parquet":
        pq.write_table(pa.table({"label": [0, 1], "text": texts}), path)
    elif suffix in ("csv", "tsv"):
        comma = "\t" if suffix == "tsv" else ","
        path.write_text(f"label{comma}test_case\n" + "".join(f'0{comma}"{text}"\n' for text in texts))
    elif suffix == "jsonl":
        rows = ({"input": {"via": "a door", "text": text}, "kind": "none of it"} for text in texts)
        path.write_text("\n".join(json.dumps({**row, "expected": {"label": 1}}) for row in rows))
    elif suffix == "json":
        path.write_text(json.dumps([{"comment": {"text": text}} for text in texts]))
    else:
        path.write_text("\n".join(texts))
    read = texts_of(path)
    assert [text for text in read if "text" in text] == texts
    if suffix == "csv":
        path.write_text("a,b\n1,2\n")
        with pytest.raises(ValueError, match="has no column of texts"):
            texts_of(path)
