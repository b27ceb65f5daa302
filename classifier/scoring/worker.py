"""One classification worker: its engine, its heartbeat, and its turns."""

import logging
import time
from functools import cache

from django.conf import settings
from django.db import InterfaceError, OperationalError

from classifier.scoring.bell import CLASSIFY_TASK, ring_worker
from classifier.scoring.classify_pending import claims_release, pending_classify
from classifier.scoring.engine import EngineHolder
from classifier.scoring.heartbeat import HeartbeatThread
from classifier.scoring.model_loading import Engine, loading_finish
from classifier.scoring.serve_requests import serve_inbox
from classifier.scoring.shadow_runner import ShadowRunner
from toxicsite.lib.broker import NoBroker
from toxicsite.lib.jobs import enqueue_now

TURN_SECONDS = 1.0
STOP_SECONDS = 10.0

logger = logging.getLogger(__name__)


class ClassifyWorker:
    """The work of one worker process, for as long as it lives."""

    def __init__(self) -> None:
        self.holder = EngineHolder()
        self.shadow = ShadowRunner()
        self.heartbeat: HeartbeatThread | None = None
        self.name = ""

    def start(self, name: str) -> None:
        """Release what this worker had claimed when it was killed, send heartbeats, and load the active model."""
        self.name = name
        try:
            claims_release(worker=name)
        except (OperationalError, InterfaceError):
            logger.warning("PostgreSQL does not answer; the claims of before expire by themselves")
        self.heartbeat = HeartbeatThread(name, self.holder.state)
        self.heartbeat.start()
        self._engine()
        ring_worker()  # for what was left while no worker ran

    def stop(self) -> None:
        loading_finish(STOP_SECONDS)
        if self.heartbeat is not None:
            self.heartbeat.stop()
            self.heartbeat = None

    def turn(self) -> bool:
        """Answer the inbox and classify what waits, for about a second; return whether more is left.

        When there is nothing else to do, the version in shadow mode scores some of the classified comments.
        """
        end = time.monotonic() + TURN_SECONDS
        while True:
            self._engine()
            self._serve()
            serving = self.holder.serving()
            if serving is None:
                return False
            claimed = pending_classify(
                serving=serving,
                limit=settings.CLASSIFY_CLAIM_SIZE,
                between=self._serve,
                written=self.shadow.offer,
                worker=self.name,
            )
            if claimed == 0 and not self.shadow.turn():
                return False
            if time.monotonic() > end:
                return True

    def _engine(self) -> Engine | None:
        before = self.holder.state()
        engine = self.holder.current()
        if self.heartbeat is not None and before != self.holder.state():
            self.heartbeat.now()
        return engine

    def _serve(self) -> None:
        try:
            serve_inbox(self.holder.serving(), problem=self.holder.problem)
        except NoBroker:
            logger.warning("Redis does not answer; no synchronous request can be served")


@cache
def this_worker() -> ClassifyWorker:
    """Return the worker of this process; the first call creates it."""
    return ClassifyWorker()


def classify_turn() -> None:
    """Take one turn, and ask for another if more is left, so that other messages of the queue have their turn.

    Requests and the periodic sweep both end here: the work itself is read from the database and the inbox.
    """
    if this_worker().turn():
        enqueue_now(CLASSIFY_TASK)
