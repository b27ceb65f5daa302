"""How a run in a process of its own tells where it is (a file of JSON lines) and hears that it shall stop."""

import json
import os
import threading
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from training.ml.progress import Cancelled, Listener, Progress

SECONDS_BETWEEN_LINES = 0.5
SECONDS_BETWEEN_LOOKS = 1.0
SECONDS_TO_SAVE = 20.0


class JobListener(Listener, Protocol):
    """A listener that also hears of phases without steps."""

    def stage_begins(self, stage: str, phase: str) -> None: ...

    def phase_begins(self, phase: str) -> None: ...


class SilentRank:
    """The listener of every process but the first of a run on several devices: it tells nothing, and may stop."""

    def __init__(self, stop: threading.Event) -> None:
        self.stop = stop

    def report(self, progress: Progress) -> None:
        # The training loop asks by itself and saves first; the other phases have nothing to save.
        if self.stop.is_set() and not progress.losses:
            raise Cancelled(f"stopped in {progress.phase}")

    def should_stop(self) -> bool:
        return self.stop.is_set()

    def stage_begins(self, stage: str, phase: str) -> None:
        """Tell of a stage of the job, which begins with this phase."""

    def phase_begins(self, phase: str) -> None:
        """Tell of a phase that does not report steps."""


class FileListener(SilentRank):
    """Writes `progress.jsonl`: at most two lines a second, and always a phase's first and last and rare scores."""

    def __init__(self, path: Path, stop: threading.Event) -> None:
        super().__init__(stop)
        self.path, self.phase, self.written = path, "", 0.0
        self.names: set[str] = set()
        self.stage = ""

    def report(self, progress: Progress) -> None:
        now = time.monotonic()
        rare = not self.names.issuperset(progress.losses)  # such as validation scores on the way
        first_or_last = progress.phase != self.phase or progress.step >= progress.steps
        if first_or_last or rare or now - self.written >= SECONDS_BETWEEN_LINES:
            if progress.phase != self.phase:
                self.names = set(progress.losses)
            self.phase, self.written = progress.phase, now
            self._write({**asdict(progress), "memory_mib": memory_mib()})
        super().report(progress)

    def stage_begins(self, stage: str, phase: str) -> None:
        self.stage = stage
        self.phase_begins(phase)

    def phase_begins(self, phase: str) -> None:
        self.report(Progress(phase, 0, 0))

    def _write(self, line: dict[str, Any]) -> None:
        line["stage"] = self.stage
        line["at"] = datetime.now(UTC).isoformat(timespec="milliseconds")
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def memory_mib() -> int:
    """Return the resident size of this process now, with the GPU memory that it holds, in MiB."""
    import sys

    import psutil

    used = int(psutil.Process().memory_info().rss)
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available() and torch.cuda.is_initialized():
        used += int(torch.cuda.memory_reserved())
    return used // 2**20


def watch_parent(stop: threading.Event) -> None:
    """Set `stop` when the parent is gone, and end this process where that does not end it soon.

    Nobody would read what a run without its parent tells, and another worker may start it again.
    """
    parent = os.getppid()
    if "RANK" not in os.environ:  # else our parent is torchrun
        parent = int(os.environ.get("RUN_PARENT", parent))  # it may be gone before we ask

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(SECONDS_BETWEEN_LOOKS)
        stop.set()
        time.sleep(SECONDS_TO_SAVE)
        os._exit(3)

    threading.Thread(target=watch, name="watch-parent", daemon=True).start()
