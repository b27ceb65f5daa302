"""What is told of a dataset: labels, lengths, copies, near copies, contradictions, leakage."""

from pathlib import Path

import numpy as np
import pytest

from classifier.tests.tiny_artifact import tiny_artifact
from training.ml.data.near_duplicates import near_pairs
from training.ml.data.report import describe
from training.ml.data.tables import TextTable

LONG = "please stop adding your own website to the list of links at the end of this page"


def table(rows: list[tuple[str, int, int]], sources: list[str] | None = None) -> TextTable:
    targets = np.array([row[1:] for row in rows], np.float32).reshape(len(rows), 2)
    return TextTable(
        [row[0] for row in rows], targets, np.ones(len(rows), np.float32), ("toxic", "insult"), sources
    )


TRAIN = table(
    [
        ("you fool", 1, 1),
        ("You  FOOL", 0, 1),
        ("thank you", 0, 0),
        (LONG, 0, -1),
        (LONG + " thanks", 0, 0),
        ("", 0, 0),
    ],
    ["a", "a", "b", "b", "b", "a"],
)
TEST = table([("thank you", 0, 0), (LONG.upper() + "!", 0, 0), ("something else", 1, -1)])


def test_labels_are_counted_alone_and_together() -> None:
    found = describe({"train": TRAIN, "test": TEST})["splits"]["train"]
    assert found["labels"]["toxic"] == {"known": 6, "positives": 1, "rate": 1 / 6, "weighted_rate": 1 / 6}
    assert found["labels"]["insult"]["known"] == 5
    assert found["together"] == {"toxic": {"toxic": 1, "insult": 1}, "insult": {"toxic": 1, "insult": 2}}
    assert (found["rows"], found["any_positive"], found["empty"]) == (6, 2, 1)
    assert found["sources"] == {"a": 3, "b": 3}


def test_weights_count_in_rates() -> None:
    weighted = TextTable(
        ["a", "b"], np.array([[1], [0]], np.float32), np.array([1, 3], np.float32), ("toxic",)
    )
    assert describe({"train": weighted})["splits"]["train"]["labels"]["toxic"]["weighted_rate"] == 0.25


def test_copies_and_their_contradictions_are_found() -> None:
    found = describe({"train": TRAIN, "test": TEST})["splits"]["train"]
    assert found["duplicates"] == {"groups": 1, "rows": 1, "examples": [[0, 1]]}
    assert found["conflicts"] == {"groups": 1, "examples": [{"rows": [0, 1], "labels": ["toxic"]}]}


def test_near_copies_are_found_within_and_between_splits() -> None:
    found = describe({"test": TEST, "train": TRAIN})
    assert found["splits"]["train"]["near_duplicates"] == {"groups": 1, "rows": 1, "examples": [[3, 4]]}
    [leak] = found["leakage"]
    assert (leak["from"], leak["into"]) == ("train", "test")
    assert (leak["rows"], leak["examples"]) == (1, [{"row": 0, "other_row": 2}])
    assert (leak["near"]["rows"], leak["near"]["examples"]) == (1, [{"row": 1, "other_row": 3}])


def test_lengths_are_told_in_words_and_wordpieces(tmp_path: Path) -> None:
    tokenizer = tiny_artifact(tmp_path / "model") / "tokenizer.json"
    found = describe({"train": TRAIN}, tokenizer)["splits"]["train"]
    assert found["words"]["max"] == 18
    assert sum(one["rows"] for one in found["words"]["histogram"]) == 6
    assert found["wordpieces"]["max"] > found["words"]["max"]
    assert describe({"train": TRAIN})["splits"]["train"]["wordpieces"] is None


def test_an_empty_split_is_described_too() -> None:
    found = describe({"train": table([])})
    assert found["splits"]["train"]["rows"] == 0
    assert found["leakage"] == []


def test_different_texts_are_no_near_copies_however_many_there_are() -> None:
    rng = np.random.default_rng(0)
    words = [f"w{i}" for i in range(500)]
    texts = [" ".join(rng.choice(words, 20)) for _ in range(3000)]
    texts += [texts[7] + " more", *["the same form letter as ever for you to read now"] * 100]
    pairs = near_pairs(texts)
    assert [7, 3000] in pairs.tolist()
    assert {row for pair in pairs.tolist() for row in pair} - {7, 3000} == set(range(3001, 3101))


@pytest.mark.parametrize("text", ["", "one", "a few words only", "! ? ."])
def test_short_texts_are_never_near_copies(text: str) -> None:
    assert len(near_pairs([text, text])) == 0
