"""A live call beside this site's answer: the reference service is observed after it, or followed in its place.

Observing hands a call that this site has answered to the worker, which asks the service later. Following asks the
service beside this site's own scoring, and sends its answer out if it has one: the web process asks on a thread of a
bounded pool and waits no longer than the service's timeout. A call that is not asked (over the rate, paused, ended)
costs no waiting, and a slow worker of this site holds back an answer of the service until its timeout and a little
more. The worker writes down what both answered.
"""

import logging
import random
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from functools import cache

from django.conf import settings
from django.utils import timezone

from classifier.core.outgoing import outgoing_hold
from classifier.models import ApiKey, ReferenceCall, ReferenceMode, ReferenceService, Wire
from classifier.references.calls import OwnAnswer, waiting_of
from classifier.references.pace import Turn, note, take
from classifier.references.queue import put
from classifier.references.selectors import why_over
from classifier.references.wire import Reply, ask
from toxicsite.lib.broker import NoBroker

Failure = ReferenceCall.Failure
AnsweredBy = ReferenceCall.AnsweredBy

NOT_ASKED = {
    Turn.RATE: Reply(Failure.RATE.value, "More calls a second came than are set for this service."),
    Turn.PAUSED: Reply(Failure.PAUSED.value, "The service is paused after failures in a row."),
}
OVER = Reply(Failure.OFF.value)
ON_HOLD = Reply(Failure.PAUSED.value, "Sending is on hold on this site: manage.py sending resume.")
BUSY = Reply(Failure.RATE.value, "Too many calls to reference services are under way in this process.")
GRACE_SECONDS = 0.2
"""After a service's timeout, how long its answer still waits for this site's own scores."""
BROKEN = Reply(Failure.CONNECTION.value, "It could not be asked; the server's log says more.")

logger = logging.getLogger(__name__)


class Follow:
    """One call about which the reference service is being asked, or the reason why it is not asked."""

    def __init__(
        self, service: ReferenceService, future: "Future[Reply] | None", reply: Reply | None
    ) -> None:
        self.service = service
        self._future = future
        self._reply = reply
        self._deadline = time.monotonic() + service.timeout_seconds

    def reply(self) -> Reply:
        """Wait for the answer until the timeout, and return it; never raises."""
        if self._reply is None:
            assert self._future is not None
            self._reply = self._wait(self._future)
        return self._reply

    def overtaken(self) -> bool:
        """Say whether the service has answered, and its timeout and a little more are over."""
        return time.monotonic() >= self._deadline + GRACE_SECONDS and self.reply().answered

    def _wait(self, future: "Future[Reply]") -> Reply:
        try:
            return future.result(max(0.0, self._deadline - time.monotonic()))
        except FutureTimeout:
            detail = f"No whole answer within {self.service.timeout_seconds:g} seconds."
            return Reply(
                Failure.TIMEOUT.value, detail, milliseconds=round(self.service.timeout_seconds * 1_000)
            )
        except Exception as error:
            logger.error("A reference service could not be asked: %s", type(error).__name__)
            return BROKEN


class Pool:
    """Threads that ask, without a queue of calls before them."""

    def __init__(self, threads: int) -> None:
        self._free = threading.BoundedSemaphore(threads)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="reference")

    def submit(self, service: ReferenceService, body: bytes) -> "Future[Reply] | None":
        """Ask on a free thread; None if there is none."""
        if not self._free.acquire(blocking=False):
            return None
        future = self._threads.submit(_ask, service, body)
        future.add_done_callback(lambda _: self._free.release())
        return future


def observe(*, api_key: ApiKey, own: OwnAnswer) -> None:
    """Hand the call to the worker if the key observes a service of its wire; one round trip to Redis, never raises."""
    if api_key.reference_mode != ReferenceMode.OBSERVE:
        return
    try:
        service = api_key.reference
        if service is None or service.wire != own.wire or why_over(service, timezone.now()):
            return
        if not any(text.scores for text in own.texts):
            return
        if random.random() >= service.share:  # noqa: S311 - a draw, no secret
            return
        waiting = waiting_of(api_key=api_key, service=service, mode=ReferenceMode.OBSERVE, own=own, asks=True)
        put(waiting, calls_per_second=service.calls_per_second)
    except NoBroker:
        logger.warning("Redis does not answer; a call is not observed")
    except Exception as error:
        # Only the kind: the message of an exception may quote the text.
        logger.error("A call is not observed: %s", type(error).__name__)


def follow_begin(*, api_key: ApiKey, wire: Wire, body: bytes) -> Follow | None:
    """Begin to ask if the key follows a service of this wire; `body` goes there as it came. Never raises."""
    service = api_key.reference
    if api_key.reference_mode != ReferenceMode.FOLLOW or service is None or service.wire != wire:
        return None
    if why_over(service, timezone.now()):
        return Follow(service, None, OVER)
    if outgoing_hold() is not None:
        return Follow(service, None, ON_HOLD)
    turn, _ = take(service)
    if turn is not Turn.GO:
        return Follow(service, None, NOT_ASKED[turn])
    future = _pool().submit(service, body)
    return Follow(service, future, None if future is not None else BUSY)


def follow_record(*, api_key: ApiKey, follow: Follow, own: OwnAnswer | None) -> None:
    """Hand both answers to the worker, which stores them; never raises. Nothing is kept of a service that has ended."""
    reply = follow.reply()
    if reply.failure == Failure.OFF:
        return
    try:
        waiting = waiting_of(
            api_key=api_key,
            service=follow.service,
            mode=ReferenceMode.FOLLOW,
            own=own,
            asks=False,
            reply=reply,
            answered_by=AnsweredBy.REFERENCE if reply.answered else AnsweredBy.OWN,
        )
        put(waiting, calls_per_second=follow.service.calls_per_second)
    except NoBroker:
        logger.warning("Redis does not answer; a followed call is not kept")
    except Exception as error:
        # Only the kind: the message of an exception may quote the text.
        logger.error("A followed call is not kept: %s", type(error).__name__)


def _ask(service: ReferenceService, body: bytes) -> Reply:
    reply = ask(service, body, texts=None)
    note(service, reply)
    return reply


@cache
def _pool() -> Pool:
    """Return the pool of threads of this process."""
    return Pool(settings.REFERENCE_THREADS)
