"""A file system of its own that a test can fill, mounted in memory for as long as the test runs."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

MEBIBYTE = 1024 * 1024


class SmallDisk:
    """Mounted at `folder`; `fill()` leaves nothing of it, `free()` gives all of that back."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self) -> None:
        with (self.folder / "filling").open("ab") as file:
            size, filled = 64 * MEBIBYTE, os.fstat(file.fileno()).st_size
            while size >= 4096:
                try:
                    os.posix_fallocate(file.fileno(), filled, size)
                    filled += size
                except OSError:
                    size //= 2

    def free(self) -> None:
        (self.folder / "filling").unlink()


@contextlib.contextmanager
def small_disk(folder: Path, *, mebibytes: int) -> Iterator[SmallDisk | None]:
    """Make `folder` and mount one there; None, and just the folder, where this machine lets nobody mount."""
    folder.mkdir(parents=True)
    mounted = os.geteuid() == 0 and shutil.which("mount") is not None and _mount(folder, mebibytes)
    try:
        yield SmallDisk(folder) if mounted else None
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", folder], check=True)


def _mount(folder: Path, mebibytes: int) -> bool:
    command = ["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m,mode=755", "tmpfs", str(folder)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@contextlib.contextmanager
def small_disk_or_skip(folder: Path, *, mebibytes: int) -> Iterator[SmallDisk]:
    """Mount one at `folder`, or skip the test where this machine lets nobody mount."""
    with small_disk(folder, mebibytes=mebibytes) as disk:
        if disk is None:
            import pytest  # chaos uses this module without it

            pytest.skip("mounting a small disk needs root")
        yield disk
