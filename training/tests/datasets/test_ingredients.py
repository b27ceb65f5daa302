"""What a model learns from: sources of datasets, of mixtures and of mixtures in them; what may be passed on."""

import json
from pathlib import Path
from typing import Any

import pytest

from classifier.models import User
from training.core.errors import DatasetRejected, NotAllowedNow
from training.datasets.ingredients import ingredients_of, licence_class_of_dataset
from training.datasets.mixtures import MixturePart, dataset_mix
from training.datasets.services import dataset_from_upload
from training.experiments.artifact_zip import check_folder_to_pass_on
from training.models import Dataset
from training.tests.datasets.conftest import MakeDataset, as_csv, rows_of, uploaded


def make(name: str, begin: int, by: User | None, *, source: str = "", **licence: Any) -> Dataset:
    rows = [{**row, "source": source} for row in rows_of(40, begin=begin)]
    return dataset_from_upload(
        name=name,
        files={"train": uploaded("train.csv", as_csv(rows))},
        text_column="text",
        label_columns=["toxic"],
        by=by,
        **licence,
    )


@pytest.mark.django_db
def test_the_class_is_the_one_chosen_else_that_of_the_name(model_admin: User) -> None:
    named = make("Named", 0, model_admin, license_name="CC-BY-NC-4.0")
    chosen = make("Chosen", 100, model_admin, license_name="house terms", licence_class="permissive")
    assert licence_class_of_dataset(named) == "noncommercial"
    assert licence_class_of_dataset(chosen) == "permissive"
    with pytest.raises(DatasetRejected, match="There is no class 'free'"):
        make("Wrong", 200, model_admin, licence_class="free")


@pytest.mark.django_db
def test_rows_of_public_sets_stand_under_their_own_licence(model_admin: User) -> None:
    public = make("Public", 0, model_admin, source="ruddit_en", license_name="MIT", attribution="Us")
    (one,) = ingredients_of(public)
    assert (one.name, one.licence_class, one.rows) == ("ruddit_en", "caution", public.rows["train"])
    assert one.attribution.startswith("Hada et al. 2021")
    assert licence_class_of_dataset(public) == "caution"


@pytest.mark.django_db
def test_a_class_that_was_chosen_binds_rows_of_public_sets_too(model_admin: User) -> None:
    closed = make("Closed", 0, model_admin, source="convabuse_en", licence_class="noncommercial")
    (one,) = ingredients_of(closed)
    assert (one.licence_class, one.licence) == ("noncommercial", "CC-BY-4.0, taken as noncommercial")
    assert licence_class_of_dataset(closed) == "noncommercial"
    freed = make("Freed", 100, model_admin, source="ruddit_en", licence_class="permissive")
    assert licence_class_of_dataset(freed) == "caution"  # the catalogue's class is never loosened
    mixture = dataset_mix(
        name="Both",
        parts=[(closed, 1.0), (make("More", 200, model_admin, license_name="MIT"), 1.0)],
        by=model_admin,
    )
    assert mixture.licence_class == "noncommercial"


@pytest.mark.django_db
def test_a_mixture_names_the_sources_of_its_parts_with_rows_and_weight(
    upload: MakeDataset, model_admin: User
) -> None:
    free = make("Free", 0, model_admin, license_name="MIT", attribution="Us")
    closed = make("Closed", 100, model_admin, source="reddit_br_pt")
    inner = dataset_mix(
        name="Inner",
        parts=[MixturePart(free, 2.0), MixturePart(closed, most_rows=10)],
        by=model_admin,
    )
    listed = {one.name: one for one in ingredients_of(inner)}
    assert (listed["Free"].rows, listed["Free"].weight) == (free.rows["train"], 2.0 * free.rows["train"])
    assert (listed["reddit_br_pt"].rows, listed["reddit_br_pt"].licence_class) == (10, "caution")
    assert inner.licence_class == "caution"
    assert inner.parts[1]["most_rows"] == 10
    outer = dataset_mix(
        name="Outer", parts=[(inner, 0.5), (make("More", 200, model_admin), 1.0)], by=model_admin
    )
    again = {one.name: one for one in ingredients_of(outer)}
    assert again["Free"].weight == pytest.approx(free.rows["train"])
    assert again["reddit_br_pt"].rows == 10
    assert outer.licence_class == "unknown"  # “More” names no licence


def test_a_folder_whose_licences_forbid_it_is_not_sent_to_pass_on(tmp_path: Path) -> None:
    def manifest(*sources: dict[str, Any]) -> None:
        (tmp_path / "manifest.json").write_text(json.dumps({"sources": list(sources)}))

    manifest({"name": "forum", "licence": "MIT", "licence_class": "permissive"})
    check_folder_to_pass_on(tmp_path)
    manifest({"name": "paper", "licence": "CC-BY-NC-4.0", "licence_class": "noncommercial"})
    with pytest.raises(NotAllowedNow, match=r"“paper” .*not for commercial use"):
        check_folder_to_pass_on(tmp_path)
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(NotAllowedNow, match="nothing says what it learned from"):
        check_folder_to_pass_on(tmp_path)
