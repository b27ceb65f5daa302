"""The files of registered model versions: copied whole, checked, and restored from the shipped model."""

import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from classifier.core.errors import ArtifactRejected
from classifier.inference.artifact import MANIFEST, Manifest, damage, load_manifest, parse_manifest, verify
from classifier.inference.errors import ArtifactInvalid, ArtifactMismatch
from classifier.models import ModelVersion, ModelVersionStatus
from toxicsite.lib.files import sync_to_disk

DAMAGED = (ArtifactInvalid, ArtifactMismatch)

logger = logging.getLogger(__name__)


def files_verified(directory: Path) -> Manifest:
    """Check every file of the model in `directory` and return its manifest. Raises ArtifactRejected."""
    try:
        return verify(directory)
    except DAMAGED as error:
        raise ArtifactRejected(str(error)) from error


def files_damage(version: ModelVersion) -> list[str]:
    """Return a sentence for each file of `version` that differs from the registered one; empty when none does."""
    try:
        promised = parse_manifest(version.manifest)
    except DAMAGED as error:
        return [f"What was registered of {version} cannot be read: {error}"]
    return damage(version.path, promised)


def files_check(version: ModelVersion) -> None:
    """Check the files of `version`, restoring damaged ones if possible. Raises ArtifactRejected, naming the files."""
    damages = files_damage(version)
    if damages and files_restore(version):
        damages = files_damage(version)
    if damages:
        raise ArtifactRejected(f"The files of {version} are damaged: {'; '.join(damages)}.")
    files_verified(version.path)


def files_restore(version: ModelVersion) -> bool:
    """Restore the files of `version` where it is a copy of a shipped model; return whether that was done."""
    for source in shipped_folders():
        try:
            if dict(load_manifest(source).raw) != version.manifest:
                continue
            files_put(source, verify(source), version.path)
        except (*DAMAGED, ArtifactRejected, OSError) as error:
            logger.warning("The files of %s cannot be made again from %s: %s", version, source, error)
            continue
        logger.warning("The files of %s were damaged and were made again from %s", version, source)
        return True
    return False


def shipped_folders() -> Iterator[Path]:
    """Yield the folders of the models that ship with this release, the starter first."""
    for folder in map(
        Path, (settings.STARTER_MODEL_DIR, settings.EARLIER_STARTER_DIR, settings.MULTILINGUAL_STARTER_DIR)
    ):
        if (folder / MANIFEST).is_file():
            yield folder


def shipped_candidate() -> ModelVersion | None:
    """Return the shipped starter where it is a candidate beside another version that is in production."""
    folder = Path(settings.STARTER_MODEL_DIR)
    try:
        state = (folder / MANIFEST).stat()
        shipped = _version_in(folder, state.st_mtime_ns, state.st_size)
    except (*DAMAGED, OSError):
        return None
    if ModelVersion.objects.active() is None:
        return None
    return ModelVersion.objects.filter(version=shipped, status=ModelVersionStatus.CANDIDATE).first()


@lru_cache(maxsize=4)
def _version_in(folder: Path, changed_ns: int, size: int) -> str:
    """Return the version of the model in `folder`; its manifest is long and is read again only if it has changed."""
    return load_manifest(folder).version


def files_put(source: Path, manifest: Manifest, target: Path) -> None:
    """Copy the model in `source` to `target`, whole or not at all, and check the copy; it replaces what lies there.

    Files there that the manifest does not list are kept beside `target`. Raises ArtifactRejected and OSError.
    """
    root = target.parent
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root, prefix=".incoming-") as incoming:
        copy = Path(incoming) / manifest.version
        copy.mkdir()
        for name in (MANIFEST, *manifest.files):
            shutil.copyfile(source / name, copy / name)
            sync_to_disk(copy / name)  # a power cut must not leave a model that looks whole
        if files_verified(copy).raw != manifest.raw:
            raise ArtifactRejected(f"{source} changed while it was being copied.")
        if os.path.lexists(target):
            _move_away(target, Path(incoming) / "damaged", manifest)
        try:
            copy.rename(target)
        except OSError:
            if not target.exists():  # else another process has put it there at the same moment
                raise
        sync_to_disk(root)


def _move_away(folder: Path, to: Path, manifest: Manifest) -> None:
    """Move the damaged folder away, and files that are not the model's to a folder beside it."""
    try:
        folder.rename(to)
    except FileNotFoundError:  # another process does the same at this moment
        return
    strange = (
        [entry for entry in to.iterdir() if entry.name not in (MANIFEST, *manifest.files)]
        if to.is_dir() and not to.is_symlink()
        else []
    )
    if strange:
        kept = folder.with_name(f".not-of-{folder.name}")
        kept.mkdir(exist_ok=True)
        for entry in strange:
            target = kept / entry.name
            if target.is_dir() and not target.is_symlink():
                shutil.rmtree(target)
            entry.replace(target)
        logger.warning("Files in %s that are none of the model's were moved to %s", folder, kept)
