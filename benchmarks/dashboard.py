"""The dashboard with many comments stored: the whole page, its numbers, and rolling up a day; numbers held to counts.

The number of comments is the one of the queue benchmark (`--comments`), and so is `--plans`.
"""

import statistics
from typing import Any

from benchmarks.core import Options, Row
from benchmarks.queue import run_with_many_comments

BAR_MILLISECONDS = 1_000.0


def run(options: Options) -> list[Row]:
    """Return one row for each read; a row for the check of the numbers, whose bar is that none is wrong."""
    report = run_with_many_comments("benchmarks.dashboard_work", options.comments)
    rows = [
        Row(f"{options.comments:,} comments stored", {"seconds": f"{report['filled_seconds']:.0f}"}),
        Row(f"rolling up a day, mean of {report['days']}", {"p50 ms": f"{report['day_milliseconds']:.1f}"}),
        *(_row(read) for read in report["reads"]),
        Row(
            "numbers equal to a plain count of all rows",
            {"p50 ms": "; ".join(report["wrong"]) or "all"},
            passed=not report["wrong"],
        ),
    ]
    if options.plans:
        for read in report["reads"]:
            plans = "\n\n".join(read["plans"])
            print(f"### {read['what']}\n{plans}\n")
    return rows


def _row(read: dict[str, Any]) -> Row:
    times = sorted(read["times"])
    p95 = times[min(len(times) - 1, int(len(times) * 0.95))]
    values = {
        "p50 ms": f"{statistics.median(times):.1f}",
        "p95 ms": f"{p95:.1f}",
        "queries": str(read["queries"]),
        "in Postgres ms": f"{read['database_milliseconds']:.1f}",
    }
    return Row(read["what"], values, passed=p95 <= BAR_MILLISECONDS)
