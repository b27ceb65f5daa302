"""How much room the disk of a folder has."""

import shutil
from dataclasses import dataclass
from pathlib import Path

KINDS = {
    "var": "VAR_DIR",  # with the database, its log and the logs of `make run`
    "models": "MODELS_DIR",
    "datasets": "DATASETS_DIR",
    "runs": "RUNS_DIR",
    "transfers": "TRANSFERS_DIR",
}
"""The folders that an installation writes to: the kind of each and the setting that names it."""


@dataclass(frozen=True)
class DiskUse:
    """Bytes of a whole disk, and those that are free to this account."""

    total: int
    free: int


def disk_use(path: Path) -> DiskUse:
    """Return the use of the disk that `path` lies on, or will lie on once it is made. Raises OSError."""
    there = next((folder for folder in (path, *path.absolute().parents) if folder.exists()), path)
    usage = shutil.disk_usage(there)
    return DiskUse(total=usage.total, free=usage.free)
