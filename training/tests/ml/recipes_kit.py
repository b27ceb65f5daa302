"""What the tests of recipes share: small rows, a quick loop, a listener that remembers, a killed process."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from training.ml.config import DataConfig, LoopConfig, to_dict
from training.ml.progress import Progress, SilentListener
from training.ml.recipes.teacher import TeacherConfig, train_teacher
from training.tests.ml.tiny import write_base, write_rows

LOOP = LoopConfig(epochs=2, token_budget=256, learning_rate=3e-3, head_learning_rate=3e-3, precision="fp32")


class Recorder(SilentListener):
    """Remembers every report, and asks to stop at one of them."""

    def __init__(self, stop_at: int | None = None) -> None:
        self.seen: list[Progress] = []
        self.stop_at = stop_at

    def report(self, progress: Progress) -> None:
        self.seen.append(progress)

    def should_stop(self) -> bool:
        return self.stop_at is not None and len(self.seen) >= self.stop_at

    def phases(self) -> list[str]:
        return list(dict.fromkeys(p.phase for p in self.seen))

    def steps(self, phase: str) -> list[int]:
        return [p.step for p in self.seen if p.phase == phase]


def rows(folder: Path, labels: tuple[str, ...] = ("toxic", "insult"), count: int = 300) -> DataConfig:
    folder.mkdir(parents=True, exist_ok=True)
    return DataConfig(
        train=str(write_rows(folder / "train.jsonl", count)),
        validation=str(write_rows(folder / "validation.jsonl", 150, seed=1)),
        labels=labels,
        max_length=32,
    )


def make_teacher(folder: Path, data: DataConfig, *, epochs: float = 6, layers: int = 4) -> Path:
    """Write a base and fine-tune it; returns the run's folder."""
    base = write_base(folder / "base", layers=layers)
    train_teacher(TeacherConfig(str(base), data, replace(LOOP, epochs=epochs)), folder / "teacher")
    return folder / "teacher"


KILLABLE = """
import json, sys, time
from pathlib import Path
from training.ml.progress import SilentListener
from training.ml.recipes.registry import run_recipe

class Slow(SilentListener):
    def report(self, progress):
        if progress.losses:
            time.sleep(0.02)

run_recipe(sys.argv[1], json.loads(sys.argv[2]), Path(sys.argv[3]), Slow())
"""


def kill_once(recipe: str, config: Any, folder: Path, ready: Callable[[], bool]) -> None:
    """Run a recipe in a process of its own and kill it with SIGKILL as soon as `ready()`."""
    command = [sys.executable, "-c", KILLABLE, recipe, json.dumps(to_dict(config)), str(folder)]
    process = subprocess.Popen(command)
    deadline = time.monotonic() + 120
    while not ready():
        assert time.monotonic() < deadline
        assert process.poll() is None, "it ended before it could be killed"
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not (folder / "run.json").exists()
