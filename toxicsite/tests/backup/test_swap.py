"""Folders change places whole: a kill at any rename is undone by the next restore."""

from collections.abc import Callable
from contextlib import suppress
from itertools import count
from pathlib import Path

import pytest

from toxicsite.backup.manifest import File, digest
from toxicsite.backup.swap import FolderSwap


class Killed(BaseException):
    """The process ended here."""


def content(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def files_of(backup: Path) -> list[File]:
    return [
        File(f"models/{path.relative_to(backup)}", path.stat().st_size, digest(path))
        for path in sorted(backup.rglob("*"))
        if path.is_file()
    ]


def dying_after(renames: int) -> Callable[[Path, Path], Path]:
    """Return a `Path.rename` that works so often, and then ends the process."""
    left, real = iter(range(renames)), Path.rename

    def rename(self: Path, target: Path) -> Path:
        if next(left, None) is None:
            raise Killed
        return real(self, target)

    return rename


@pytest.fixture
def swap(tmp_path: Path) -> FolderSwap:
    """A folder with `same`, `old` and `gone` and a backup with `same` and `new`, staged."""
    root, backup = tmp_path / "root", tmp_path / "backup" / "models"
    for place, name, text in (
        *((root, "same/a", "old a"), (root, "old", "old"), (root, "gone/deep/b", "old b")),
        *((backup, "same/a", "new a"), (backup, "new/c", "new c")),
    ):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(text)
    swap = FolderSwap(root)
    swap.stage(tmp_path / "backup", files_of(backup), "models")
    return swap


BEFORE = {"same/a": "old a", "old": "old", "gone/deep/b": "old b"}
AFTER = {"same/a": "new a", "new/c": "new c"}


def test_what_was_there_goes_and_what_was_staged_comes(swap: FolderSwap) -> None:
    swap.swap("token")
    assert swap.left_token() == "token"
    swap.finish()
    assert content(swap.root) == AFTER
    assert swap.left_token() is None


@pytest.mark.parametrize("undo_dies_too", [False, True])
def test_a_kill_at_any_rename_is_undone(
    swap: FolderSwap, monkeypatch: pytest.MonkeyPatch, undo_dies_too: bool
) -> None:
    real = Path.rename
    for last in count():
        monkeypatch.setattr(Path, "rename", dying_after(last))
        try:
            swap.swap("token")
        except Killed:
            whole = False
        else:
            whole = True
        monkeypatch.setattr(Path, "rename", real)
        if undo_dies_too:
            monkeypatch.setattr(Path, "rename", dying_after(last // 2))
            with suppress(Killed):
                FolderSwap(swap.root).undo()
            monkeypatch.setattr(Path, "rename", real)
        FolderSwap(swap.root).undo()
        assert content(swap.root) == BEFORE, f"after {last} renames"
        if whole:
            assert last >= 5
            return
        backup = swap.root.parent / "backup"
        swap.stage(backup, files_of(backup / "models"), "models")
