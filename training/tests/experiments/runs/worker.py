"""A real Celery worker of the training queue, on a test's database and Redis, started and killed at will."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from django.conf import settings

from classifier.tests.worker_process import own_database_url
from training.models import Experiment

COMMAND = [
    *(sys.executable, "-m", "celery", "-A", "toxicsite", "worker", "-Q", "training", "-c", "1"),
    *("--without-gossip", "--without-mingle", "--loglevel=INFO"),
]
PATIENCE = 600.0  # of a machine that is busy with other things


class TrainingWorker:
    """Alone in its process group, as under a process runner."""

    def __init__(self, places: Path, name: str) -> None:
        self.log = places / f"{name}.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*COMMAND, "-n", f"{name}@test"],
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=settings.BASE_DIR,
                start_new_session=True,
                env={
                    **os.environ,
                    "DATABASE_URL": own_database_url(),
                    "SECRET_KEY": settings.SECRET_KEY,
                    "RUNS_DIR": str(settings.RUNS_DIR),
                    "DATASETS_DIR": str(settings.DATASETS_DIR),
                    "MODELS_DIR": str(settings.MODELS_DIR),
                    "TRAIN_NICE": "0",
                    "CUDA_VISIBLE_DEVICES": "",
                    "OMP_NUM_THREADS": "1",
                },
            )

    @property
    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def wait_for(self, experiment: Experiment, reached: Callable[[Experiment], bool]) -> Experiment:
        """Return the experiment once it is as wanted."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            experiment.refresh_from_db()
            if reached(experiment):
                return experiment
            assert self.process.poll() is None, self.output
            time.sleep(0.1)
        raise AssertionError(
            f"{experiment} is {experiment.status}: {experiment.failure_reason}\n{experiment.progress}\n{self.output}"
        )

    def wait_until_over(self, experiment: Experiment) -> Experiment:
        return self.wait_for(experiment, lambda row: row.is_over)

    def kill(self) -> None:
        """Send SIGKILL to the whole group, as a power cut would."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """Send SIGTERM, as `make run` on Ctrl-C."""
        self.process.terminate()
        self.process.wait(60)
