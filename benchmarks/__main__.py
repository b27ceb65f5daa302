"""`python -m benchmarks [NAME …]`: run the benchmarks and print their tables with machine and versions.

A benchmark is a module of this package with `add_arguments(parser)` (optional) and `run(options) -> list[Row]`; its
name in `BENCHMARKS` is all it takes to be part of `make benchmark`. The exit status is 1 when a bar is missed.
"""

import argparse
import importlib
import importlib.util
import sys
from pathlib import Path

from benchmarks.core import machine, table

BENCHMARKS = (
    *("engine", "windows", "reading", "submit", "dialects", "reference", "queue", "transfer", "dashboard"),
    *("training", "learning", "spans", "languages", "assembly", "ablations"),
)
STARTER = Path(__file__).resolve().parent.parent / "models" / "starter"


def main(arguments: list[str]) -> int:
    known = [name for name in BENCHMARKS if importlib.util.find_spec(f"benchmarks.{name}")]
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Measure toxicsite on this machine."
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"which ones to run (all: {', '.join(known)})"
    )
    parser.add_argument("--model", type=Path, default=STARTER, help="the model's folder [models/starter]")
    parser.add_argument(
        "--data", type=Path, help="texts to use: .csv, .jsonl or .parquet [a synthetic sample]"
    )
    parser.add_argument("--text-column", default="comment_text", help="the column of texts [%(default)s]")
    parser.add_argument(
        "--label-column", default="label", help="the column of labels, 1: abusive, 0: harmless [%(default)s]"
    )
    parser.add_argument(
        "--repeats", type=int, default=3, help="timed runs, of which the median counts [%(default)s]"
    )
    modules = {name: importlib.import_module(f"benchmarks.{name}") for name in known}
    for module in modules.values():
        if hasattr(module, "add_arguments"):
            module.add_arguments(parser)
    options = parser.parse_args(arguments)
    unknown = [name for name in options.names if name not in modules]
    if unknown:
        parser.error(f"no benchmark is called {', '.join(unknown)}; there are {', '.join(known)}")
    print("\n".join(machine()))
    missed = False
    for name in options.names or known:
        module = modules[name]
        print(f"\n## {name}: {(module.__doc__ or '').splitlines()[0]}\n", flush=True)
        rows = module.run(options)
        print(table(rows), flush=True)
        missed = missed or any(row.passed is False for row in rows)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
