"""Importing and exporting comments, rows a second and memory, and searching the texts that are then there.

A file of made-up comments is imported and exported by the real services in a process of its own. Memory is the most
that this process held (VmHWM), in a process that does nothing else. The searches then run on those comments.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from benchmarks.core import Options, Row
from toxicsite.launcher.with_services import temporary_services

PROJECT = Path(__file__).resolve().parent.parent
BAR_MILLISECONDS = 500.0
INDEXES = ("comment_words", "comment_trigrams", "classifier_comment_pkey")


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--rows",
        type=int,
        default=1_000_000,
        help="rows that the transfer benchmark imports, exports and searches [%(default)s]",
    )


def run(options: Options) -> list[Row]:
    """Return a row for each direction and format, and for each search."""
    report = measure(options.rows)
    rows = [_transfer(result) for result in report["transfers"]]
    rows += [_search(result) for result in report["searches"]]
    if getattr(options, "plans", False):
        for result in report["searches"]:
            print(f"### {result['what']}\n{result['plan'].get('text')}\n")
    return rows


def measure(rows: int) -> dict[str, Any]:
    """Run every step on a temporary Postgres that waits for the disk, as in production."""
    with tempfile.TemporaryDirectory() as folder, temporary_services(durable=True) as variables:
        environment = {**os.environ, **variables, "VAR_DIR": folder}
        report: dict[str, Any] = {"transfers": [], "searches": []}
        _python(["manage.py", "migrate", "--verbosity", "0"], environment)
        for step in ("import", "export-csv", "export-jsonl", "search"):
            output = _python(["-m", "benchmarks.transfer_work", step, str(rows)], environment)
            results = json.loads(output.splitlines()[-1])
            report["searches" if step == "search" else "transfers"] += results
    return report


def _python(command: list[str], environment: dict[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, *command], env=environment, cwd=PROJECT, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"{command} failed: {done.stderr.strip()[-2_000:]}")
    return done.stdout


def _transfer(result: dict[str, Any]) -> Row:
    values = {
        "rows": f"{result['rows']:,}",
        "MiB": f"{result['bytes'] / 2**20:.0f}",
        "seconds": f"{result['seconds']:.1f}",
        "rows a second": f"{result['rows'] / result['seconds']:,.0f}",
        "memory MiB": f"{result['peak'] / 2**20:.0f}",
        "of it before": f"{result['before'] / 2**20:.0f}",
    }
    return Row(result["what"], values)


def _search(result: dict[str, Any]) -> Row:
    times, plan = sorted(result["times"]), result["plan"]
    p95 = times[min(len(times) - 1, int(len(times) * 0.95))]
    values = {
        "found": result["found"],
        "p50 ms": f"{statistics.median(times):.1f}",
        "p95 ms": f"{p95:.1f}",
        "index": ", ".join(name for name in plan.get("indexes", []) if name in INDEXES)
        + (" and every row" if plan.get("scans_all") else ""),
    }
    return Row(result["what"], values, passed=p95 <= BAR_MILLISECONDS)
