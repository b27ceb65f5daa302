"""Model versions are checked, copied whole, and put into production one at a time."""

from pathlib import Path

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command

from classifier.core.errors import ArtifactRejected, NothingToRollBackTo
from classifier.model_versions.services import (
    model_version_activate,
    model_version_register,
    model_version_roll_back,
)
from classifier.models import ModelVersion, User
from classifier.tests.tiny_artifact import tiny_artifact
from toxicsite.lib.lifecycle import IllegalTransition, LostRace

pytestmark = pytest.mark.django_db
Pair = tuple[ModelVersion, ModelVersion]


def test_registering_copies_the_artifact_and_makes_a_candidate(
    models_dir: Path, artifacts: tuple[Path, Path]
) -> None:
    version = model_version_register(directory=artifacts[0])
    assert version.status == "candidate"
    assert version.path == models_dir / version.version
    assert sorted(file.name for file in version.path.iterdir()) == sorted(
        file.name for file in artifacts[0].iterdir()
    )
    assert [folder.name for folder in models_dir.iterdir()] == [version.version]


def test_registering_twice_gives_the_same_version(candidates: Pair, artifacts: tuple[Path, Path]) -> None:
    assert model_version_register(directory=artifacts[0]) == candidates[0]
    assert ModelVersion.objects.count() == 2


def test_a_changed_artifact_is_refused(models_dir: Path, tmp_path: Path) -> None:
    folder = tiny_artifact(tmp_path / "changed", seed=5)
    (folder / "README.md").write_text("another")
    with pytest.raises(ArtifactRejected, match=r"^README\.md in"):
        model_version_register(directory=folder)
    assert not ModelVersion.objects.exists()
    assert not models_dir.exists()


def test_the_same_weights_with_another_threshold_need_another_name(models_dir: Path, tmp_path: Path) -> None:
    model_version_register(directory=tiny_artifact(tmp_path / "a", seed=5))
    with pytest.raises(ArtifactRejected, match="already registered"):
        model_version_register(directory=tiny_artifact(tmp_path / "b", seed=5, threshold=0.7))
    other = tiny_artifact(tmp_path / "c", seed=5, threshold=0.7, name="strict")
    assert model_version_register(directory=other).threshold == 0.7


def test_activating_retires_the_one_before_and_tells_who_and_why(candidates: Pair, model_admin: User) -> None:
    one, two = candidates
    model_version_activate(model_version=one, by=None)
    model_version_activate(model_version=two, by=model_admin, reason="fewer false alarms")
    one.refresh_from_db()
    assert (one.status, two.status) == ("retired", "active")
    event = two.history.get()
    assert (event.old, event.new, event.actor, event.reason) == (
        "candidate",
        "active",
        model_admin,
        "fewer false alarms",
    )
    assert two.version in one.history.get(new="retired").reason


def test_activating_the_active_version_is_refused(active_version: ModelVersion) -> None:
    with pytest.raises(IllegalTransition, match=r"^tiny-\w{8} is the active version already$"):
        model_version_activate(model_version=active_version, by=None)


def test_activating_with_a_stale_object_changes_nothing(candidates: Pair) -> None:
    one, two = candidates
    stale = ModelVersion.objects.get(pk=one.pk)
    model_version_activate(model_version=one, by=None)
    model_version_activate(model_version=two, by=None)
    with pytest.raises(LostRace, match=r"^model version \d+ is no longer candidate$"):
        model_version_activate(model_version=stale, by=None)
    assert ModelVersion.objects.active() == two


def test_a_version_whose_files_are_damaged_is_not_activated(candidates: Pair) -> None:
    one, two = candidates
    model_version_activate(model_version=one, by=None)
    (two.path / "model.safetensors").write_bytes(b"damaged")
    with pytest.raises(
        ArtifactRejected, match=r"^The files of tiny-\w{8} are damaged: model\.safetensors in"
    ):
        model_version_activate(model_version=two, by=None)
    assert ModelVersion.objects.active() == one


def test_who_is_no_model_admin_may_not_activate(candidates: Pair, moderator: User) -> None:
    with pytest.raises(PermissionDenied, match=r"lacks the permission classifier\.activate_modelversion$"):
        model_version_activate(model_version=candidates[0], by=moderator)
    assert ModelVersion.objects.active() is None


def test_rolling_back_walks_back_through_what_was_in_production(
    candidates: Pair, models_dir: Path, tmp_path: Path
) -> None:
    three = model_version_register(directory=tiny_artifact(tmp_path / "three", seed=3))
    for version in (*candidates, three):
        model_version_activate(model_version=version, by=None)
    assert model_version_roll_back(by=None) == candidates[1]
    assert model_version_roll_back(by=None) == candidates[0]
    with pytest.raises(
        NothingToRollBackTo, match=r"^No other version was in production before the active one\.$"
    ):
        model_version_roll_back(by=None)
    assert ModelVersion.objects.active() == candidates[0]


def test_the_command_activates_only_when_none_is_active(
    models_dir: Path, artifacts: tuple[Path, Path]
) -> None:
    for folder in artifacts:
        call_command("load_model", folder, "--activate-if-none")
    assert ModelVersion.objects.count() == 2
    first = ModelVersion.objects.active()
    assert first is not None
    call_command("load_model", artifacts[1], "--activate")
    assert ModelVersion.objects.active() != first
    call_command("load_model", artifacts[1], "--activate")


def test_the_command_says_in_a_sentence_what_is_wrong(models_dir: Path, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no usable model"):
        call_command("load_model", tmp_path)
