"""`python -m chaos`: attack a site of its own for a while, then print what was lost, doubled or stuck.

The exit status is 1 if anything that was accepted was lost, doubled or is stuck, or if a fault was not recovered from.
"""

import argparse
import random
import secrets
import sys
from pathlib import Path

from benchmarks.core import machine
from chaos.attack import attack
from chaos.faults import FAULTS
from chaos.report import report


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m chaos", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--duration", type=float, default=600.0, help="seconds of attack [%(default).0f]")
    parser.add_argument("--seed", type=int, help="repeats the order and the strength of the faults [random]")
    parser.add_argument(
        "--faults", nargs="+", choices=sorted(FAULTS), metavar="NAME", help=f"only these: {', '.join(FAULTS)}"
    )
    parser.add_argument("--disk-mib", type=int, default=1_536, help="size of the small disk [%(default)s]")
    parser.add_argument("--logs", type=Path, help="a folder to copy the logs of the site to")
    options = parser.parse_args(arguments)
    seed = secrets.randbelow(1_000_000) if options.seed is None else options.seed
    print("\n".join([*machine(), f"SEED={seed} DURATION={options.duration:.0f}"]), flush=True)
    outcome = attack(
        duration=options.duration,
        rng=random.Random(seed),
        names=options.faults or list(FAULTS),
        mebibytes=options.disk_mib,
        logs=options.logs,
        say=lambda text: print(text, flush=True),
    )
    print(report(outcome), flush=True)
    return 0 if outcome.held else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
