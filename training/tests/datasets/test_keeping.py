"""The test set, and deleting: what something still needs stays."""

from pathlib import Path

import pytest
from django.core.exceptions import PermissionDenied

from classifier.models import User
from training.core.errors import NotAllowedNow
from training.datasets.selectors import dataset_sample
from training.datasets.services import dataset_delete, dataset_make_test_set
from training.models import Dataset, Experiment
from training.tests.datasets.conftest import MakeDataset, rows_of


def test_one_data_set_is_the_test_set_at_a_time(upload: MakeDataset, model_admin: User) -> None:
    one, other = upload("One"), upload("Other")
    dataset_make_test_set(dataset=one, by=model_admin)
    dataset_make_test_set(dataset=other, by=model_admin)
    assert list(Dataset.objects.filter(is_test_set=True)) == [other]
    without = upload("Without", train=rows_of(40), validation=rows_of(5, begin=90), test=rows_of(5, begin=70))
    Dataset.objects.filter(pk=without.pk).update(rows={"train": 40})
    without.refresh_from_db()
    with pytest.raises(NotAllowedNow, match="no test rows"):
        dataset_make_test_set(dataset=without, by=model_admin)


def test_deleting_frees_the_name_and_the_disk_and_keeps_the_row(
    upload: MakeDataset, model_admin: User, datasets_dir: Path
) -> None:
    dataset = upload("Mine")
    dataset_delete(dataset=dataset, by=model_admin)
    assert list(datasets_dir.iterdir()) == []
    assert dataset.deleted_at is not None
    assert dataset not in Dataset.objects.usable()
    assert upload("Mine").name == "Mine"
    with pytest.raises(NotAllowedNow, match="deleted already"):
        dataset_delete(dataset=dataset, by=model_admin)


def test_what_is_needed_is_not_deleted(upload: MakeDataset, model_admin: User) -> None:
    dataset = upload()
    dataset_make_test_set(dataset=dataset, by=None)
    with pytest.raises(NotAllowedNow, match="Make another one the test set first"):
        dataset_delete(dataset=dataset, by=model_admin)
    other = upload("Other")
    run = Experiment.objects.create(name="Waiting", recipe="teacher", dataset=other)
    with pytest.raises(NotAllowedNow, match="“Waiting” needs it"):
        dataset_delete(dataset=other, by=model_admin)
    Experiment.objects.filter(pk=run.pk).update(status="cancelled")
    dataset_delete(dataset=other, by=model_admin)
    assert not other.path.exists()


def test_moderators_and_strangers_keep_their_hands_off(
    upload: MakeDataset, moderator: User, stranger: User
) -> None:
    dataset = upload()
    for person in (moderator, stranger):
        with pytest.raises(PermissionDenied, match=r"lacks the permission training\.delete_dataset$"):
            dataset_delete(dataset=dataset, by=person)
        with pytest.raises(PermissionDenied, match=r"lacks the permission training\.change_dataset$"):
            dataset_make_test_set(dataset=dataset, by=person)
    assert dataset.file("train").is_file()


def test_sample_pages_hold_every_row_once_in_the_same_order(upload: MakeDataset) -> None:
    dataset = upload(train=rows_of(23), validation=rows_of(3, begin=50), test=rows_of(3, begin=60))
    pages = [dataset_sample(dataset=dataset, page=number) for number in (1, 2, 3)]
    numbers = [row.number for page in pages for row in page.rows]
    assert sorted(numbers) == list(range(1, 24))
    assert numbers != sorted(numbers)
    assert dataset_sample(dataset=dataset, page=2) == pages[1]
    assert [page.pages for page in pages] == [3, 3, 3]
