"""Measuring a trial of a sweep: size and, where it counts, latency, and nothing that takes long.

The full evaluation is left to the run of the best values.
"""

import gc
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toxicsite.lib.files import write_json
from training.ml.data.tables import load_table

if TYPE_CHECKING:
    from training.ml.progress import Listener


def measure_trial(job: dict[str, Any], folder: Path, listener: "Listener") -> None:
    """Add {"measured": {"size_mb", "latency_ms"}} to `run.json`; latency only where job["trial"]["speed"] is true.

    Latency is the median of one text at a time, over validation rows, of the model as it is served on this machine.
    """
    from training.ml.evaluation.speed import device_and_threads, measure_speed
    from training.ml.evaluation.subject import ServedModel
    from training.ml.progress import Progress

    card = json.loads((folder / "run.json").read_text())
    if "measured" in card:
        return
    gc.collect()
    listener.report(Progress("measuring the trial", 0, 0))
    subject = ServedModel(folder / "artifact")
    measured: dict[str, Any] = {"size_mb": round(subject.size.bytes / 1e6, 3)}
    if job["trial"].get("speed"):
        data = job["config"]["data"]
        table = load_table(
            data["validation"], "validation", text_column=data["text_column"], labels=data["labels"]
        )
        device, threads = device_and_threads(subject.backend)
        speed = measure_speed(subject.score, table.texts, device=device, threads=threads)
        measured |= {"latency_ms": speed["latency_ms_p50"], "device": device, "threads": threads}
    write_json(folder / "run.json", {**card, "measured": measured})
