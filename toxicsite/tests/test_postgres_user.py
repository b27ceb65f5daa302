"""Started by root, Postgres runs under an account of its own, which may pass through folders and see nothing."""

import os
import subprocess
from pathlib import Path

import pytest

from toxicsite.launcher.postgres_user import let_reach, postgres_user

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


def as_account(*command: str | Path) -> int:
    user = postgres_user()
    assert user is not None
    return subprocess.run(
        command,
        user=user.pw_uid,
        group=user.pw_gid,
        extra_groups=[],
        cwd="/",
        capture_output=True,
        check=False,
    ).returncode


@pytest.fixture
def closed(closed_folder: Path) -> Path:
    """A readable file in a folder that only root may enter."""
    folder = closed_folder / "home"
    folder.mkdir(mode=0o700)
    (folder / "file").write_text("text")
    return folder


def test_it_reaches_a_file_in_a_closed_folder(closed: Path) -> None:
    user = postgres_user()
    assert user is not None
    assert user.pw_uid != 0
    assert as_account("cat", closed / "file") != 0
    let_reach(closed / "file", user)
    assert as_account("cat", closed / "file") == 0


def test_it_cannot_list_or_write_what_it_passes_through(closed: Path) -> None:
    user = postgres_user()
    assert user is not None
    let_reach(closed / "file", user)
    assert as_account("ls", closed) != 0
    assert as_account("touch", closed / "new") != 0
    assert as_account("sh", "-c", f"echo x >> '{closed}/file'") != 0


def test_others_stay_outside(closed: Path) -> None:
    user = postgres_user()
    assert user is not None
    let_reach(closed / "file", user)
    done = subprocess.run(
        ["cat", closed / "file"], user=65534, group=65534, extra_groups=[], capture_output=True, check=False
    )
    assert done.returncode != 0


def test_it_passes_again_after_a_chmod_has_closed_the_folder(closed: Path) -> None:
    user = postgres_user()
    assert user is not None
    let_reach(closed / "file", user)
    closed.chmod(0o700)
    assert as_account("cat", closed / "file") != 0
    let_reach(closed / "file", user)
    assert as_account("cat", closed / "file") == 0
