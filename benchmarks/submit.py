"""Submit-to-verdict time through web, queue and database, against the engine alone on the same texts in turn.

Texts alternate between the ways, so that whatever else the machine does affects all alike. The engine alone runs in
this process and is idle while the site answers; Postgres waits for the disk, as in production.
"""

import os
import time
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.core import Latency, Options, Row
from benchmarks.site import Client, running_site
from benchmarks.texts import texts
from classifier.inference.scorer import Scorer

WARM_UP = 20
BAR_MILLISECONDS = 25.0
ENGINE, SCORE, SUBMIT = (
    "engine alone, one text",
    "scored through web and queue",
    "submitted, stored, verdict back",
)


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--submissions", type=int, default=150, help="texts that the submit benchmark sends [%(default)s]"
    )


def run(options: Options) -> list[Row]:
    """Return one row for each way, and what submitting costs above the engine."""
    sample = texts(options.data, options.text_column, options.submissions)
    latencies = measure(options.model, sample)
    overhead = latencies[SUBMIT].p50 - latencies[ENGINE].p50
    return [
        *(Row(name, latency.columns()) for name, latency in latencies.items()),
        Row(
            f"submitting above the engine alone (bar: {BAR_MILLISECONDS:g} ms)",
            {"p50 ms": f"{overhead:.1f}"},
            passed=overhead <= BAR_MILLISECONDS,
        ),
    ]


def measure(model: Path, sample: Sequence[str]) -> dict[str, Latency]:
    """Time a verdict on each text each way, with the artifact in `model`."""
    # As in the worker (classifier.scoring.engine): threads that wait do not spin on the cores of the others.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    scorer = Scorer(model)
    with running_site(model) as site:
        client = site.client()
        ways: dict[str, Callable[[str], object]] = {
            ENGINE: lambda text: scorer.score([text]),
            SCORE: lambda text: _score(client, text),
            SUBMIT: lambda text: _submit(client, text),
        }
        times: dict[str, list[float]] = {name: [] for name in ways}
        for number, text in enumerate([*sample[:WARM_UP], *sample]):
            for name, way in ways.items():
                began = time.perf_counter()
                way(text)
                if number >= WARM_UP:
                    times[name].append((time.perf_counter() - began) * 1_000)
    return {name: _latency(sorted(taken)) for name, taken in times.items()}


def _score(client: Client, text: str) -> None:
    status, body = client.post("/api/v1/score/", {"text": text})
    if status != 200:
        raise RuntimeError(f"the site answered {status}: {body}")


def _submit(client: Client, text: str) -> None:
    status, body = client.post("/api/v1/comments/?wait=10", {"text": text, "source": "benchmark"})
    if status != 201 or body["status"] != "classified":
        raise RuntimeError(f"the site answered {status}: {body}")


def _latency(times: Sequence[float]) -> Latency:
    return Latency(times[len(times) // 2], times[min(len(times) - 1, int(len(times) * 0.95))])
