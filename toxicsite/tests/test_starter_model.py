"""The shipped models at a start: what is loaded, what is offered, and what happens where one is damaged."""

import os
import shutil
from pathlib import Path

import pytest
from django.core.management import CommandError
from django.test import Client
from pytest_django import Settings

from classifier.inference.artifact import Manifest, load_manifest
from classifier.model_versions import model_files
from classifier.model_versions.language_slots import slot_empty
from classifier.model_versions.model_files import files_check, files_damage
from classifier.model_versions.services import model_version_activate, model_version_register
from classifier.models import LanguageSlot, ModelVersion
from classifier.tests.tiny_artifact import tiny_artifact
from toxicsite.launcher import prepare

pytestmark = pytest.mark.django_db


def test_a_start_goes_on_with_the_active_version_where_the_shipped_one_is_damaged(
    tmp_path: Path, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.MODELS_DIR = tmp_path / "models"
    shipped, broken = tiny_artifact(tmp_path / "shipped"), tmp_path / "broken"
    active_version = model_version_register(directory=shipped)
    model_version_activate(model_version=active_version, by=None)
    shutil.copytree(shipped, broken)
    (broken / "model.safetensors").write_bytes(b"damaged")
    prepare._load_starter(broken)
    assert "model.safetensors" in capsys.readouterr().err
    ModelVersion.objects.filter(pk=active_version.pk).update(status="retired")
    with pytest.raises(CommandError, match=r"model\.safetensors"):
        prepare._load_starter(broken)


@pytest.fixture
def shipped(tmp_path: Path, settings: Settings) -> tuple[Path, Path]:
    """The starter of this release and the one before."""
    settings.MODELS_DIR = tmp_path / "models"
    settings.STARTER_MODEL_DIR = tiny_artifact(tmp_path / "starter", seed=1, languages=("en",))
    settings.EARLIER_STARTER_DIR = tiny_artifact(tmp_path / "earlier", seed=2)
    settings.MULTILINGUAL_STARTER_DIR = tmp_path / "multilingual"
    return settings.STARTER_MODEL_DIR, settings.EARLIER_STARTER_DIR


def test_a_new_installation_starts_with_the_starter_and_keeps_the_one_before_beside_it(
    shipped: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    prepare._load_shipped_models()
    assert ModelVersion.objects.active() == ModelVersion.objects.get(
        version=load_manifest(shipped[0]).version
    )
    assert ModelVersion.objects.count() == 2
    assert capsys.readouterr().out == ""


def test_an_upgrade_offers_the_new_starter_once_and_leaves_production_alone(
    shipped: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    earlier = model_version_register(directory=shipped[1])
    model_version_activate(model_version=earlier, by=None)
    prepare._load_shipped_models()
    offered = load_manifest(shipped[0]).version
    assert ModelVersion.objects.active() == earlier
    assert ModelVersion.objects.get(version=offered).status == "candidate"
    assert f"a new starter model, {offered}. {earlier} stays in production" in capsys.readouterr().out
    prepare._load_shipped_models()
    assert capsys.readouterr().out == ""


@pytest.fixture
def multilingual(shipped: tuple[Path, Path], settings: Settings) -> str:
    """The version of a multilingual starter that this release ships too, for German, Korean and English."""
    folder = tiny_artifact(
        settings.MULTILINGUAL_STARTER_DIR, seed=3, name="many", languages=("de", "en", "ko")
    )
    return load_manifest(folder).version


def test_on_a_new_site_the_multilingual_starter_judges_its_languages(multilingual: str) -> None:
    prepare._load_shipped_models()
    slots = LanguageSlot.objects.select_related("model_version").order_by("language")
    assert [(slot.language, slot.model_version.version) for slot in slots if slot.model_version] == [
        ("de", multilingual),
        ("ko", multilingual),
    ]
    slot_empty(language="ko", by=None)
    prepare._load_shipped_models()
    assert [slot.language for slot in LanguageSlot.objects.all()] == ["de"]


def test_an_upgrade_says_that_the_multilingual_starter_is_there_and_gives_it_nothing(
    shipped: tuple[Path, Path], multilingual: str, capsys: pytest.CaptureFixture[str]
) -> None:
    model_version_activate(model_version=model_version_register(directory=shipped[0]), by=None)
    prepare._load_shipped_models()
    told = capsys.readouterr().out
    assert f"a multilingual model, {multilingual}, for" in told
    assert "judges nothing until you give it those languages" in told
    assert not LanguageSlot.objects.exists()
    prepare._load_shipped_models()
    assert capsys.readouterr().out == ""


def test_without_room_for_it_the_multilingual_starter_judges_nothing(
    multilingual: str, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.MODEL_MEMORY_MIB = 1
    prepare._load_shipped_models()
    assert ModelVersion.objects.active() is not None
    assert not LanguageSlot.objects.exists()
    assert "MODEL_MEMORY_MIB" in capsys.readouterr().err


def test_the_page_of_versions_offers_the_new_starter(
    shipped: tuple[Path, Path], admin_client: Client
) -> None:
    notice = "A new starter model is here"
    earlier = model_version_register(directory=shipped[1])
    model_version_activate(model_version=earlier, by=None)
    assert notice not in admin_client.get("/training/versions/").content.decode()
    prepare._load_shipped_models()
    page = admin_client.get("/training/versions/").content.decode()
    new = ModelVersion.objects.get(version=load_manifest(shipped[0]).version)
    assert notice in page
    assert f"/training/compare/?version={new.pk}&amp;version={earlier.pk}" in page
    model_version_activate(model_version=new, by=None, override_reason="compared")
    assert notice not in admin_client.get("/training/versions/").content.decode()


def test_the_manifest_of_the_starter_is_read_again_only_when_it_has_changed(
    shipped: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    model_version_activate(model_version=model_version_register(directory=shipped[1]), by=None)
    new = model_version_register(directory=shipped[0])
    read: list[Path] = []

    def counted(folder: Path) -> Manifest:
        read.append(folder)
        return load_manifest(folder)

    monkeypatch.setattr(model_files, "load_manifest", counted)
    for _ in range(3):
        assert model_files.shipped_candidate() == new
    assert read == [shipped[0]]
    manifest = shipped[0] / "manifest.json"
    os.utime(manifest, ns=(1, 1))
    assert model_files.shipped_candidate() == new
    assert read == [shipped[0]] * 2
    manifest.write_text("{")
    assert model_files.shipped_candidate() is None
    manifest.unlink()
    assert model_files.shipped_candidate() is None


def test_a_damaged_copy_of_the_earlier_starter_is_made_again(shipped: tuple[Path, Path]) -> None:
    version = model_version_register(directory=shipped[1])
    (version.path / "model.safetensors").write_bytes(b"damaged")
    files_check(version)
    assert not files_damage(version)
