"""Whether a classification worker is there, and what it runs."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class WorkerStatus:
    """`alive` is False without a heartbeat; `problem` says why a live worker cannot score, or is empty."""

    alive: bool
    model_version: str | None = None
    backend: str = ""
    seen_at: datetime | None = None
    problem: str = ""


def worker_status() -> WorkerStatus:
    """Ask Redis for the heartbeat; a Redis that is down reads as no worker."""
    raise NotImplementedError
