"""Counts and times of every process, summed in Redis, so that one page shows the whole installation.

A process adds up in memory and sends what is new every few seconds: no request waits for it, several web servers and
workers on several machines need no common folder, and a process that dies takes the last seconds with it. Labels are
names of ours (routes, tasks, versions), never what somebody wrote, and their number is bounded.
"""

import atexit
import json
import logging
import os
import threading
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, cast

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric

from toxicsite.lib.broker import NoBroker, broker_errors, client, key

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
TEXTS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_000)
FLUSH_SECONDS = 3.0
LABEL_SETS = 3_000  # of one metric in one process (routes by method and status); beyond it all is "other"
STORE = "metrics"

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Definition:
    name: str
    help: str
    labels: tuple[str, ...]
    buckets: tuple[float, ...] = ()  # none: a counter


HTTP_REQUESTS = Definition("toxicsite_http_requests", "Requests answered.", ("method", "route", "status"))
HTTP_SECONDS = Definition(
    "toxicsite_http_request_seconds", "Time to the answer's first byte.", ("method", "route"), SECONDS
)
SCORING_SECONDS = Definition("toxicsite_scoring_seconds", "Time of one engine call.", ("kind",), SECONDS)
SCORING_TEXTS = Definition("toxicsite_scoring_batch_texts", "Texts in one engine call.", ("kind",), TEXTS)
VERDICTS = Definition("toxicsite_verdicts", "Verdicts on stored comments.", ("version", "band"))
TASKS = Definition("toxicsite_tasks", "Celery tasks that ended.", ("task", "state"))
TASK_SECONDS = Definition("toxicsite_task_seconds", "Time of one Celery task.", ("task",), SECONDS)
REFERENCE_CALLS = Definition(
    "toxicsite_reference_calls", "Calls compared with a reference service.", ("mode", "outcome")
)
DEFINITIONS = (
    *(HTTP_REQUESTS, HTTP_SECONDS, SCORING_SECONDS, SCORING_TEXTS, VERDICTS, TASKS, TASK_SECONDS),
    REFERENCE_CALLS,
)
BY_NAME = {definition.name: definition for definition in DEFINITIONS}

Field = tuple[str, tuple[str, ...], str]  # metric, labels, and which part of it


class Sums:
    """The counts of this process that were not sent yet."""

    def __init__(self) -> None:
        self.lock, self.sending = threading.Lock(), threading.Lock()
        self.new: dict[Field, float] = defaultdict(float)
        self.seen: dict[str, set[tuple[str, ...]]] = defaultdict(set)
        self.process = 0

    def add(
        self, definition: Definition, labels: tuple[str, ...], parts: Iterable[tuple[str, float]]
    ) -> None:
        with self.lock:
            known = self.seen[definition.name]
            if labels not in known:
                if len(known) >= LABEL_SETS:
                    labels = tuple("other" for _ in labels)
                known.add(labels)
            for part, amount in parts:
                self.new[definition.name, labels, part] += amount
        if self.process != os.getpid():
            self._start_sending()

    def _start_sending(self) -> None:
        """Start one thread a process; after a fork the child starts its own."""
        with self.lock:
            if self.process == os.getpid():
                return
            self.process = os.getpid()
        threading.Thread(target=self._send_for_ever, name="metrics", daemon=True).start()

    def _send_for_ever(self) -> None:
        wait = threading.Event()
        while not wait.wait(FLUSH_SECONDS):
            self.send()

    def send(self) -> None:
        """Send what is new; a caller waits while another thread sends, so that it reads complete sums afterwards."""
        with self.sending:
            self._send()

    def _send(self) -> None:
        with self.lock:
            new, self.new = self.new, defaultdict(float)
        if not new:
            return
        try:
            with broker_errors(), client().pipeline(transaction=False) as pipe:
                for field, amount in new.items():
                    pipe.hincrbyfloat(key(STORE), json.dumps(field), amount)
                pipe.execute()
        except NoBroker:
            with self.lock:
                for field, amount in new.items():
                    self.new[field] += amount
        except Exception as error:
            logger.warning("metrics are lost: %s", type(error).__name__)


_sums = Sums()
os.register_at_fork(after_in_child=lambda: _sums.__init__())  # type: ignore[misc]
atexit.register(lambda: _sums.send())


def count(definition: Definition, *labels: str, amount: float = 1.0) -> None:
    _sums.add(definition, labels, [("", amount)])


def observe(definition: Definition, value: float, *labels: str) -> None:
    bucket = bisect_left(definition.buckets, value)
    bound = str(definition.buckets[bucket]) if bucket < len(definition.buckets) else "+Inf"
    _sums.add(definition, labels, [(bound, 1.0), ("sum", value)])


def collect() -> Iterator[Metric]:
    """Yield every metric as Prometheus shows it, of all processes. Raises NoBroker."""
    _sums.send()
    with broker_errors():
        stored = cast("dict[bytes, bytes]", client().hgetall(key(STORE)))
    sums: dict[str, dict[tuple[str, ...], dict[str, float]]] = defaultdict(lambda: defaultdict(dict))
    for field, value in stored.items():
        name, labels, part = json.loads(field)
        if name in BY_NAME:
            sums[name][tuple(labels)][part] = float(value)
    for definition in DEFINITIONS:
        yield _family(definition, sums[definition.name])


def _family(definition: Definition, sums: dict[tuple[str, ...], dict[str, float]]) -> Metric:
    if not definition.buckets:
        counter = CounterMetricFamily(definition.name, definition.help, labels=definition.labels)
        for labels, parts in sorted(sums.items()):
            counter.add_metric(labels, parts.get("", 0.0))
        return counter
    histogram = HistogramMetricFamily(definition.name, definition.help, labels=definition.labels)
    for labels, parts in sorted(sums.items()):
        running, buckets = 0.0, []
        for bound in (*map(str, definition.buckets), "+Inf"):
            running += parts.get(bound, 0.0)
            buckets.append((bound, running))
        histogram.add_metric(labels, cast(Any, buckets), sum_value=parts.get("sum", 0.0))
    return histogram
