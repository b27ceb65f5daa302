"""Running the launcher as a process of its own, as a person at a terminal does."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil

from toxicsite.launcher.environment import PROJECT

LEFT_OUT = ("DATABASE_URL", "REDIS_URL", "VAR_DIR", "REDIS_KEY_PREFIX", "PORT", "BIND")


def launcher_environment(**variables: str) -> dict[str, str]:
    """Return this process's environment without what the test run has set, plus `variables`."""
    inherited = {name: value for name, value in os.environ.items() if name not in LEFT_OUT}
    return inherited | {"PYTHONPATH": str(PROJECT)} | variables


@contextlib.contextmanager
def launcher(*arguments: str, output: Path, **variables: str) -> Iterator[subprocess.Popen[str]]:
    """Start `python -m toxicsite.launcher ARGUMENTS`, and leave nothing running afterwards."""
    with output.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "toxicsite.launcher", *arguments],
            env=launcher_environment(**variables),
            cwd=PROJECT,
            stdout=file,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(40)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def processes_mentioning(text: str) -> list[psutil.Process]:
    """The live processes that have `text` in their command line."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if text in " ".join(process.cmdline()) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found
