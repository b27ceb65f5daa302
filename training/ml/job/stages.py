"""What the process of a run does, one stage after the other: read STAGES first.

Each stage leaves a file that says that it is done, and does nothing where that file lies already: a job that was
killed is simply started again, and goes on where it was. Nothing here knows the database; what comes of the files is
the business of `training.experiments.runner`, whose stages surround these.
"""

import gc
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from toxicsite.lib.files import replacing, write_json
from training.ml.artifact.export import export_artifact, update_metrics
from training.ml.data.tables import DataError, TextTable, load_table
from training.ml.distributed import current, leave
from training.ml.job.listener import JobListener
from training.ml.job.stage_names import EVALUATE, EXPORT, TRAIN, TRIAL
from training.ml.mixture.licences import Ingredient

if TYPE_CHECKING:
    from training.ml.evaluation import Report, Rival

QUICK_RESAMPLES = 200
QUICK = "A quick measurement: intervals from 200 resamples, and no shipped suites, label errors or baselines."
SHOWN_ON_THE_CARD = (
    *("roc_auc", "pr_auc", "accuracy", "f1", "precision", "recall", "brier", "ece"),
    *("rows", "positives"),
)


@dataclass(frozen=True)
class Job:
    """What is to be done (`asked` is the content of job.json), where, and who hears how far it is."""

    asked: dict[str, Any]
    folder: Path
    listener: JobListener

    @property
    def artifact(self) -> Path:
        """Where the model lies that is measured: the run's own, or a registered version."""
        return Path(self.asked.get("artifact_folder") or self.folder / "artifact")

    @property
    def is_exported(self) -> bool:
        return (self.folder / "artifact" / "manifest.json").is_file()

    @property
    def is_trained(self) -> bool:
        """Whether the recipe has ended: its card is whole, and it is written last."""
        try:
            return isinstance(json.loads((self.folder / "run.json").read_text()), dict)
        except (OSError, ValueError):
            return False


Stage = Callable[[Job], None]


def train(job: Job) -> None:
    """Run the recipe, or go on from its checkpoint: `run.json` and the weights. Every rank takes part."""
    from training.ml.recipes.registry import run_recipe

    if not job.asked.get("recipe") or current().main_does(lambda: job.is_exported or job.is_trained):
        return
    job.listener.stage_begins(TRAIN, "loading")
    run_recipe(job.asked["recipe"], job.asked["config"], job.folder, job.listener)


def check_language(job: Job) -> None:
    """Refuse to train a language into a start that cannot read it, before hours go into that. Raises DataError."""
    plan = job.asked.get("languages")
    if not plan or not plan["added"] or job.is_exported:
        return
    from training.ml.evaluation.language_change import check_reads

    own = next((rows for rows in plan["test"] if rows["language"] == plan["added"]), None)
    tokenizer = Path(plan["start"]) / "tokenizer.json"
    if own is not None and tokenizer.is_file():
        check_reads(tokenizer, _table(own, "test").texts, plan["added"])


def part(job: Job) -> None:
    """Let the other ranks of a run on several devices go; the main one does the rest alone."""
    leave()


def export(job: Job) -> None:
    """Write the artifact that the classifier loads: `artifact/`."""
    if not job.asked.get("recipe") or job.is_exported:
        return
    job.listener.stage_begins(EXPORT, "writing the model")
    about = job.asked["artifact"]
    given = {
        key: about[name]
        for key, name in (("license_name", "license"), ("attribution", "attribution"))
        if about.get(name)
    }
    sources = [Ingredient.from_dict(entry) for entry in about.get("sources") or ()]
    given |= {name: about[name] for name in ("eight_bits", "vocabulary") if about.get(name)}
    export_artifact(job.folder, job.folder / "artifact", name=about["name"], sources=sources, **given)


def measure_languages(job: Job) -> None:
    """Measure every language of the start before and after, for a run that adds one: `languages.json`.

    The artifact's manifest says which languages it has, and what became of them.
    """
    plan = job.asked.get("languages")
    if not plan or not job.is_exported or (job.folder / "languages.json").is_file():
        return
    from training.ml.job.languages import language_change

    gc.collect()
    job.listener.phase_begins("measuring by language")
    write_json(job.folder / "languages.json", language_change(job.artifact, plan, job.listener))


def measure_trial(job: Job) -> None:
    """Add size, and latency where the sweep asks for it, to `run.json` of a trial, and nothing that takes long.

    {"measured": {"size_mb", "latency_ms"}}: latency is the median of one text at a time, over validation rows, of the
    model as it is served on this machine. The full evaluation is left to the run of the best values.
    """
    trial = job.asked.get("trial")
    if not trial:
        return
    from training.ml.evaluation.speed import device_and_threads, measure_speed
    from training.ml.evaluation.subject import ServedModel

    card = json.loads((job.folder / "run.json").read_text())
    if "measured" in card:
        return
    gc.collect()
    job.listener.stage_begins(TRIAL, "measuring the trial")
    subject = ServedModel(job.artifact)
    measured: dict[str, Any] = {"size_mb": round(subject.size.bytes / 1e6, 3)}
    if trial.get("speed"):
        data = job.asked["config"]["data"]
        table = load_table(
            data["validation"], "validation", text_column=data["text_column"], labels=data["labels"]
        )
        device, threads = device_and_threads(subject.backend)
        speed = measure_speed(subject.score, table.texts, device=device, threads=threads)
        measured |= {"latency_ms": speed["latency_ms_p50"], "device": device, "threads": threads}
    write_json(job.folder / "run.json", {**card, "measured": measured})


def evaluate(job: Job) -> None:
    """Measure the model on the frozen test rows, beside the active version and the baselines: `evaluation.json`.

    Writes `scores.npy` too, and where they are wanted `baselines.json` and `active.json`; `evaluation.json` comes last.
    Rows that know none of the model's labels leave {"problem": sentence} in it: the run is none the worse for it.
    Raises DataError when the test rows cannot be read, and Cancelled.
    """
    plan, folder = job.asked.get("evaluation"), job.folder
    if not plan or (folder / "evaluation.json").is_file():
        return
    from training.ml.evaluation import evaluate as evaluated

    gc.collect()
    job.listener.stage_begins(EVALUATE, "reading the test rows")
    test = _table(plan["test"], "test")
    train_rows = _table(plan["train"], "train") if plan.get("train") else None
    known = json.loads((job.artifact / "manifest.json").read_text())["labels"]
    if not set(known) & set(test.labels):
        sentence = (
            f"It was not measured: the test rows know {', '.join(test.labels)}, it knows {', '.join(known)}."
        )
        write_json(folder / "evaluation.json", {"problem": sentence})
        return
    seed = int(plan.get("seed", 0))
    measuring: dict[str, Any] = {
        "suites": plan.get("suites") or [],
        "seed": seed,
        "languages": plan.get("languages") or (),
        "listener": job.listener,
    }
    if plan.get("quick"):
        measuring |= {"resamples": QUICK_RESAMPLES, "own_suites": False, "notes": [QUICK]}
    rival = _rival(job, plan.get("active"), test, measuring)
    report = evaluated(job.artifact, test, train_table=train_rows, active_scores=rival, **measuring)
    _save_scores(report, folder / "scores.npy")
    baselines = _baselines(job, plan.get("baselines_wanted") or [], train_rows, test, seed)
    if baselines:
        write_json(folder / "baselines.json", baselines)
    if not job.asked.get("artifact_folder"):  # a registered version keeps its files as they are
        update_metrics(job.artifact, {"test": card_metrics(report.to_dict())})
    write_json(folder / "evaluation.json", report.to_dict())


STAGES: tuple[Stage, ...] = (
    check_language,  # can the start read the language that is added?
    train,  # run.json and the weights
    part,  # from the other ranks
    export,  # artifact/
    measure_languages,  # languages.json, and the languages of the artifact
    measure_trial,  # size and latency in run.json, for a trial of a sweep
    evaluate,  # evaluation.json, scores.npy
)
SHARED_STAGES: tuple[Stage, ...] = (train, part)  # of the ranks beside the main one


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
    job: Job, active: dict[str, Any] | None, test: TextTable, measuring: dict[str, Any]
) -> "Rival | None":
    """Return the active version's answers: those that are known, else it is measured here once and for all."""
    if not active:
        return None
    from classifier.inference.errors import InferenceError
    from training.ml.evaluation import evaluate as evaluated
    from training.ml.evaluation import load_rival

    artifact = Path(active["artifact"])
    scores = Path(active["scores"]) if active.get("scores") else job.folder / "active-scores.npy"
    try:
        if not scores.is_file():
            report = evaluated(artifact, test, **measuring)
            _save_scores(report, scores)
            write_json(job.folder / "active.json", report.to_dict())
        return load_rival(artifact, scores)
    except (InferenceError, DataError, OSError, ValueError) as error:
        sys.stdout.write(f"the active version cannot be compared with: {type(error).__name__}\n")
        return None


def _baselines(
    job: Job, wanted: list[str], train_rows: TextTable | None, test: TextTable, seed: int
) -> dict[str, Any]:
    """Return the reports of the baselines by name; one that the rows are too few for is left out."""
    if train_rows is None or not wanted:
        return {}
    from training.ml.evaluation.baselines import BASELINES

    reports = {}
    labels = [label for label in train_rows.labels if label in test.labels]
    for name in wanted:
        job.listener.phase_begins(f"baseline {name}")
        try:
            report = BASELINES[name](train_rows, test, labels, seed=seed)
        except ValueError:  # too few rows of a class, or no word twice
            sys.stdout.write(f"the training rows are too few for the baseline {name}\n")
            continue
        reports[name] = report.to_dict()
    return reports
