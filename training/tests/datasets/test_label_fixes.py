"""A label that looks wrong is corrected by a row of its own; the frozen file stays, what is made of it next changes."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, transaction

from classifier.models import AuditEntry, ModelVersion, User
from classifier.review.decisions import decision_record
from classifier.tests.conftest import active_version, artifacts, candidates, models_dir
from training.core.errors import DatasetRejected, NotAllowedNow
from training.datasets.from_decisions import dataset_from_decisions
from training.datasets.label_corrections import (
    dataset_correct,
    fixes_of,
    label_fix,
    label_fix_undo,
    standing_fixes,
)
from training.datasets.mixtures import dataset_mix
from training.ml.file_format.rows import read_splits
from training.models import Dataset, LabelFix
from training.tests.datasets.conftest import MakeDataset, rows_of
from training.tests.datasets.test_decisions import comments, decide, frozen_rows

__all__ = ["active_version", "artifacts", "candidates", "models_dir"]


def fix(dataset: Dataset, row: int = 0, by: User | None = None, **more: Any) -> LabelFix:
    return label_fix(**{"dataset": dataset, "split": "train", "row": row, "label": "toxic", "by": by, **more})


def text_of(dataset: Dataset, row: int) -> str:
    return read_splits(dataset.path)["train"].texts[row]


def test_it_is_kept_with_who_and_when_and_the_file_stays(write: MakeDataset, model_admin: User) -> None:
    dataset = write()
    before = frozen_rows(dataset)
    made = fix(dataset, 2, model_admin)
    given = int(before[text_of(dataset, 2)]["toxic"])
    assert (made.given, made.fixed, made.by) == (given, 1 - given, model_admin)
    assert frozen_rows(dataset) == before
    entry = AuditEntry.objects.get(verb="dataset.fix_label")
    place = {"split": "train", "row": 2, "label": "toxic"}
    assert (entry.actor, entry.data) == (model_admin, {**place, "given": given, "fixed": 1 - given})


def test_taking_it_back_is_a_row_too_and_happens_once(write: MakeDataset, model_admin: User) -> None:
    dataset = write()
    made = fix(dataset, by=model_admin)
    with pytest.raises(NotAllowedNow, match="corrected already"):
        fix(dataset)
    undo = label_fix_undo(fix=made, by=model_admin)
    assert (undo.undoes, list(standing_fixes())) == (made, [])
    for again, why in ((made, "was taken back already"), (undo, "is not a correction")):
        with pytest.raises(NotAllowedNow, match=rf"^This (correction )?{why}\.$"):
            label_fix_undo(fix=again, by=model_admin)
    assert AuditEntry.objects.filter(verb="dataset.undo_fix").count() == 1
    assert fix(dataset).pk != made.pk  # and it can be corrected once more


def test_nothing_of_it_can_be_changed_in_the_database(write: MakeDataset) -> None:
    made = fix(write())
    for statement in ("UPDATE training_labelfix SET fixed = -1", "DELETE FROM training_labelfix"):
        with (
            pytest.raises(DatabaseError, match=r"^training_labelfix is append-only"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)
    assert LabelFix.objects.get() == made


def test_the_corrected_data_set_holds_them_and_nothing_else_changes(write: MakeDataset) -> None:
    dataset = write()
    fix(dataset, 0)
    label_fix_undo(fix=fix(dataset, 1), by=None)
    made = dataset_correct(dataset=dataset, by=None)
    old, new = frozen_rows(dataset), frozen_rows(made)
    assert {text for text in old if old[text] != new[text]} == {text_of(dataset, 0)}
    assert (made.kind, made.rows) == ("corrected", dataset.rows)
    assert made.statistics["corrected"] == 1
    assert made.fingerprints["train"] != dataset.fingerprints["train"]
    assert made.fingerprints["test"] == dataset.fingerprints["test"]
    with pytest.raises(DatasetRejected, match="No label"):
        dataset_correct(dataset=made, by=None)


def test_a_mixture_takes_them_over(write: MakeDataset) -> None:
    dataset, other = write(), write("Other", rows=rows_of(60, begin=100))
    fix(dataset)
    text = text_of(dataset, 0)
    mixed = dataset_mix(name="Mixed", parts=[(dataset, 1.0), (other, 1.0)], by=None)
    assert frozen_rows(mixed)[text]["toxic"] == 1 - frozen_rows(dataset)[text]["toxic"]


def test_the_next_data_set_of_decisions_takes_them_over_unless_decided_since(
    active_version: ModelVersion, moderator: User
) -> None:
    found = comments(active_version, [f"words {i}" for i in range(30)])
    decide(found, moderator)
    first = dataset_from_decisions(name="First", by=None)
    fix(first, 0)
    fix(first, 1)
    one, two = text_of(first, 0), text_of(first, 1)
    again = next(comment for comment in found if comment.text == two)
    again.refresh_from_db()
    assert again.current_decision is not None
    action = again.current_decision.action
    decision_record(comment=again, action=action, by=moderator, seen_decision_id=again.current_decision_id)
    second = dataset_from_decisions(name="Second", by=None)
    old, new = frozen_rows(first), frozen_rows(second)
    assert new[one]["toxic"] == 1 - old[one]["toxic"]
    assert new[two]["toxic"] == old[two]["toxic"]
    assert second.statistics["decisions"]["fixed"] == 1


@pytest.mark.parametrize(
    "wrong", [{"row": 9_999}, {"label": "insult"}, {"split": "nowhere"}, {"split": "../train"}]
)
def test_a_place_that_is_not_there_is_refused(write: MakeDataset, wrong: dict[str, Any]) -> None:
    with pytest.raises(NotAllowedNow, match=r"^“Some rows” has no"):
        fix(write(), **wrong)
    assert not LabelFix.objects.exists()


def test_unknown_labels_and_golden_items_are_not_corrected_here(write: MakeDataset) -> None:
    dataset = write(rows=[{**row, "toxic": -1} for row in rows_of(20)])
    with pytest.raises(NotAllowedNow, match="not known"):
        fix(dataset, 5)
    Dataset.objects.filter(pk=dataset.pk).update(kind="golden")
    with pytest.raises(NotAllowedNow, match="correct the known answer"):
        fix(Dataset.objects.get(pk=dataset.pk))


def test_moderators_correct_nothing(write: MakeDataset, moderator: User, model_admin: User) -> None:
    dataset = write()
    with pytest.raises(PermissionDenied, match=r"lacks the permission training\.add_dataset$"):
        fix(dataset, by=moderator)
    made = fix(dataset, by=model_admin)
    with pytest.raises(PermissionDenied, match=r"lacks the permission training\.add_dataset$"):
        label_fix_undo(fix=made, by=moderator)
    assert fixes_of(dataset) == [
        {"split": "train", "row": 0, "label": "toxic", "fixed": made.fixed},
    ]
