"""How fast a version answers on this machine: one text at a time, and many at once."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

SAMPLE = 256
ONE_BY_ONE = 100
WARM_UP = 5
SECONDS = 20.0  # a slow machine measures fewer texts instead of waiting for ever


def measure_speed(
    score: Callable[[Sequence[str]], object], texts: Sequence[str], *, device: str, threads: int
) -> dict[str, Any]:
    """Return latency p50 and p95 of one text at a time, texts a second of all at once, on a fixed sample of `texts`.

    The sample depends on nothing but how many texts there are, so versions are timed on the same ones. The numbers
    hold for a machine that does nothing else meanwhile.
    """
    chosen = np.random.default_rng(0).permutation(len(texts))[:SAMPLE]
    sample = [texts[i] for i in chosen]
    for text in sample[:WARM_UP]:
        score([text])
    single: list[float] = []
    begun = time.perf_counter()
    for text in sample[:ONE_BY_ONE]:
        started = time.perf_counter()
        score([text])
        single.append(time.perf_counter() - started)
        if time.perf_counter() - begun > SECONDS:
            break
    started = time.perf_counter()
    done = 0
    while done < len(sample) and time.perf_counter() - started < SECONDS:
        score(sample[done : done + 128])
        done += len(sample[done : done + 128])
    spent = time.perf_counter() - started
    p50, p95 = np.quantile(single, [0.5, 0.95]) * 1000 if single else (None, None)
    return {
        "latency_ms_p50": p50,
        "latency_ms_p95": p95,
        "texts_per_second": done / spent if spent > 0 and done else None,
        "texts": len(sample),
        "device": device,
        "threads": threads,
    }


def device_and_threads(backend: str) -> tuple[str, int]:
    """Return the processor's or GPU's name that a backend runs on, and torch's threads."""
    from training.ml.hardware import hardware

    machine = hardware()
    device = machine["gpu"] if backend == "cuda" and machine["gpu"] else machine["cpu"]
    return str(device), int(machine["threads"])
