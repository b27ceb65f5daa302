"""The worker of reference services: it asks about observed calls and stores answers, in short turns.

Threads do the requests and only the main thread writes, as with webhooks, which the same worker sends. A turn starts
the requests that may be started and stores the answers that have come; it never waits for an answer, so that no webhook
is delayed. A killed worker loses the calls that were under way; nothing depends on them.
"""

import json
import logging
import time
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import cache

from django.conf import settings
from django.db import DatabaseError, DataError, IntegrityError, InterfaceError
from django.utils import timezone

from classifier.core.outgoing import outgoing_hold
from classifier.models import ReferenceCall, ReferenceService
from classifier.references.calls import calls_store
from classifier.references.pace import Turn, note, take
from classifier.references.queue import Waiting, lengths, missed_flush, next_call, next_records, silence_bell
from classifier.references.selectors import why_over
from classifier.references.wire import Reply, ask
from toxicsite.lib.broker import NoBroker

Failure = ReferenceCall.Failure

AT_ONCE = 8  # requests to one service, so that one that hangs leaves threads to the others
RECORDS_AT_ONCE = 500
UNWRITTEN_MOST = 2_000
LOOK_SECONDS = 0.1
WAIT_SECONDS_MOST = 2.0
LOST_SECONDS = 5.0  # another worker may have taken the turn that was asked for
OVER = Reply(Failure.OFF.value)
PAUSED = Reply(Failure.PAUSED.value, "The service is paused after failures in a row.")
BROKEN = Reply(Failure.CONNECTION.value, "It could not be asked; the server's log says more.")

logger = logging.getLogger(__name__)


class Asker:
    """The requests of one worker process; they stay under way from one turn to the next."""

    def __init__(self, threads: int | None = None) -> None:
        self.threads = threads or settings.REFERENCE_THREADS
        self.pool = ThreadPoolExecutor(self.threads, thread_name_prefix="reference")
        self.under_way: dict[Future[Reply], Waiting] = {}
        self.unwritten: list[tuple[Waiting, Reply | None]] = []
        self.awaited_until = 0.0  # a further turn was asked for and has not come yet

    def turn(self) -> float | None:
        """Start requests and store answers; return the seconds until the next useful turn, None if nothing waits."""
        left: float | None = None
        try:
            silence_bell()
            left = self._start()
            self.unwritten += [(record, None) for record in next_records(RECORDS_AT_ONCE)]
            missed_flush()
        except NoBroker:
            logger.warning("Redis does not answer; reference calls wait")
        self._write()
        return LOOK_SECONDS if self.under_way else WAIT_SECONDS_MOST if self.unwritten else left

    def stop(self) -> None:
        """Wait for the requests that are under way, and write their answers."""
        if self.under_way:
            wait(self.under_way, settings.WEBHOOK_TOTAL_SECONDS + 1.0)
        self._write()
        self.pool.shutdown(wait=False, cancel_futures=True)

    def _start(self) -> float | None:
        """Start requests; return the seconds until the first service with waiting calls may be asked again."""
        if outgoing_hold() is not None:
            return None  # beat asks for turns until sending is resumed
        services = list(ReferenceService.objects.order_by("pk"))
        queues, records = lengths([service.pk for service in services])
        waits = [LOOK_SECONDS] if records > RECORDS_AT_ONCE else []
        for service, queue in zip(services, queues, strict=True):
            if queue and (seconds := self._start_of(service)) is not None:
                waits.append(seconds)
        return min(waits, default=None)

    def _start_of(self, service: ReferenceService) -> float | None:
        if why_over(service, timezone.now()):
            while (call := next_call(service.pk)) is not None:
                self.unwritten.append((call, OVER))
            return None
        while True:
            busy = sum(call.service == service.pk for call in self.under_way.values())
            if busy >= AT_ONCE or len(self.under_way) >= self.threads:
                return LOOK_SECONDS
            turn, seconds = take(service)
            if turn is Turn.RATE:
                return min(max(seconds, 0.01), WAIT_SECONDS_MOST)
            call = next_call(service.pk)
            if call is None:
                return None
            if turn is Turn.PAUSED:
                self.unwritten.append((call, PAUSED))
                continue
            body = json.dumps(call.body, ensure_ascii=False, separators=(",", ":")).encode()
            self.under_way[self.pool.submit(_ask, service, body, len(call.texts))] = call

    def _write(self) -> None:
        for future in [future for future in self.under_way if future.done()]:
            call = self.under_way.pop(future)
            failed = future.exception()
            if failed is not None:
                logger.error("A reference service could not be asked: %s", type(failed).__name__)
            self.unwritten.append((call, BROKEN if failed else future.result()))
        if not self.unwritten:
            return
        try:
            calls_store(self.unwritten)
        except (IntegrityError, DataError):
            for answered in self.unwritten:
                _write_alone(answered)
        except (DatabaseError, InterfaceError) as error:
            # Only the kind: the database may quote the row.
            logger.error("Reference calls could not be written yet: %s", type(error).__name__)
            del self.unwritten[:-UNWRITTEN_MOST]
            return
        self.unwritten.clear()


def _write_alone(call: tuple[Waiting, Reply | None]) -> None:
    """Write one call, so that a row that cannot be written does not keep others from being written."""
    try:
        calls_store([call])
    except (IntegrityError, DataError) as error:
        logger.error("A reference call was left out: %s", type(error).__name__)


def _ask(service: ReferenceService, body: bytes, texts: int) -> Reply:
    reply = ask(service, body, texts=texts)
    note(service, reply)
    return reply


@cache
def this_asker() -> Asker:
    """Return the asker of this process."""
    return Asker()


def reference_turn(*, again: bool = False) -> float | None:
    """Do a turn, when a call or the schedule asks for one, or with `again` when an earlier turn did.

    Returns the seconds after which to ask for another turn, if any: one at a time, however often turns are asked for.
    """
    asker = this_asker()
    if again:
        asker.awaited_until = 0.0
    seconds = asker.turn()
    now = time.monotonic()
    if seconds is None or asker.awaited_until > now:
        return None
    asker.awaited_until = now + seconds + LOST_SECONDS
    return seconds
