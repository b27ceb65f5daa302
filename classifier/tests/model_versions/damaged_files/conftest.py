"""Every way in which a model's folder is damaged, and the shipped model beside it."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from classifier.model_versions.services import model_version_activate
from classifier.models import ModelVersion

Damage = Callable[[Path], str]
Pair = tuple[ModelVersion, ModelVersion]
WEIGHTS = "model.safetensors"


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


def file_missing(folder: Path) -> str:
    (folder / "tokenizer.json").unlink()
    return "tokenizer.json"


def file_truncated(folder: Path) -> str:
    data = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(data[: len(data) // 2])
    return WEIGHTS


def file_empty(folder: Path) -> str:
    (folder / "config.json").write_bytes(b"")
    return "config.json"


def bit_flipped(folder: Path) -> str:
    flip(folder / WEIGHTS)
    return WEIGHTS


def file_is_a_folder(folder: Path) -> str:
    (folder / WEIGHTS).unlink()
    (folder / WEIGHTS).mkdir()
    return WEIGHTS


def file_is_a_link(folder: Path) -> str:
    (folder / WEIGHTS).unlink()
    (folder / WEIGHTS).symlink_to("/nowhere")
    return WEIGHTS


def folder_missing(folder: Path) -> str:
    shutil.rmtree(folder)
    return folder.name


def folder_empty(folder: Path) -> str:
    shutil.rmtree(folder)
    folder.mkdir()
    return "manifest.json"


def folder_is_a_file(folder: Path) -> str:
    shutil.rmtree(folder)
    folder.write_bytes(b"")
    return folder.name


def manifest_missing(folder: Path) -> str:
    (folder / "manifest.json").unlink()
    return "manifest.json"


def manifest_unreadable(folder: Path) -> str:
    (folder / "manifest.json").write_bytes(b"{\x00")
    return "manifest.json"


def manifest_changed(folder: Path) -> str:
    """Still a manifest that a program can read, with another threshold."""
    text = (folder / "manifest.json").read_text()
    assert '"toxic": 0.5' in text
    (folder / "manifest.json").write_text(text.replace('"toxic": 0.5', '"toxic": 0.9'))
    return "manifest.json"


def file_too_many(folder: Path) -> str:
    (folder / "notes.txt").write_text("a note of the operator")
    return "notes.txt"


DAMAGES = [
    file_missing,
    file_truncated,
    file_empty,
    bit_flipped,
    file_is_a_folder,
    file_is_a_link,
    folder_missing,
    folder_empty,
    folder_is_a_file,
    manifest_missing,
    manifest_unreadable,
    manifest_changed,
    file_too_many,
]
every_damage = pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)


@pytest.fixture
def no_shipped_model(settings: Any, tmp_path: Path) -> None:
    settings.STARTER_MODEL_DIR = tmp_path / "nothing is shipped"


@pytest.fixture
def shipped(settings: Any, artifacts: tuple[Path, Path]) -> Path:
    """The folder of the shipped model: the first of the two."""
    settings.STARTER_MODEL_DIR = artifacts[0]
    return artifacts[0]


@pytest.fixture
def second_in_production(candidates: Pair) -> Pair:
    """Both were in production, the second is."""
    for version in candidates:
        model_version_activate(model_version=version, by=None)
        version.refresh_from_db()
    return candidates
