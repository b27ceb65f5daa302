"""From a decision to the next comment of the review queue, through the real services, with many comments stored.

Each row is an order and a filter: `decide -> next` records a decision and claims the next comment, as the queue's page
does. The index is the one that Postgres used for finding and locking that comment (EXPLAIN ANALYZE).
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
BAR_MILLISECONDS = 100.0


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--comments",
        type=int,
        default=1_000_000,
        help="comments that the queue benchmark stores [%(default)s]",
    )
    parser.add_argument(
        "--decisions", type=int, default=60, help="decisions that it makes in each order [%(default)s]"
    )
    parser.add_argument("--plans", action="store_true", help="also print how Postgres ran each statement")


def run(options: Options) -> list[Row]:
    """Return one row for each order and filter, and for what a page reads besides."""
    report = measure(options.comments, options.decisions)
    rows = [Row(f"{options.comments:,} comments stored", {"seconds": f"{report['filled_seconds']:.0f}"})]
    for way in report["ways"]:
        chosen = ", ".join(f"{name} {value}" for name, value in way["filters"].items())
        rows.append(_row(f"decide -> next, by {way['order']}{', ' + chosen if chosen else ''}", way))
    rows.append(_row(report["page"]["what"], report["page"]))
    rows += [_row(read["what"], read, bar=False) for read in report["reads"]]
    if options.plans:
        for measured in [*report["ways"], *report["reads"]]:
            print(
                f"### {measured.get('what') or measured['order']} {measured.get('filters', '')}\n"
                f"{measured['plan'].get('text')}\n"
            )
    return rows


def measure(comments: int, decisions: int) -> dict[str, Any]:
    return run_with_many_comments("benchmarks.queue_work", comments, decisions)


def run_with_many_comments(module: str, *arguments: int) -> dict[str, Any]:
    """Run `module` on a temporary Postgres that waits for the disk, as in production; returns what it has printed."""
    with tempfile.TemporaryDirectory() as folder, temporary_services(durable=True) as variables:
        environment = {**os.environ, **variables, "VAR_DIR": folder}
        for command in (
            ["manage.py", "migrate", "--verbosity", "0"],
            ["-m", module, *map(str, arguments)],
        ):
            done = subprocess.run(
                [sys.executable, *command],
                env=environment,
                cwd=PROJECT,
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode != 0:
                raise RuntimeError(f"{command[0]} failed: {done.stderr.strip()[-2_000:]}")
    report: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return report


def _row(what: str, measured: dict[str, Any], bar: bool = True) -> Row:
    times, plan = sorted(measured["times"]), measured["plan"]
    if not times:
        return Row(what, {"p50 ms": "nothing there"})
    p95 = times[min(len(times) - 1, int(len(times) * 0.95))]
    indexes = ", ".join(plan.get("indexes", [])) + (" and every row" if plan.get("scans_all") else "")
    values = {
        "p50 ms": f"{statistics.median(times):.1f}",
        "p95 ms": f"{p95:.1f}",
        "in Postgres ms": f"{plan.get('milliseconds', 0):.2f}",
        "pages": str(plan.get("buffers", "")),
        "index": indexes,
    }
    return Row(what, values, passed=p95 <= BAR_MILLISECONDS if bar else None)
