"""Versions by language: what a worker with the multilingual model beside the English one costs.

Each set of models is loaded in a fresh process, as a worker loads it. Measured are the time until the first text is
scored, the memory then and at the peak after all texts, the milliseconds of a text that is scored alone, as one that
comes in is, and the texts a second in batches, as an import is. The bar is MODEL_MEMORY_MIB's default of 900 MiB at the
peak for both models together.
"""

import json
import subprocess
import sys
import time
from argparse import ArgumentParser
from pathlib import Path

from benchmarks.core import Options, Row

MULTILINGUAL = Path("models/starter-multilingual")
BAR_MIB = 900
ALONE = 60  # texts that are scored one at a time


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--multilingual",
        type=Path,
        default=MULTILINGUAL,
        help="the model of the other languages [%(default)s]",
    )
    parser.add_argument(
        "--assembly-texts", type=int, default=600, help="how many texts each model scores [%(default)s]"
    )


def run(options: Options) -> list[Row]:
    """Return a row for each model alone and one for both; speeds also as ratios to the English starter."""
    if not (options.multilingual / "manifest.json").is_file():
        print(f"Not measured: there is no model in {options.multilingual}; name one with --multilingual.\n")
        return []
    rows = []
    english: dict[str, float] = {}
    for what, folders in (
        ("English starter", [options.model]),
        ("multilingual", [options.multilingual]),
        ("both", [options.model, options.multilingual]),
    ):
        measured = in_fresh_process(folders, options)
        english = english or measured
        rows.append(
            Row(
                what,
                {
                    "ready after s": f"{measured['ready']:.1f}",
                    "MiB when ready": f"{measured['resident']:.0f}",
                    "MiB at the peak": f"{measured['peak']:.0f}",
                    "p50 ms alone": f"{measured['alone']:.1f}",
                    "texts/s": f"{measured['rate']:.0f}",
                    "texts/s, of English": f"{measured['rate'] / english['rate']:.2f}",
                },
                measured["peak"] <= BAR_MIB if len(folders) > 1 else None,
            )
        )
    return rows


def in_fresh_process(folders: list[Path], options: Options) -> dict[str, float]:
    """Measure these models in a process of its own, since memory that was used once is not given back."""
    command = [
        *(sys.executable, "-m", "benchmarks.assembly"),
        json.dumps([str(folder) for folder in folders]),
        json.dumps([str(options.data or ""), options.text_column, options.assembly_texts]),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    measured: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return measured


def measure(folders: list[str], data: str, column: str, count: int) -> dict[str, float]:
    """Load the models in this process, score the texts with each in turn, and return the numbers."""
    from benchmarks.texts import texts

    sample = texts(Path(data) if data else None, column, count)
    began = time.perf_counter()
    from classifier.inference.scorer import Scorer

    scorers = [Scorer(folder) for folder in folders]
    for scorer in scorers:
        scorer.score(["The first one pays for imports and kernels."])
    ready = time.perf_counter() - began
    resident = _mebibytes("VmRSS")
    times = []
    for number, text in enumerate(sample[:ALONE]):
        began = time.perf_counter()
        scorers[number % len(scorers)].score([text])
        times.append(time.perf_counter() - began)
    began = time.perf_counter()
    for scorer in scorers:
        scorer.score(sample)
    seconds = time.perf_counter() - began
    return {
        "ready": ready,
        "resident": resident,
        "peak": _mebibytes("VmHWM"),
        "alone": sorted(times)[len(times) // 2] * 1e3,
        "rate": len(sample) * len(scorers) / seconds,
    }


def _mebibytes(field: str) -> float:
    """Return a field of this process's status in MiB, such as VmRSS (Linux)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) / 1024
    raise SystemExit(f"/proc/self/status has no {field}")


if __name__ == "__main__":
    print(json.dumps(measure(json.loads(sys.argv[1]), *json.loads(sys.argv[2]))))
