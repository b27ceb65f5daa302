"""How a run tells where it is: a listener, so that the learning code never meets a database or a terminal."""

import sys
import time
from dataclasses import dataclass, field, replace
from typing import Protocol


class Cancelled(Exception):
    """The listener asked the run to stop; the last checkpoint is kept."""


@dataclass(frozen=True)
class Progress:
    """One report: `step` of `steps`, rows and tokens a second, loss parts, seconds left (None: not known yet)."""

    phase: str
    step: int
    steps: int
    rows_per_second: float = 0.0
    tokens_per_second: float = 0.0
    losses: dict[str, float] = field(default_factory=dict)
    eta_seconds: float | None = None


class Listener(Protocol):
    """Receives progress, and may ask the run to stop."""

    def report(self, progress: Progress) -> None: ...

    def should_stop(self) -> bool: ...


class SilentListener:
    """Hears nothing and never stops a run."""

    def report(self, progress: Progress) -> None:
        return None

    def should_stop(self) -> bool:
        return False


class StageListener:
    """Passes reports on under the name of the stage, so that two parts of one run never share a curve."""

    def __init__(self, listener: Listener, stage: str) -> None:
        self.listener, self.stage = listener, stage

    def report(self, progress: Progress) -> None:
        self.listener.report(replace(progress, phase=f"{self.stage}: {progress.phase}"))

    def should_stop(self) -> bool:
        return self.listener.should_stop()


class ConsoleListener(SilentListener):
    """Writes a line to standard error every few seconds."""

    def __init__(self, every_seconds: float = 10.0) -> None:
        self.every = every_seconds
        self.last = 0.0

    def report(self, progress: Progress) -> None:
        now = time.monotonic()
        if now - self.last < self.every and progress.step < progress.steps:
            return
        self.last = now
        losses = " ".join(f"{name} {value:.4f}" for name, value in progress.losses.items())
        eta = "" if progress.eta_seconds is None else f", {format_seconds(progress.eta_seconds)} left"
        sys.stderr.write(
            f"{progress.phase}: {progress.step}/{progress.steps} {losses} "
            f"({progress.rows_per_second:.0f} rows/s, {progress.tokens_per_second:.0f} tokens/s{eta})\n"
        )
        sys.stderr.flush()


def format_seconds(seconds: float) -> str:
    """Return "1 h 02 min", "3 min 05 s" or "12 s"."""
    whole = round(seconds)
    if whole >= 3600:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    return f"{whole // 60} min {whole % 60:02d} s" if whole >= 60 else f"{whole} s"
