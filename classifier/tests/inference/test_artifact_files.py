"""A model folder is refused unless its files are exactly the plain, listed, unchanged ones."""

import json
import os
from pathlib import Path

import pytest

from classifier.inference.artifact import load_manifest, read_verified, verify
from classifier.inference.errors import ArtifactInvalid, ArtifactMismatch
from classifier.tests.inference.models import reseal


def test_it_accepts_a_sound_folder(folder: Path) -> None:
    assert verify(folder).version == load_manifest(folder).version


def test_it_rejects_a_changed_byte(folder: Path) -> None:
    data = bytearray((folder / "model.safetensors").read_bytes())
    data[-1] ^= 1
    (folder / "model.safetensors").write_bytes(data)
    with pytest.raises(ArtifactMismatch, match=r"model\.safetensors"):
        verify(folder)


def test_it_rejects_a_cut_file(folder: Path) -> None:
    data = (folder / "tokenizer.json").read_bytes()
    (folder / "tokenizer.json").write_bytes(data[:-1])
    with pytest.raises(ArtifactMismatch, match=r"tokenizer\.json"):
        verify(folder)


def test_it_rejects_a_file_that_is_not_listed(folder: Path) -> None:
    (folder / "notes.txt").write_text("hello")
    with pytest.raises(ArtifactInvalid, match=r"notes\.txt"):
        verify(folder)


def test_it_rejects_a_missing_file(folder: Path) -> None:
    (folder / "README.md").unlink()
    with pytest.raises(ArtifactInvalid, match=r"README\.md"):
        verify(folder)


@pytest.mark.parametrize(
    "name", ["pytorch_model.bin", "data.pkl", "modeling.py", "weights.npy", ".hidden.json"]
)
def test_it_rejects_kinds_of_files_that_can_carry_code(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"x")
    reseal(folder)
    with pytest.raises(ArtifactInvalid, match="must not hold"):
        verify(folder)


@pytest.mark.parametrize(
    "name", ["../model.json", "/etc/hosts.json", "a/b.json", "..", "a\\b.json", "a\x00.json", ""]
)
def test_it_rejects_names_that_lead_elsewhere(folder: Path, name: str) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"][name] = manifest["files"]["config.json"]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ArtifactInvalid, match="must not hold"):
        load_manifest(folder)


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "manifest.json"])
def test_it_rejects_links(folder: Path, tmp_path: Path, name: str) -> None:
    (folder / name).rename(tmp_path / "elsewhere")
    (folder / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ArtifactInvalid, match="not a plain file"):
        verify(folder)


def test_it_rejects_a_pipe_without_waiting_on_it(folder: Path) -> None:
    (folder / "config.json").unlink()
    os.mkfifo(folder / "config.json")
    with pytest.raises(ArtifactInvalid, match="not a plain file"):
        verify(folder)


def test_it_rejects_a_folder_where_a_file_should_be(folder: Path) -> None:
    (folder / "config.json").unlink()
    (folder / "config.json").mkdir()
    with pytest.raises(ArtifactInvalid, match="not a plain file"):
        verify(folder)


def test_it_notices_a_change_between_the_check_and_the_loading(folder: Path) -> None:
    manifest = verify(folder)
    (folder / "tokenizer.json").write_text("{}")
    with pytest.raises(ArtifactMismatch, match="changed while"):
        read_verified(folder, manifest, "tokenizer.json")


def test_it_says_that_a_folder_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(ArtifactInvalid, match=r"manifest\.json"):
        verify(tmp_path)
    with pytest.raises(ArtifactInvalid, match="not a folder"):
        verify(tmp_path / "nothing")
