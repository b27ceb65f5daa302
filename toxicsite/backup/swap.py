"""Put the content of a folder in place of what was there, so that it can be undone until the database agrees.

The new content is staged inside the folder itself, since that may be a mount point; then top-level entries change
places by renames. A restore that was killed in between leaves `.before-restore`, and the next one undoes it.
"""

import json
import os
import shutil
from pathlib import Path
from typing import Any

from toxicsite.backup import manifest as manifests
from toxicsite.backup.errors import BackupError
from toxicsite.backup.manifest import File
from toxicsite.lib.files import sync_to_disk, write_json

STAGED, BEFORE, JOURNAL = ".restoring", ".before-restore", ".restore.json"


class FolderSwap:
    """The folder `root`, and what a restore puts there."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.staged = root / STAGED
        self.before = root / BEFORE

    def entries(self) -> list[Path]:
        """List what is in the folder now, without what an earlier or this restore has put aside."""
        if not self.root.is_dir():
            return []
        return sorted(path for path in self.root.iterdir() if path.name not in (STAGED, BEFORE))

    def left_token(self) -> str | None:
        """Return the token of a restore that was killed between the renames and its end, None without one."""
        journal = self._journal()
        return str(journal["token"]) if journal else None

    def stage(self, source: Path, files: list[File], prefix: str) -> None:
        """Copy the files of a backup aside. Raises BackupError for one that differs from the manifest."""
        shutil.rmtree(self.staged, ignore_errors=True)
        self.staged.mkdir(parents=True)
        for file in files:
            target = self.staged / file.path.removeprefix(f"{prefix}/")
            if manifests.copy_hashed(source / file.path, target) != (file.bytes, file.sha256):
                raise BackupError(f"{source / file.path} has changed. Nothing was restored.")
            sync_to_disk(target)

    def swap(self, token: str) -> None:
        """Put what was staged in place, and what was there aside."""
        self.before.mkdir()
        came = sorted(path.name for path in self.staged.iterdir())
        write_json(self.before / JOURNAL, {"token": token, "came": came})
        sync_to_disk(self.before / JOURNAL)
        for path in self.entries():
            path.rename(self.before / path.name)
        for name in came:
            (self.staged / name).rename(self.root / name)
        sync_to_disk(self.root)

    def undo(self) -> None:
        """Put back what was there before; safe to repeat, also after a kill in the middle of `swap` or of this."""
        journal = self._journal()
        if journal:
            self.staged.mkdir(exist_ok=True)
            for name in journal["came"]:
                if not os.path.lexists(self.staged / name) and os.path.lexists(self.root / name):
                    (self.root / name).rename(self.staged / name)
            for path in sorted(self.before.iterdir()):
                if path.name != JOURNAL:
                    path.rename(self.root / path.name)
        self.finish()

    def finish(self) -> None:
        """Remove what was put aside."""
        shutil.rmtree(self.before, ignore_errors=True)
        shutil.rmtree(self.staged, ignore_errors=True)

    def _journal(self) -> dict[str, Any]:
        path = self.before / JOURNAL
        read: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        return read
