"""Words that moderators marked lie in the frozen files as spans, and find their place in the normalised text."""

import pytest

from classifier.models import Comment, ModelVersion, User
from classifier.review.decisions import decision_record
from classifier.tests.conftest import active_version, artifacts, candidates, models_dir
from training.datasets.from_decisions import dataset_from_decisions
from training.datasets.mixtures import dataset_mix
from training.ml.data.tables import load_table, normalised_marks
from training.ml.file_format.rows import read_splits
from training.models import Dataset
from training.tests.datasets.conftest import MakeDataset, rows_of
from training.tests.datasets.test_decisions import comments, decide

__all__ = ["active_version", "artifacts", "candidates", "models_dir"]
TEXT = "you  total\u200bfool number 0"


@pytest.fixture
def frozen(active_version: ModelVersion, moderator: User) -> Dataset:
    found = comments(active_version, [TEXT, *(f"words {i}" for i in range(30))])
    marks = [{"begin": 5, "end": 10}, {"begin": 11, "end": 15}]
    decision_record(comment=found[0], action="remove", marks=marks, by=moderator)
    decide(found[1:], moderator)
    return dataset_from_decisions(name="Marked", by=None)


def marked_of(dataset: Dataset) -> dict[str, list[str]]:
    return {
        text: [text[begin:end] for begin, end in spans]
        for rows in read_splits(dataset.path).values()
        for text, spans in zip(rows.texts, rows.marks, strict=True)
        if spans
    }


def test_spans_point_into_the_frozen_text_as_it_was_written(frozen: Dataset) -> None:
    assert marked_of(frozen) == {TEXT: ["total", "fool"]}
    assert frozen.labels == ["toxic"]
    assert frozen.statistics["decisions"]["marked"] == 1


def test_a_mixture_keeps_them(frozen: Dataset, upload: MakeDataset) -> None:
    mixed = dataset_mix(
        name="Mixed", parts=[(frozen, 1.0), (upload("Public", train=rows_of(60)), 1.0)], by=None
    )
    assert marked_of(mixed) == {TEXT: ["total", "fool"]}


def test_a_run_reads_them_in_the_normalised_text(frozen: Dataset) -> None:
    [split] = [name for name, rows in read_splits(frozen.path).items() if TEXT in rows.texts]
    table = load_table(str(frozen.file(split)), split, text_column="text", labels=frozen.labels)
    assert table.marks is not None
    place = table.texts.index("you totalfool number 0")
    assert [table.texts[place][begin:end] for begin, end in table.marks[place]] == ["total", "fool"]
    taken = table.take([place])
    assert taken.marks == [table.marks[place]]
    assert taken.fingerprint() == taken.take([0]).fingerprint()


def test_data_sets_without_marks_have_no_such_column(upload: MakeDataset) -> None:
    plain = upload()
    table = load_table(str(plain.file("train")), "train", text_column="text", labels=plain.labels)
    assert table.marks is None


def test_a_mark_on_what_normalising_removes_is_gone() -> None:
    assert normalised_marks(["a\u200bb"], [[[1, 2]]]) == [[]]
    assert normalised_marks(["e\u0301tat"], [[[1, 2]]]) == [[[0, 1]]]


def test_a_text_of_html_is_frozen_as_the_model_reads_it_with_its_marks(
    active_version: ModelVersion, moderator: User
) -> None:
    html = "<p>you <b>to</b>ad &amp; fool</p>"
    found = comments(active_version, [html, *(f"words {i}" for i in range(30))])
    Comment.objects.filter(pk=found[0].pk).update(text_format="html")
    begin, end = html.index("to<"), html.index("ad") + 2
    decision_record(comment=found[0], action="remove", marks=[{"begin": begin, "end": end}], by=moderator)
    decide(found[1:], moderator)
    assert marked_of(dataset_from_decisions(name="Marked", by=None)) == {"you toad & fool\n": ["toad"]}
