"""The process runner by itself: a log that cannot be written ends nothing, and nothing is given up for good."""

import contextlib
import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from toxicsite.launcher.supervision import Program, Supervisor
from toxicsite.tests.waiting import wait_until

CHATTY = ["sh", "-c", "while :; do echo something; sleep 0.05; done"]


@pytest.fixture
def folder() -> Iterator[Path]:
    """Yield a folder whose path is short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="toxicsite-test-", dir="/tmp") as path:
        yield Path(path)


@contextlib.contextmanager
def supervised(folder: Path, *programs: Program) -> Iterator[Supervisor]:
    supervisor = Supervisor(programs, run_dir=folder, logs=folder, socket_dir=folder)
    supervisor.start(os.environ)
    try:
        yield supervisor
    finally:
        supervisor.stop()


def child(supervisor: Supervisor) -> psutil.Process | None:
    """The one program's process."""
    assert supervisor.process is not None
    return next(iter(psutil.Process(supervisor.process.pid).children()), None)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_it_outlives_logs_that_cannot_be_written_and_writes_them_again(folder: Path) -> None:
    logs = [folder / "supervisord.log", folder / "chatty.log"]
    for log in [*logs, folder / "supervisord-start.log"]:
        log.symlink_to("/dev/full")
    with supervised(folder, Program("chatty", CHATTY, priority=1, autostart=True)) as supervisor:
        wait_until(lambda: child(supervisor) is not None)
        first = child(supervisor)
        assert first is not None
        first.send_signal(signal.SIGKILL)  # to be restarted, and told of in the log
        wait_until(lambda: (found := child(supervisor)) is not None and found.pid != first.pid)
        assert supervisor.alive()
        for log in logs:
            log.unlink()
        wait_until(logs[1].exists)
        wait_until(lambda: "something" in logs[1].read_text())
        assert "pieces are missing here" in logs[1].read_text()
        second = child(supervisor)
        assert second is not None
        second.send_signal(signal.SIGKILL)
        wait_until(lambda: logs[0].exists() and "spawned: 'chatty'" in logs[0].read_text())
        assert "pieces are missing here" in logs[0].read_text()


def test_what_was_given_up_is_started_again(folder: Path) -> None:
    wanted = folder / "wanted"
    command = ["sh", "-c", f"test -e {wanted} && exec sleep 60"]
    program = Program("waits", command, priority=1, autostart=True, start_retries=0)
    with supervised(folder, program) as supervisor:
        wait_until(lambda: supervisor.given_up() == ["waits"])
        supervisor.start_given_up()
        wait_until(lambda: supervisor.given_up() == ["waits"])
        wanted.touch()
        supervisor.start_given_up()
        assert supervisor.given_up() == []
        wait_until(lambda: child(supervisor) is not None)


def test_logs_are_rotated(folder: Path) -> None:
    from supervisor import loggers

    from toxicsite.launcher.supervisord import ForgivingFileHandler

    handler = ForgivingFileHandler(str(folder / "a.log"), maxBytes=10, backupCount=2)
    handler.setFormat("%(message)s")
    for line in (b"first 78901", b"second 8901", b"third 78901", b"fourth 8901", b"last"):
        handler.emit(loggers.LogRecord(loggers.LevelsByName.INFO, line))
    handler.close()
    names = ("a.log", "a.log.1", "a.log.2")
    assert [(folder / name).read_bytes() for name in names] == [b"last", b"fourth 8901", b"third 78901"]
    assert not (folder / "a.log.3").exists()
