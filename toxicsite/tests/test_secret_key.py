"""The secret key is made once and whole, whatever happens meanwhile; a file that holds none is told in a sentence."""

import errno
import multiprocessing
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from toxicsite.launcher.environment import PROJECT
from toxicsite.lib.environment import running_server
from toxicsite.lib.files import create_private, replace_private
from toxicsite.lib.secret_key import read_or_create_secret_key
from toxicsite.tests.launcher_process import launcher, launcher_environment
from toxicsite.tests.ports import free_port


def settings_read(var: Path, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "import toxicsite.settings as s; print(s.DEBUG, s.SECRET_KEY)"],
        env=launcher_environment(VAR_DIR=str(var)),
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
        **options,
    )


def test_debug_is_off_and_the_secret_key_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    outputs = {settings_read(tmp_path).stdout for _ in range(2)}
    assert outputs == {f"False {(tmp_path / 'secret_key').read_text()}\n"}
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["secret_key"]


def test_a_secret_key_has_at_least_fifty_characters(tmp_path: Path) -> None:
    assert len(read_or_create_secret_key(tmp_path / "key")) >= 50


def test_many_starters_at_once_have_one_key(tmp_path: Path) -> None:
    fork = multiprocessing.get_context("fork")
    for turn in range(5):
        key, start, answers = tmp_path / str(turn) / "secret_key", fork.Barrier(16), fork.SimpleQueue()

        def run(key: Path = key, start: Any = start, answers: Any = answers) -> None:
            start.wait()
            answers.put(read_or_create_secret_key(key))

        starters = [fork.Process(target=run) for _ in range(16)]
        for starter in starters:
            starter.start()
        assert {answers.get() for _ in starters} == {key.read_text()}
        for starter in starters:
            starter.join()
        assert [path.name for path in key.parent.iterdir()] == ["secret_key"]


@pytest.mark.parametrize("moment", ["fsync", "link"])
def test_a_kill_in_the_middle_leaves_nothing_that_breaks_the_next_start(tmp_path: Path, moment: str) -> None:
    key = tmp_path / "secret_key"

    def run() -> None:
        setattr(os, moment, lambda *_: os.kill(os.getpid(), signal.SIGKILL))
        read_or_create_secret_key(key)

    killed = multiprocessing.get_context("fork").Process(target=run)
    killed.start()
    killed.join()
    assert killed.exitcode == -signal.SIGKILL
    assert not key.exists()
    assert read_or_create_secret_key(key) == key.read_text()


def test_a_full_disk_leaves_no_empty_file_and_is_told(tmp_path: Path) -> None:
    done = settings_read(
        tmp_path, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    )
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert f"The secret key cannot be kept in {tmp_path / 'secret_key'}: File too large; make room" in last
    assert list(tmp_path.iterdir()) == []
    assert read_or_create_secret_key(tmp_path / "secret_key") == (tmp_path / "secret_key").read_text()


def test_a_file_system_without_links_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    with pytest.raises(ImproperlyConfigured, match=r"Operation not permitted; .* or set SECRET_KEY"):
        read_or_create_secret_key(tmp_path / "secret_key")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty: restore it from a backup, or delete it and start again"),
        (b" \n", "is empty: restore it from a backup, or delete it and start again"),
        (b"x" * 49, "has 49 characters, not 50 or more: restore it from a backup, or delete it"),
        (b"\0" * 67, "is damaged: restore it from a backup, or delete it"),
        (b"x" * 60 + b"\xff\xfe", "is damaged: restore it from a backup, or delete it"),
    ],
)
def test_a_file_without_a_whole_key_is_told_with_the_remedy(
    tmp_path: Path, content: bytes, words: str
) -> None:
    key = tmp_path / "secret_key"
    key.write_bytes(content)
    with pytest.raises(ImproperlyConfigured, match=r"^The secret key in") as raised:
        read_or_create_secret_key(key)
    assert str(raised.value).startswith(f"The secret key in {key} {words}")
    assert "\n" not in str(raised.value)
    for encrypted in ("secrets of webhooks", "API keys of reference services"):
        assert encrypted in str(raised.value)
    assert key.read_bytes() == content  # whether to give it up is for a person to say


def test_a_key_that_cannot_be_read_is_told_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "secret_key").mkdir()
    with pytest.raises(ImproperlyConfigured, match=r"cannot be read: Is a directory; give the file to"):
        read_or_create_secret_key(tmp_path / "secret_key")


def test_manage_py_tells_an_empty_key_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "secret_key").touch()
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        env=launcher_environment(VAR_DIR=str(tmp_path)),
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"toxicsite: The secret key in {tmp_path / 'secret_key'} is empty: ")
    assert len(done.stderr.splitlines()) == 1


def test_make_run_tells_an_empty_key_in_one_line(tmp_path: Path, closed_folder: Path) -> None:
    (closed_folder / "secret_key").touch()
    output = tmp_path / "output"
    servers = {name: os.environ[name] for name in ("DATABASE_URL", "REDIS_URL")}  # saves starting new ones
    variables = {"VAR_DIR": str(closed_folder), "PORT": str(free_port())}
    with launcher("run", output=output, **variables, **servers) as process:
        assert process.wait(90) == 1
    lines = output.read_text().splitlines()
    assert lines[-1].startswith(f"toxicsite: The secret key in {closed_folder / 'secret_key'} is empty: ")
    assert not [line for line in lines if "Traceback" in line]


def test_a_private_file_is_replaced_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "database_url"
    replace_private(path, "postgres://one")
    replace_private(path, "postgres://two")
    assert path.stat().st_mode & 0o777 == 0o600

    def full(_: int) -> None:
        assert path.read_text() == "postgres://two"
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        replace_private(path, "postgres://three")
    assert path.read_text() == "postgres://two"
    assert [one.name for one in tmp_path.iterdir()] == ["database_url"]


def test_a_private_file_is_created_once(tmp_path: Path) -> None:
    assert create_private(tmp_path / "file", "one")
    assert not create_private(tmp_path / "file", "two")
    assert (tmp_path / "file").read_text() == "one"


@pytest.mark.parametrize("content", [b"", b"\0\0\0\0", b"\xff\xfe"])
def test_a_damaged_note_of_a_running_server_is_as_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "database_url").write_bytes(content)
    assert running_server(tmp_path, "database_url", "postgres://default") == "postgres://default"
