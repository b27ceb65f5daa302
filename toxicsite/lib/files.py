"""Files that are there whole or not at all, whenever a process dies: written aside first, then renamed.

Standard library alone, so that the pure rooms (`classifier.inference`, `training.ml`) may use it too.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any


@contextmanager
def replacing(path: Path, *, durable: bool = False) -> Iterator[Path]:
    """Yield a new path beside `path`; the file written there takes the place of `path` at the end of the block.

    A reader finds the file as it was or as it is now, never a part of it. When the block raises, `path` stays as it
    was. With `durable` the new content and its name survive a power cut once this returns.
    """
    aside = path.with_name(f"{path.name}.{os.getpid()}.writing")
    try:
        yield aside
        if durable:
            sync_to_disk(aside)
        aside.replace(path)
    except BaseException:
        with suppress(OSError):  # the first error is the one to tell
            aside.unlink(missing_ok=True)
        raise
    if durable:
        sync_to_disk(path.parent)


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8, whole or not at all."""
    with replacing(path) as aside:
        aside.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any, *, indent: int | None = None) -> None:
    """Write `value` as JSON, whole or not at all."""
    write_text(path, json.dumps(value, indent=indent))


def replace_folder(aside: Path, folder: Path) -> None:
    """Move the complete folder `aside` to the place of `folder`.

    A kill between the two renames leaves the folder of before as NAME.old beside it.
    """
    old = folder.with_name(f"{folder.name}.old")
    if folder.exists():  # else NAME.old may be all that an earlier kill has left
        shutil.rmtree(old, ignore_errors=True)
        folder.rename(old)
    aside.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def sync_to_disk(path: Path) -> None:
    """Wait until the disk has a file's content, or a folder's list of names: both then survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def create_private(path: Path, text: str) -> bool:
    """Write `text` into the new file `path` (mode 0600), on the disk when this returns; False when it was there."""
    with _private_aside(path, text) as aside:
        try:
            os.link(aside, path)  # unlike a rename it never replaces: of several processes one wins
        except FileExistsError:
            return False
        sync_to_disk(path.parent)
    return True


def replace_private(path: Path, text: str) -> None:
    """Write `text` into `path` (mode 0600), whole or not at all."""
    with _private_aside(path, text) as aside:
        aside.replace(path)


@contextmanager
def _private_aside(path: Path, text: str) -> Iterator[Path]:
    """Yield a complete file beside `path` that only its owner reads; removed afterwards unless it was moved."""
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
