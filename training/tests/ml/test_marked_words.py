"""A version's reasons are held against the words that moderators marked, where there are any."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from classifier.tests.tiny_artifact import WORDS, tiny_artifact
from training.ml.data.tables import TextTable
from training.ml.evaluation import evaluate
from training.ml.evaluation.marked_words import agreement, marked_words
from training.ml.evaluation.subject import ServedModel


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_artifact(tmp_path_factory.mktemp("models") / "model")


@pytest.fixture(scope="module")
def table(model: Path) -> TextTable:
    """Each removed text is marked where this very model is pushed hardest, and one approved text anywhere."""
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(WORDS, 6, replace=False)) for _ in range(24)]
    bad = np.array([[float(row % 2)] for row in range(24)], np.float32)
    subject = ServedModel(model, "fp32")
    marks: list[list[list[int]]] = [[] for _ in texts]
    for row in (1, 3, 5):
        hardest = max(subject.explain(texts[row], "toxic"), key=lambda word: word["value"])
        marks[row] = [[hardest["begin"], hardest["end"]]]
    marks[0] = [[0, 3]]
    return TextTable(texts, bad, np.ones(24, np.float32), ("toxic",), None, list(marks))


def words(*values: float) -> list[dict[str, float]]:
    return [{"begin": 4 * n, "end": 4 * n + 3, "value": value} for n, value in enumerate(values)]


def test_it_is_the_share_of_marked_words_among_as_many_that_push_hardest() -> None:
    assert agreement(words(0.1, 2.0, -3.0, 1.0), [[4, 7], [8, 11]]) == (2, 0.5, 0.5)
    assert agreement(words(0.1, 2.0, -3.0, 1.0), [[4, 15]]) == (3, 2 / 3, 0.75)
    assert agreement(words(0.1, 2.0, -3.0, 1.0), [[5, 6]]) == (1, 1.0, 0.25)


def test_rows_that_tell_nothing_do_not_count() -> None:
    assert agreement(words(1.0, 2.0), [[0, 7]]) is None
    assert agreement(words(1.0, 2.0), [[3, 4]]) is None
    assert agreement([], [[0, 3]]) is None


def test_a_report_tells_it_of_removed_texts_with_marks(model: Path, table: TextTable) -> None:
    report = evaluate(model, table, backend="fp32", resamples=5, speed=False, own_suites=False).to_dict()
    found = report["marked_words"]
    assert (found["label"], found["rows"], found["words"]) == ("toxic", 3, 3)
    assert (found["share"], found["low"], found["high"]) == (1.0, 1.0, 1.0)
    assert found["chance"] == pytest.approx(1 / 6, abs=0.01)


def test_marks_on_the_words_that_push_least_lower_it(model: Path, table: TextTable) -> None:
    subject = ServedModel(model, "fp32")
    least = min(subject.explain(table.texts[1], "toxic"), key=lambda word: word["value"])
    assert table.marks is not None
    other = [[[least["begin"], least["end"]]] if row == 1 else spans for row, spans in enumerate(table.marks)]
    found = marked_words(subject, replace(table, marks=list(other)), "toxic")
    assert found is not None
    assert found["share"] == pytest.approx(2 / 3)
    assert found["low"] < found["share"] < found["high"]


def test_without_marks_there_is_no_such_measure(model: Path, table: TextTable) -> None:
    subject = ServedModel(model, "fp32")
    assert marked_words(subject, replace(table, marks=None), "toxic") is None
    assert marked_words(subject, replace(table, marks=[[] for _ in table.texts]), "toxic") is None
