"""The manifest of a backup: what is in it, with the size and SHA-256 of every file. It is written last.

A folder without a whole manifest is no backup, so one that was cut off in the middle is never restored.
"""

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from toxicsite.backup.errors import BackupError
from toxicsite.lib.files import replacing

NAME = "manifest.json"
FORMAT = 1
DUMP = "database.dump"
SECRET_KEY = "secret_key"  # noqa: S105 (the name of a file)
EARLIER_KEYS = "secret_key.earlier"
FOLDERS = ("models", "datasets", "runs", "transfers")
CHUNK = 1024 * 1024


@dataclass(frozen=True)
class File:
    """One file of a backup; `path` is relative to the backup's folder."""

    path: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What is in a backup.

    `rows` counts the rows of each table, `migrations` names those that are applied, as `app.name`. `key_check` tells
    whether a secret key is the one of this installation without giving it away. `missing` names what the database
    expects and the folders did not hold.
    """

    made_at: str
    release: str
    postgres: int
    files: tuple[File, ...]
    folders: tuple[str, ...]
    rows: Mapping[str, int]
    migrations: tuple[str, ...]
    key_check: str
    missing: tuple[str, ...] = field(default=())

    @property
    def bytes(self) -> int:
        return sum(file.bytes for file in self.files)

    def of(self, folder: str) -> Iterator[File]:
        """Yield the files of one folder."""
        return (file for file in self.files if file.path.startswith(f"{folder}/"))

    def has(self, path: str) -> bool:
        return any(file.path == path for file in self.files)


def key_check(secret: str) -> str:
    """Return the beginning of a MAC under `secret`, which tells it from another key."""
    return hmac.new(secret.encode(), b"toxicsite backup", hashlib.sha256).hexdigest()[:16]


def write(manifest: Manifest, folder: Path) -> None:
    """Write the manifest, which makes `folder` a backup; both survive a power cut once this returns."""
    with replacing(folder / NAME, durable=True) as aside:
        aside.write_text(json.dumps({"format": FORMAT, **asdict(manifest)}, indent=1), encoding="utf-8")


def read(folder: Path) -> Manifest:
    """Read the manifest of the backup in `folder`. Raises BackupError."""
    path = folder / NAME
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BackupError(
            f"{folder} is no whole backup: {NAME}, which is written last, is missing. Take another backup."
        ) from None
    except (OSError, ValueError) as error:
        raise BackupError(f"{path} cannot be read: {error}. Take another backup.") from None
    version = raw.get("format") if isinstance(raw, dict) else None
    if version != FORMAT:
        raise BackupError(f"{path} has the format {version!r}; this release reads format {FORMAT}.")
    return _parsed(raw, path)


def _parsed(raw: dict[str, Any], path: Path) -> Manifest:
    values = {name: value for name, value in raw.items() if name != "format"}
    try:
        files = tuple(File(**file) for file in values.pop("files"))
        manifest = Manifest(
            files=files,
            folders=tuple(values.pop("folders")),
            migrations=tuple(values.pop("migrations")),
            missing=tuple(values.pop("missing")),
            **values,
        )
    except (KeyError, TypeError) as error:
        raise BackupError(f"{path} is damaged: {error}. Take another backup.") from None
    for file in files:
        parts = PurePosixPath(file.path).parts
        known = file.path in (DUMP, SECRET_KEY, EARLIER_KEYS) or (len(parts) > 1 and parts[0] in FOLDERS)
        if not known or ".." in parts or "\0" in file.path:
            raise BackupError(f"{path} names {file.path!r}, which is no file of a backup.")
    if not manifest.has(DUMP):
        raise BackupError(f"{path} is damaged: it names no {DUMP}. Take another backup.")
    return manifest


def check_files(manifest: Manifest, folder: Path) -> None:
    """Compare every file with the manifest. Raises BackupError, which names the first that differs."""
    for file in manifest.files:
        path = folder / file.path
        try:
            size = path.stat().st_size
            same = size == file.bytes and digest(path) == file.sha256
        except OSError as error:
            raise BackupError(
                f"{path} cannot be read: {error.strerror}. Nothing was restored; take another backup."
            ) from None
        if not same:
            what = f"has {size:,} bytes and not {file.bytes:,}" if size != file.bytes else "has changed"
            raise BackupError(f"{path} {what}. Nothing was restored; take another backup.")


def digest(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def copy_hashed(source: Path, target: Path) -> tuple[int, str]:
    """Copy a file and return the size and SHA-256 of the copy, as they were copied."""
    target.parent.mkdir(parents=True, exist_ok=True)
    sha256, size = hashlib.sha256(), 0
    with source.open("rb") as read_from, target.open("wb") as write_to:
        while chunk := read_from.read(CHUNK):
            sha256.update(chunk)
            size += len(chunk)
            write_to.write(chunk)
    return size, sha256.hexdigest()
