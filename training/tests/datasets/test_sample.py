"""The shipped sample: small, attributed, loaded once, and the first test set."""

from pathlib import Path

from django.conf import settings as site

from training.datasets.services import dataset_make_test_set, dataset_sample_load
from training.ml.file_format.rows import read_splits
from training.models import Dataset
from training.tests.datasets.conftest import MakeDataset

SAMPLE = Path(site.SAMPLE_DATASET_DIR)


def test_it_is_loaded_once_and_becomes_the_test_set(db: None) -> None:
    first = dataset_sample_load()
    second = dataset_sample_load()
    assert first is not None
    assert second is not None
    assert first.pk == second.pk
    assert Dataset.objects.count() == 1
    assert Dataset.objects.test_set() == first
    assert first.rows == {"train": 3000, "validation": 1000, "test": 1500}
    assert "CC BY-SA 3.0" in first.attribution


def test_another_test_set_is_left_in_its_place(upload: MakeDataset) -> None:
    mine = upload()
    dataset_make_test_set(dataset=mine, by=None)
    dataset_sample_load()
    assert Dataset.objects.test_set() == mine


def test_it_is_small_and_names_its_source() -> None:
    assert sum(path.stat().st_size for path in SAMPLE.glob("*.parquet")) < 1_500_000
    readme = (SAMPLE / "README.md").read_text()
    assert "CC0" in readme
    assert "Attribution-ShareAlike 3.0" in readme


def test_no_text_is_in_two_splits_and_weights_restore_the_mix_of_the_source() -> None:
    splits = read_splits(SAMPLE)
    digests = {split: set(rows.digests()) for split, rows in splits.items()}
    assert not digests["train"] & digests["validation"]
    assert not digests["test"] & (digests["train"] | digests["validation"])
    for rows in splits.values():
        toxic = rows.targets[:, 0] == 1
        assert (rows.targets == 1).sum(axis=0).min() >= 40  # of the rarest label
        assert toxic.mean() > 0.35
        assert 0.09 < rows.weights[toxic].sum() / rows.weights.sum() < 0.10
