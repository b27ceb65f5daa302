"""A damaged copy of the shipped model is made again; every other damage is told by the file's name."""

import shutil
from pathlib import Path

import pytest
from django.core.management import call_command
from pytest_django import Settings

from classifier.core.errors import ArtifactRejected
from classifier.inference.artifact import verify
from classifier.model_versions.model_files import files_check, files_damage, files_restore
from classifier.model_versions.services import model_version_activate
from classifier.models import ModelVersion
from classifier.tests.model_versions.damaged_files.conftest import Damage, Pair, every_damage, flip

pytestmark = pytest.mark.django_db


@every_damage
def test_the_damaged_file_is_named(candidates: Pair, no_shipped_model: None, damage: Damage) -> None:
    version = candidates[0]
    assert files_damage(version) == []
    name = damage(version.path)
    assert any(name in sentence for sentence in files_damage(version))
    with pytest.raises(ArtifactRejected, match=name):
        files_check(version)


def test_all_damaged_files_are_named(candidates: Pair) -> None:
    for name in ("model.safetensors", "tokenizer.json"):
        flip(candidates[0].path / name)
    (candidates[0].path / "README.md").unlink()
    told = " ".join(files_damage(candidates[0]))
    assert all(name in told for name in ("model.safetensors", "tokenizer.json", "README.md"))


@every_damage
def test_a_start_makes_the_copy_of_the_shipped_model_again(
    active_version: ModelVersion, shipped: Path, damage: Damage
) -> None:
    damage(active_version.path)
    call_command("load_model", shipped, "--activate-if-none")
    assert verify(active_version.path).raw == active_version.manifest
    assert ModelVersion.objects.active() == active_version
    assert active_version.history.count() == 1


def test_what_is_none_of_the_models_files_is_kept_beside_it(
    active_version: ModelVersion, shipped: Path, models_dir: Path
) -> None:
    (active_version.path / "notes.txt").write_text("a note of the operator")
    assert files_restore(active_version)
    assert files_damage(active_version) == []
    kept = models_dir / f".not-of-{active_version.directory}" / "notes.txt"
    assert kept.read_text() == "a note of the operator"
    assert {entry.name for entry in models_dir.iterdir()} >= {kept.parent.name, active_version.directory}
    assert not list(models_dir.glob(".incoming-*"))


def test_a_version_that_is_no_copy_of_the_shipped_one_is_left_as_it_is(
    candidates: Pair, shipped: Path
) -> None:
    flip(candidates[1].path / "model.safetensors")
    before = (candidates[1].path / "model.safetensors").read_bytes()
    assert not files_restore(candidates[1])
    assert (candidates[1].path / "model.safetensors").read_bytes() == before


def test_a_damaged_shipped_model_mends_nothing(
    active_version: ModelVersion, shipped: Path, tmp_path: Path, settings: Settings
) -> None:
    broken = tmp_path / "shipped"
    shutil.copytree(shipped, broken)
    flip(broken / "model.safetensors")
    settings.STARTER_MODEL_DIR = broken
    (active_version.path / "config.json").unlink()
    assert not files_restore(active_version)
    assert [name for name in files_damage(active_version) if "config.json" in name]


def test_a_damaged_version_goes_into_production_once_its_copy_is_made_again(
    candidates: Pair, shipped: Path
) -> None:
    flip(candidates[0].path / "model.safetensors")
    model_version_activate(model_version=candidates[0], by=None)
    assert files_damage(candidates[0]) == []


def test_a_manifest_that_was_changed_keeps_a_version_out_of_production(
    candidates: Pair, no_shipped_model: None
) -> None:
    path = candidates[0].path / "manifest.json"
    path.write_text(path.read_text().replace('"toxic": 0.5', '"toxic": 0.9'))
    with pytest.raises(ArtifactRejected, match=r"manifest\.json"):
        model_version_activate(model_version=candidates[0], by=None)
    assert ModelVersion.objects.active() is None
