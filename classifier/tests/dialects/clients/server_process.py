"""The web server as `make run` starts it, on a test's database and Redis: gunicorn, our worker class, our settings.

A server in the test's own process has other threads, other static files and another parser: it hid faults.
"""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from toxicsite.tests.ports import free_port

START_SECONDS = 90.0


@contextmanager
def running_server(database_url: str, log: Path, **environment: str) -> Iterator[str]:
    """The address of a server that answers, until the block ends; `log` holds all that it wrote."""
    port = free_port()
    with log.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "-c", "python:toxicsite.launcher.gunicorn_conf"],
            cwd=settings.BASE_DIR,
            env={
                **os.environ,
                "DATABASE_URL": database_url,
                "SECRET_KEY": settings.SECRET_KEY,
                "BIND": "127.0.0.1",
                "PORT": str(port),
                "LOG_FORMAT": "json",
                **environment,
            },
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        end = time.monotonic() + START_SECONDS
        while not _answers(f"{url}/healthz"):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.1)
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait(30)
    assert code == 0, log.read_text()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return bool(response.status == 200)
    except OSError:
        return False
