"""A real Celery worker on a test's database and Redis, started and killed at will."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.db import connection

from classifier.scoring.heartbeat import worker_status, workers

START_SECONDS = 90.0
CELERY = [
    *(sys.executable, "-m", "celery", "-A", "toxicsite", "worker", "--pool=solo"),
    *("--without-gossip", "--without-mingle"),
]
COMMAND = [*CELERY, "-Q", "classify"]


def own_database_url() -> str:
    """The address of the test's own database; inside a fixture of wider scope, with the database unblocked."""
    database = connection.settings_dict["NAME"]
    return urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{database}"))


@contextmanager
def running_worker(url: str, **environment: str) -> Iterator[None]:
    """A worker on the database at `url` that needs no model yet, until the block ends."""
    process = subprocess.Popen(
        [*COMMAND, "--loglevel=WARNING"], env={**os.environ, "DATABASE_URL": url, **environment}
    )
    try:
        end = time.monotonic() + 60.0
        while not worker_status().alive:
            assert process.poll() is None, "the worker ended at its start"
            assert time.monotonic() < end, "the worker did not start in time"
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(20)


class WorkerProcess:
    """`output` is everything that the worker logged, to be searched for what must not be there."""

    def __init__(
        self, models_dir: Path, name: str, environment: dict[str, str], queue: str = "classify"
    ) -> None:
        self.name = f"{name}@test"
        self.log = models_dir.parent / f"{name}.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*CELERY, "-Q", queue, "-l", "DEBUG", "-n", self.name],
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=settings.BASE_DIR,
                env={
                    **os.environ,
                    "DATABASE_URL": own_database_url(),
                    "MODELS_DIR": str(models_dir),
                    "SECRET_KEY": settings.SECRET_KEY,
                    "SCORER_BACKEND": "fp32",
                    "OMP_NUM_THREADS": "1",
                    **environment,
                },
            )

    @property
    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def wait_until_ready(self) -> "WorkerProcess":
        """Return once the worker has loaded its model."""
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            assert self.process.poll() is None, self.output
            if any(status.name == self.name and status.model_version for status in workers()):
                return self
            time.sleep(0.1)
        raise AssertionError(f"the worker did not start:\n{self.output}")

    def kill(self) -> None:
        """SIGKILL, as an out-of-memory killer would."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """SIGTERM: the worker finishes what it does and says goodbye."""
        self.process.terminate()
        self.process.wait(timeout=30)
