"""Measuring a run's artifact, the active version and the baselines on the frozen test rows, and writing it down."""

import gc
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from toxicsite.lib.files import replacing, write_json
from training.ml.artifact.export import update_metrics
from training.ml.data.tables import DataError, TextTable, load_table

if TYPE_CHECKING:
    from training.ml.evaluation import Report, Rival
    from training.ml.job.listener import FileListener

SHOWN_ON_THE_CARD = (
    *("roc_auc", "pr_auc", "accuracy", "f1", "precision", "recall", "brier", "ece"),
    *("rows", "positives"),
)


def measure(job: dict[str, Any], folder: Path, listener: "FileListener") -> None:
    """Write `evaluation.json` (last), `scores.npy`, and where they are wanted `baselines.json` and `active.json`.

    Rows that know none of the model's labels leave {"problem": sentence} in evaluation.json: the run is none the
    worse for it. Raises DataError when the test rows cannot be read, and Cancelled.
    """
    from training.ml.evaluation import evaluate

    gc.collect()
    plan = job["evaluation"]
    artifact = Path(job.get("artifact_folder") or folder / "artifact")
    listener.phase_begins("reading the test rows")
    test = _table(plan["test"], "test")
    train = _table(plan["train"], "train") if plan.get("train") else None
    known = json.loads((artifact / "manifest.json").read_text())["labels"]
    if not set(known) & set(test.labels):
        sentence = (
            f"It was not measured: the test rows know {', '.join(test.labels)}, it knows {', '.join(known)}."
        )
        write_json(folder / "evaluation.json", {"problem": sentence})
        return
    suites = plan.get("suites") or []
    seed = int(plan.get("seed", 0))
    rival = _rival(plan.get("active"), test, suites, seed, folder, listener)
    report = evaluate(
        artifact, test, train_table=train, active_scores=rival, suites=suites, seed=seed, listener=listener
    )
    _save_scores(report, folder / "scores.npy")
    baselines = _baselines(plan.get("baselines_wanted") or [], train, test, seed, listener)
    if baselines:
        write_json(folder / "baselines.json", baselines)
    if not job.get("artifact_folder"):  # a registered version keeps its files as they are
        update_metrics(artifact, {"test": card_metrics(report.to_dict())})
    write_json(folder / "evaluation.json", report.to_dict())


def card_metrics(report: dict[str, Any]) -> dict[str, dict[str, float]]:
    """Return {label: {metric: value}} of a report, as manifests and model cards hold metrics."""
    result: dict[str, dict[str, float]] = {}
    for label, metrics in report["metrics"].items():
        values = {
            name: metric.get("value") if isinstance(metric, dict) else metric
            for name, metric in metrics.items()
        }
        result[label] = {
            name: float(value)
            for name, value in values.items()
            if name in SHOWN_ON_THE_CARD and value is not None
        }
    return result


def _table(source: dict[str, Any], split: str) -> TextTable:
    return load_table(source["path"], split, text_column=source["text_column"], labels=source["labels"])


def _save_scores(report: "Report", path: Path) -> None:
    with replacing(path) as aside, aside.open("wb") as file:
        np.save(file, np.asarray(report.scores, dtype=np.float32))


def _rival(
    active: dict[str, Any] | None,
    test: TextTable,
    suites: list[dict[str, Any]],
    seed: int,
    folder: Path,
    listener: "FileListener",
) -> "Rival | None":
    """The active version's answers: those that are known, else it is measured here once and for all."""
    if not active:
        return None
    from classifier.inference.errors import InferenceError
    from training.ml.evaluation import evaluate, load_rival

    artifact = Path(active["artifact"])
    scores = Path(active["scores"]) if active.get("scores") else folder / "active-scores.npy"
    try:
        if not scores.is_file():
            report = evaluate(artifact, test, suites=suites, seed=seed, listener=listener)
            _save_scores(report, scores)
            write_json(folder / "active.json", report.to_dict())
        return load_rival(artifact, scores)
    except (InferenceError, DataError, OSError, ValueError) as error:
        sys.stdout.write(f"the active version cannot be compared with: {type(error).__name__}\n")
        return None


def _baselines(
    wanted: list[str], train: TextTable | None, test: TextTable, seed: int, listener: "FileListener"
) -> dict[str, Any]:
    if train is None or not wanted:
        return {}
    from training.ml.evaluation import baselines

    found = {}
    labels = [label for label in train.labels if label in test.labels]
    for name in wanted:
        listener.phase_begins(f"baseline {name}")
        try:
            report = getattr(baselines, name)(train, test, labels, seed=seed)
        except ValueError:  # too few rows of a class, or no word twice
            sys.stdout.write(f"the training rows are too few for the baseline {name}\n")
            continue
        found[name] = report.to_dict()
    return found
