"""What every benchmark shares: its options, the rows it returns, honest timing, and the machine in words."""

import importlib.metadata
import os
import platform
import statistics
import time
from argparse import Namespace
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

PACKAGES = ("torch", "transformers", "tokenizers", "Django", "celery")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: what was measured, its values by column, and the bar it must reach, if any."""

    what: str
    values: dict[str, str]
    passed: bool | None = None


Options = Namespace
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds of single calls."""

    p50: float
    p95: float

    def columns(self) -> dict[str, str]:
        return {"p50 ms": f"{self.p50:.1f}", "p95 ms": f"{self.p95:.1f}"}


def median_seconds(work: Callable[[], object], repeats: int) -> float:
    """Return the median time of `work`, after one run to warm up."""
    work()
    return statistics.median(_timed(work) for _ in range(repeats))


def latency(work: Callable[[T], object], items: Sequence[T]) -> Latency:
    """Return p50 and p95 of `work` over `items`, one at a time, after a short warm-up."""
    for item in items[:5]:
        work(item)
    times = sorted(_timed(partial(work, item)) * 1e3 for item in items)
    return Latency(statistics.median(times), times[min(len(times) - 1, int(len(times) * 0.95))])


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def machine() -> list[str]:
    """Return the date, the machine and the versions that a table is worthless without."""
    lines = [datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")]
    lines.append(f"{_cpu()}, {len(os.sched_getaffinity(0))} CPUs usable, Python {platform.python_version()}")
    lines.append(", ".join(f"{name} {version}" for name, version in _versions()))
    return lines


def _cpu() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor() or platform.machine()
    name = next(
        (line.split(":")[1].strip() for line in text.splitlines() if line.startswith("model name")), "?"
    )
    flags = [flag for flag in ("avx512_bf16", "avx512_vnni", "amx_bf16", "amx_int8") if f" {flag}" in text]
    return f"{name} ({', '.join(flags) or 'no bf16, no VNNI'})"


def _versions() -> list[tuple[str, str]]:
    versions = []
    for name in PACKAGES:
        try:
            versions.append((name, importlib.metadata.version(name)))
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


def table(rows: Sequence[Row]) -> str:
    """Return the rows as a Markdown table with every column that any row has."""
    columns = list(dict.fromkeys(name for row in rows for name in row.values))
    head = ["", *columns]
    verdict = {True: " ✓", False: " ✗ below its bar", None: ""}
    body = [[row.what + verdict[row.passed], *(row.values.get(name, "") for name in columns)] for row in rows]
    widths = [max(len(line[at]) for line in [head, *body]) for at in range(len(head))]
    lines = [head, ["-" * width for width in widths], *body]
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |"
        for line in lines
    )
