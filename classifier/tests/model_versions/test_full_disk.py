"""A model for which the disk has no room is not registered, leaves nothing behind, and is registered once there is."""

from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from classifier.model_versions.services import model_version_register
from classifier.models import ModelVersion
from toxicsite.lib.storage_errors import is_disk_full
from toxicsite.tests.small_disk import SmallDisk, small_disk_or_skip

pytestmark = pytest.mark.django_db


@pytest.fixture
def disk(tmp_path: Path, settings: Any) -> Any:
    with small_disk_or_skip(tmp_path / "disk", mebibytes=16) as disk:
        settings.MODELS_DIR = disk.folder / "models"
        settings.MODELS_DIR.mkdir()
        yield disk


def test_it_is_registered_whole_or_not_at_all(
    disk: SmallDisk, artifacts: tuple[Path, Path], settings: Any
) -> None:
    disk.fill()
    with pytest.raises(OSError, match="No space left on device") as caught:
        model_version_register(directory=artifacts[0])
    assert is_disk_full(caught.value)
    with pytest.raises(CommandError, match="The model could not be copied"):
        call_command("load_model", str(artifacts[0]))
    assert list(settings.MODELS_DIR.iterdir()) == []
    assert not ModelVersion.objects.exists()
    disk.free()
    version = model_version_register(directory=artifacts[0])
    assert (version.path / "model.safetensors").stat().st_size > 0
