"""Submit-to-verdict time through web, queue and database, against the engine alone on the same texts in turn.

Texts alternate between the two, so that whatever else the machine does meets both alike. The engine runs in this
process and is idle while the site answers; Postgres waits for the disk as in production.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.site import Client, running_site
from classifier.inference.scorer import Scorer

WARM_UP = 20
BAR_MILLISECONDS = 25.0
TEXTS = [
    "I hate you",
    "thank you, that helps a lot",
    "this idea is stupid simple and I love it",
    "You are a worthless idiot and everybody here knows it, so please leave and do not come back.",
    "The article says that the bridge was finished in 1932, but the source it cites speaks of the opening of the "
    "second lane in 1934. Could somebody with the book at hand look at page 211 and correct the date?",
    "Please stop reverting my edits without a word on the talk page. I explained each of them, gave three sources, "
    "and asked twice what exactly you object to. If you go on like this I will ask for a third opinion, since neither "
    "of us owns this article and the readers deserve better than two people pulling at a sentence for a week.",
]


@dataclass(frozen=True)
class Latency:
    """Milliseconds of one way to get a verdict."""

    name: str
    p50: float
    p95: float


@dataclass(frozen=True)
class Report:
    """`overhead` is the difference of the medians of submitting and of the engine alone."""

    backend: str
    latencies: list[Latency]
    overhead: float


def measure(model: Path, *, rounds: int = 100) -> Report:
    """Time `rounds` verdicts each way with the artifact in `model`."""
    scorer = Scorer(model)
    with running_site(model) as site:
        client = site.client()
        ways: dict[str, Callable[[str], None]] = {
            "engine alone, one text": lambda text: _engine(scorer, text),
            "score through web and queue, not stored": lambda text: _score(client, text),
            "submit, stored, with its verdict": lambda text: _submit(client, text),
        }
        times: dict[str, list[float]] = {name: [] for name in ways}
        for number in range(WARM_UP + rounds):
            text = TEXTS[number % len(TEXTS)]
            for name, way in ways.items():
                started = time.perf_counter()
                way(text)
                if number >= WARM_UP:
                    times[name].append((time.perf_counter() - started) * 1_000)
    latencies = [
        Latency(name, _percentile(found, 50), _percentile(found, 95)) for name, found in times.items()
    ]
    return Report(scorer.backend_name, latencies, latencies[-1].p50 - latencies[0].p50)


def _engine(scorer: Scorer, text: str) -> None:
    scorer.score([text])


def _score(client: Client, text: str) -> None:
    status, body = client.post("/api/v1/score/", {"text": text})
    assert status == 200, body


def _submit(client: Client, text: str) -> None:
    status, body = client.post("/api/v1/comments/?wait=10", {"text": text, "source": "benchmark"})
    assert (status, body.get("status")) == (201, "classified"), body


def _percentile(values: Sequence[float], percent: int) -> float:
    return statistics.quantiles(values, n=100)[percent - 1]


if __name__ == "__main__":
    import sys

    report = measure(Path(sys.argv[1]))
    for latency in report.latencies:
        print(f"{latency.name:<42} p50 {latency.p50:7.1f} ms   p95 {latency.p95:7.1f} ms")
    print(
        f"submit costs {report.overhead:.1f} ms more than {report.backend} alone (bar: {BAR_MILLISECONDS:g} ms)"
    )
