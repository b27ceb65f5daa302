"""Requests per second, p50 and p99 of each dialect and of version 1 against the raw engine, in one run.

Each way is called by several client threads over kept-alive connections, in turns, so that whatever else the machine
does affects all alike. The raw engine scores the same texts in this process, one at a time, while the site is idle.
"""

import os
import statistics
import time
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice
from typing import Any

from benchmarks.core import Options, Row
from benchmarks.site import Client, Site, running_site
from benchmarks.texts import texts
from classifier.inference.scorer import Scorer

TURNS = 3
TEXTS = 200
WARM_UP = 20
ENGINE = "engine alone, one text"
WAYS: dict[str, tuple[str, Callable[[str], dict[str, Any]]]] = {
    "version 1, score": ("/api/v1/score/", lambda text: {"text": text}),
    "Perspective, analyze": (
        "/v1alpha1/comments:analyze",
        lambda text: {"comment": {"text": text}, "requestedAttributes": {"TOXICITY": {}}, "doNotStore": True},
    ),
    "OpenAI, moderations": ("/v1/moderations", lambda text: {"input": text}),
    "TEI, predict": ("/predict", lambda text: {"inputs": text}),
}


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--clients", type=int, default=8, help="threads that call the dialects at once [%(default)s]"
    )
    parser.add_argument(
        "--dialect-seconds", type=float, default=10.0, help="how long each dialect is called [%(default)s]"
    )


def run(options: Options) -> list[Row]:
    """Return one row for the engine and one for each way through the site."""
    sample = texts(options.data, options.text_column, TEXTS)
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as in the worker
    scorer = Scorer(options.model)
    seconds = options.dialect_seconds / TURNS
    times: dict[str, list[float]] = {name: [] for name in (ENGINE, *WAYS)}
    spent = dict.fromkeys(times, 0.0)
    with running_site(options.model) as site:
        for name in WAYS:
            _call(site, name, sample[:WARM_UP], options.clients, 0.5)
        for _ in range(TURNS):
            began = time.perf_counter()
            times[ENGINE] += _timed(lambda text: scorer.score([text]), sample, began + seconds)
            spent[ENGINE] += time.perf_counter() - began
            for name in WAYS:
                taken, lasted = _call(site, name, sample, options.clients, seconds)
                times[name] += taken
                spent[name] += lasted
    return [
        Row(name, _columns(sorted(taken), spent[name], 1 if name == ENGINE else options.clients))
        for name, taken in times.items()
    ]


def _call(
    site: Site, name: str, sample: Sequence[str], clients: int, seconds: float
) -> tuple[list[float], float]:
    """Call one way from `clients` threads; return the milliseconds of each call, and how long all of it took."""
    path, body = WAYS[name]
    began = time.perf_counter()
    end = began + seconds

    def call_from(number: int) -> list[float]:
        client = site.client()
        own = [*sample[number:], *sample[:number]]
        return _timed(lambda text: _ask(client, path, body(text)), own, end)

    with ThreadPoolExecutor(clients) as pool:
        taken = [milliseconds for part in pool.map(call_from, range(clients)) for milliseconds in part]
    return taken, time.perf_counter() - began


def _timed(work: Callable[[str], object], sample: Sequence[str], end: float) -> list[float]:
    taken = []
    for text in islice(cycle(sample), 1_000_000):
        began = time.perf_counter()
        if began >= end:
            break
        work(text)
        taken.append((time.perf_counter() - began) * 1_000)
    return taken


def _ask(client: Client, path: str, body: dict[str, Any]) -> None:
    status, answer = client.post(path, body)
    if status != 200:
        raise RuntimeError(f"{path} answered {status}: {answer}")


def _columns(taken: Sequence[float], seconds: float, clients: int) -> dict[str, str]:
    return {
        "clients": str(clients),
        "requests/s": f"{len(taken) / seconds:.1f}",
        "p50 ms": f"{statistics.median(taken):.1f}",
        "p99 ms": f"{taken[min(len(taken) - 1, int(len(taken) * 0.99))]:.1f}",
    }
