"""The files of registered model versions: put into place whole, checked, and made again from the shipped model."""

import logging
import os
import shutil
import tempfile
from pathlib import Path

from django.conf import settings

from classifier.core.errors import ArtifactRejected
from classifier.inference.artifact import MANIFEST, Manifest, damage, load_manifest, parse_manifest, verify
from classifier.inference.errors import ArtifactInvalid, ArtifactMismatch
from classifier.models import ModelVersion
from toxicsite.lib.files import sync_to_disk

DAMAGED = (ArtifactInvalid, ArtifactMismatch)

logger = logging.getLogger(__name__)


def files_verified(directory: Path) -> Manifest:
    """The manifest of the model in `directory`, once every file is what it says. Raises ArtifactRejected."""
    try:
        return verify(directory)
    except DAMAGED as error:
        raise ArtifactRejected(str(error)) from error


def files_damage(version: ModelVersion) -> list[str]:
    """A sentence for each file of `version` that is not the one that was registered; empty when all are."""
    try:
        promised = parse_manifest(version.manifest)
    except DAMAGED as error:
        return [f"What was registered of {version} cannot be read: {error}"]
    return damage(version.path, promised)


def files_check(version: ModelVersion) -> None:
    """Raise ArtifactRejected, which names the files, where those of `version` are damaged and cannot be made again."""
    found = files_damage(version)
    if found and files_restore(version):
        found = files_damage(version)
    if found:
        raise ArtifactRejected(f"The files of {version} are damaged: {'; '.join(found)}.")
    files_verified(version.path)


def files_restore(version: ModelVersion) -> bool:
    """Make the files of `version` again where it is a copy of the shipped model; return whether that was done."""
    source = Path(settings.STARTER_MODEL_DIR)
    try:
        if dict(load_manifest(source).raw) != version.manifest:
            return False
        files_put(source, verify(source), version.path)
    except (*DAMAGED, ArtifactRejected, OSError) as error:
        logger.warning("The files of %s cannot be made again from %s: %s", version, source, error)
        return False
    logger.warning("The files of %s were damaged and were made again from %s", version, source)
    return True


def files_put(source: Path, manifest: Manifest, place: Path) -> None:
    """Copy the model in `source` to `place`, whole or not at all, and check the copy; it replaces what lies there.

    Files there that the manifest does not list are kept beside `place`. Raises ArtifactRejected and OSError.
    """
    root = place.parent
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root, prefix=".incoming-") as incoming:
        copy = Path(incoming) / manifest.version
        copy.mkdir()
        for name in (MANIFEST, *manifest.files):
            shutil.copyfile(source / name, copy / name)
            sync_to_disk(copy / name)  # a power cut must not leave a model that looks whole
        if files_verified(copy).raw != manifest.raw:
            raise ArtifactRejected(f"{source} changed while it was being copied.")
        if os.path.lexists(place):
            _take_away(place, Path(incoming) / "damaged", manifest)
        try:
            copy.rename(place)
        except OSError:
            if not place.exists():  # else somebody has put it there at the same moment
                raise
        sync_to_disk(root)


def _take_away(place: Path, to: Path, manifest: Manifest) -> None:
    """Move the damaged folder away, and what is none of the model's files to a folder beside it."""
    try:
        place.rename(to)
    except FileNotFoundError:  # somebody else does the same at this moment
        return
    strange = (
        [entry for entry in to.iterdir() if entry.name not in (MANIFEST, *manifest.files)]
        if to.is_dir() and not to.is_symlink()
        else []
    )
    if strange:
        kept = place.with_name(f".not-of-{place.name}")
        kept.mkdir(exist_ok=True)
        for entry in strange:
            target = kept / entry.name
            if target.is_dir() and not target.is_symlink():
                shutil.rmtree(target)
            entry.replace(target)
        logger.warning("Files in %s that are none of the model's were moved to %s", place, kept)
