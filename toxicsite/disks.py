"""The disks that this installation writes to: what is in them, and from when on that is too little."""

from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from toxicsite.lib.disk import KINDS, DiskUse, disk_use

MIB = 1024**2


def disks() -> Iterator[tuple[str, DiskUse]]:
    """Yield the use of the disk of each kind of folder; a disk that cannot be asked is left out."""
    for kind, setting in KINDS.items():
        try:
            yield kind, disk_use(Path(getattr(settings, setting)))
        except OSError:
            continue


def is_low(use: DiskUse) -> bool:
    """Return whether somebody should make room soon."""
    return use.free < settings.DISK_WARN_MIB * MIB


def is_full(use: DiskUse) -> bool:
    """Return whether what is sent now may find no room."""
    return use.free < settings.DISK_FULL_MIB * MIB
