"""Finding a model's folder by what a person calls it: a version's id, or the folder itself."""

from collections.abc import Iterable
from pathlib import Path

from classifier.inference.artifact import MANIFEST, load_manifest
from classifier.inference.errors import InferenceError


class VersionUnknown(InferenceError):
    """No folder holds the version that was asked for."""


def find_version(version: str, places: Iterable[Path]) -> Path:
    """The folder called `version`, or the one among `places` (model folders, or folders of them) that holds it."""
    folder = Path(version)
    if (folder / MANIFEST).is_file():
        return folder
    known = {}
    for place in places:
        for candidate in [place, *(sorted(place.iterdir()) if place.is_dir() else [])]:
            if not (candidate / MANIFEST).is_file():
                continue
            try:
                known[load_manifest(candidate).version] = candidate
            except InferenceError:
                continue
    if version not in known:
        names = ", ".join(sorted(known)) or "none"
        raise VersionUnknown(f"{version!r} is neither a model folder nor a known version (known: {names})")
    return known[version]
