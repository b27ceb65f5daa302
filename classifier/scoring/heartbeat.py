"""Heartbeat of the classification workers, sent by a thread of its own, so that it goes on during a long batch."""

import json
import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

from toxicsite.lib.broker import NoBroker, broker_errors, client, key

TTL_SECONDS = 10
EVERY_SECONDS = 3.0
ALIVE_KEY = "worker:alive"  # exists while any worker is alive
NAMES_KEY = "worker:names"
BEGAN_KEY = "worker:began"  # when a worker started last
BEGAN_KEPT_SECONDS = 3_600

LOADING = "loading the model"
NO_VERSION = "no model version is active"
CANNOT_LOAD = "the active model version cannot be loaded"

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class WorkerStatus:
    """`alive` is False without a heartbeat; `problem` says why a live worker cannot score, or is empty.

    `problem` is a sentence that names the version. Pages and probes show `public_problem`, which has fixed words only.
    `notice` says what it does not score, or with another version, because a version in production cannot be loaded
    (`broken`) or has no room. Both are for everybody; `detail` names files and paths and is for people who may activate
    versions. `versions` are all that it has loaded.
    """

    alive: bool
    model_version: str | None = None
    backend: str = ""
    seen_at: datetime | None = None
    problem: str = ""
    name: str = ""
    notice: str = ""
    broken: str = ""
    detail: str = ""
    versions: list[str] = field(default_factory=list)

    @property
    def public_problem(self) -> str:
        """Why a live worker cannot score, in words that anybody may read; empty if it can."""
        return self.problem if self.problem in ("", LOADING, NO_VERSION) else CANNOT_LOAD


def worker_status() -> WorkerStatus:
    """Return the status of the worker seen last; while Redis is down, there is no worker."""
    return next(iter(workers()), WorkerStatus(alive=False))


def workers() -> list[WorkerStatus]:
    """List the workers that are alive, the one seen last first; none while Redis is down."""
    try:
        statuses = [WorkerStatus(alive=True, **_decode(beat)) for beat in _beats()]
    except NoBroker:
        return []
    return sorted(
        statuses, key=lambda status: status.seen_at or datetime.min.replace(tzinfo=UTC), reverse=True
    )


def a_worker_lives() -> bool:
    """Return whether any worker is alive, so that waiting for it makes sense. Raises NoBroker."""
    with broker_errors():
        return bool(client().exists(key(ALIVE_KEY)))


def beat(
    name: str,
    *,
    model_version: str | None,
    backend: str,
    problem: str,
    notice: str = "",
    broken: str = "",
    detail: str = "",
    versions: Sequence[str] = (),
) -> None:
    """Send a heartbeat of the worker `name`. Raises NoBroker."""
    value = {
        "name": name,
        "model_version": model_version,
        "backend": backend,
        "problem": problem,
        "notice": notice,
        "broken": broken,
        "detail": detail,
        "versions": list(versions),
        "seen_at": datetime.now(UTC).isoformat(),
    }
    with broker_errors(), client().pipeline(transaction=False) as pipe:
        pipe.set(key(ALIVE_KEY), name, ex=TTL_SECONDS)
        pipe.set(_beat_key(name), json.dumps(value), ex=TTL_SECONDS)
        pipe.sadd(key(NAMES_KEY), name)
        pipe.execute()


def stop_beating(name: str) -> None:
    """Remove the heartbeat of the worker `name`, so that callers learn at once that it is gone. Raises NoBroker."""
    with broker_errors():
        client().delete(_beat_key(name))
        client().srem(key(NAMES_KEY), name)
        if not _beats():
            client().delete(key(ALIVE_KEY))


def began() -> None:
    """Note that a worker starts. Raises NoBroker."""
    with broker_errors():
        client().set(key(BEGAN_KEY), client().time()[0], ex=BEGAN_KEPT_SECONDS)


def began_seconds_ago() -> float | None:
    """Return how long ago a worker started last; None where that is longer than it is kept. Raises NoBroker."""
    with broker_errors():
        at = cast("bytes | None", client().get(key(BEGAN_KEY)))
        return None if at is None else max(0.0, float(client().time()[0] - int(at)))


class HeartbeatThread(threading.Thread):
    """A thread that sends heartbeats until stopped; `state` returns the keywords of `beat` and is called each time."""

    def __init__(self, name: str, state: Callable[[], dict[str, Any]]) -> None:
        super().__init__(name="heartbeat", daemon=True)
        self.worker_name, self.state = name, state
        self.wake, self.stopped = threading.Event(), False

    def run(self) -> None:
        try:
            began()
        except NoBroker:
            logger.warning("Redis does not answer; the start is not noted")
        while not self.stopped:
            self.wake.clear()
            try:
                beat(self.worker_name, **self.state())
            except NoBroker:
                logger.warning("Redis does not answer; no sign of life sent")
            self.wake.wait(EVERY_SECONDS)

    def now(self) -> None:
        """Beat at once, because something changed."""
        self.wake.set()

    def stop(self) -> None:
        self.stopped = True
        self.wake.set()
        self.join(timeout=EVERY_SECONDS)
        try:
            stop_beating(self.worker_name)
        except NoBroker:
            logger.warning("Redis does not answer; no goodbye sent")


def _beats() -> list[bytes]:
    with broker_errors():
        names = [name.decode() for name in cast(Any, client().smembers(key(NAMES_KEY)))]
        values = cast(Any, client().mget([_beat_key(name) for name in names])) if names else []
        gone = [name for name, value in zip(names, values, strict=True) if value is None]
        if gone:
            client().srem(key(NAMES_KEY), *gone)
    return [value for value in values if value is not None]


def _decode(value: bytes) -> dict[str, Any]:
    sent = json.loads(value)
    fields = {
        name: sent[name] for name in WorkerStatus.__dataclass_fields__ if name in sent
    }  # others: newer code
    return {**fields, "seen_at": datetime.fromisoformat(fields["seen_at"])}


def _beat_key(name: str) -> str:
    return key(f"worker:beat:{name}")
