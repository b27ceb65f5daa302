"""A start with a damaged starter model: the site goes on with what is in production, and names the file."""

import shutil
from pathlib import Path

import pytest
from django.core.management import CommandError
from pytest_django import Settings

from classifier.model_versions.services import model_version_activate, model_version_register
from classifier.models import ModelVersion
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
