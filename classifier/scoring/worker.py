"""One classification worker: its engine, its heartbeat, and what it does when the bell rings."""

import logging
import time
from functools import cache

from django.conf import settings

from classifier.scoring.classify_pending import pending_classify
from classifier.scoring.engine import EngineHolder
from classifier.scoring.heartbeat import HeartbeatThread
from classifier.scoring.model_loading import CLASSIFY_TASK, Engine, loading_finish, ring_worker
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

    def start(self, name: str) -> None:
        """Show a sign of life and load the active model, before the first request comes."""
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

        Only when neither asks for anything, a shadow version scores a little of what was classified before.
        """
        end = time.monotonic() + TURN_SECONDS
        while True:
            engine = self._engine()
            self._serve()
            if engine is None:
                return False
            claimed = pending_classify(
                scorer=engine.scorer,
                model_version=engine.model_version,
                limit=settings.CLASSIFY_CLAIM_SIZE,
                between=self._serve,
                written=self.shadow.offer,
            )
            if claimed == 0 and not self.shadow.turn():
                return False
            if time.monotonic() > end:
                return True

    def _engine(self) -> Engine | None:
        before = self.holder.engine, self.holder.problem, self.holder.notice
        engine = self.holder.current()
        if self.heartbeat is not None and before != (engine, self.holder.problem, self.holder.notice):
            self.heartbeat.now()
        return engine

    def _serve(self) -> None:
        try:
            serve_inbox(self.holder.engine, problem=self.holder.problem)
        except NoBroker:
            logger.warning("Redis does not answer; no synchronous request can be served")


@cache
def this_worker() -> ClassifyWorker:
    """The worker of this process."""
    return ClassifyWorker()


def classify_turn() -> None:
    """Take one turn; ring for another when more is left, so that other messages of the queue get theirs.

    The bell and the periodic sweep both end here: what is to be done is read from the database and the inbox.
    """
    if this_worker().turn():
        enqueue_now(CLASSIFY_TASK)
