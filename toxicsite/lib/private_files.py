"""Small files for the owner only (mode 0600) that are either there whole or not at all, whenever a process dies."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path


def create_private(path: Path, text: str) -> bool:
    """Write `text` into the new file `path`, on the disk when this returns; False when it was there already."""
    with _written_aside(path, text) as aside:
        try:
            os.link(aside, path)  # unlike a rename it never replaces: of several processes one wins
        except FileExistsError:
            return False
        _sync_folder(path.parent)
    return True


def replace_private(path: Path, text: str) -> None:
    """Write `text` into `path`; a reader finds the file as it was or as it is now, never a part of it."""
    with _written_aside(path, text) as aside:
        aside.replace(path)


@contextlib.contextmanager
def _written_aside(path: Path, text: str) -> Iterator[Path]:
    """Yield a complete file beside `path`, removed afterwards unless it was moved."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # made with mode 0600
    aside = Path(name)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        yield aside
    finally:
        aside.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Let the name of a new file survive a power cut, too."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
