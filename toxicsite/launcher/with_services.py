"""Run a command on a temporary Postgres and Redis of its own, gone when it ends, however it ends."""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from toxicsite.launcher import postgres, redis_server
from toxicsite.launcher.errors import LauncherError
from toxicsite.launcher.stop_signals import ignore_stop_signals, on_stop_signals
from toxicsite.lib.die_with_parent import die_with_parent, dying_with_parent

STOP_SECONDS = 10.0
PARENT, PREFIX = Path("/tmp"), "toxicsite-"  # noqa: S108 (TMPDIR may be too long for the path of a Unix socket)


def run_with_services(command: Sequence[str]) -> int:
    """Run `command` with DATABASE_URL and REDIS_URL set to fresh servers; return its code (128 + signal)."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    try:
        with temporary_services() as variables:
            return run_command(command, os.environ | variables)
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


@contextmanager
def temporary_services(*, durable: bool = False) -> Iterator[dict[str, str]]:
    """Start both servers, yield the variables that point at them, stop them, remove their files.

    `durable` makes Postgres wait for the disk as in production, for benchmarks that count it.
    """
    _sweep()
    base = Path(tempfile.mkdtemp(prefix=PREFIX, dir=PARENT))
    base.chmod(0o711)
    lock = (base / "lock").open("w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    started: list[subprocess.Popen[bytes]] = []
    try:
        server = redis_server.prepare(base / "redis")
        started.append(spawn(server.command(), signal.SIGKILL, base / "redis.log"))
        cluster = postgres.prepare(
            base / "data", socket_dir=base / "socket", log=base / "postgres.log", durable=durable
        )
        started.append(spawn(cluster.command(), signal.SIGQUIT, cluster.log, account=cluster.account))
        redis_server.wait_until_ready(server, alive=lambda: started[0].poll() is None)
        postgres.wait_until_ready(cluster, alive=lambda: started[1].poll() is None)
        yield {"DATABASE_URL": cluster.url, "REDIS_URL": server.url}
    except OSError as error:
        raise LauncherError(f"Temporary servers could not be started: {error}.") from None
    finally:
        ignore_stop_signals()
        for process in reversed(started):
            _stop(process)
        shutil.rmtree(base, ignore_errors=True)
        lock.close()


def _sweep() -> None:
    """Remove what launchers that were killed with -9 left: their folders are the ones whose lock is free."""
    for left in PARENT.glob(f"{PREFIX}*/lock"):
        try:
            with left.open("r") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if left.stat().st_uid == os.geteuid():
                    shutil.rmtree(left.parent, ignore_errors=True)
        except OSError:
            continue


def spawn(
    command: list[str], on_orphaned: signal.Signals, log: Path, *, account: str = "-"
) -> subprocess.Popen[bytes]:
    """Start a server away from the terminal's Ctrl-C, so that it outlives the command that uses it."""
    with log.open("ab") as output:
        return subprocess.Popen(
            dying_with_parent(command, signal_name=on_orphaned.name, account=account),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            cwd="/",
        )


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGQUIT if "postgres" in str(process.args) else signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def run_command(command: Sequence[str], environment: dict[str, str]) -> int:
    launcher = os.getpid()
    try:
        process = subprocess.Popen(
            command, env=environment, preexec_fn=lambda: die_with_parent(signal.SIGTERM, launcher)
        )
    except OSError as error:
        sys.stderr.write(f"{command[0]}: {error.strerror}\n")
        return 127 if isinstance(error, FileNotFoundError) else 126

    def forward(number: int, _: FrameType | None) -> None:
        if number != signal.SIGINT or not _terminal_sent_it():
            process.send_signal(number)

    on_stop_signals(forward)
    code = process.wait()
    return code if code >= 0 else 128 - code


def _terminal_sent_it() -> bool:
    """Return whether a Ctrl-C at our terminal reaches the command without our help: we are its foreground group."""
    try:
        return os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except (OSError, ValueError):
        return False


def _leave(number: int, _: FrameType | None) -> None:
    raise SystemExit(128 + number)
