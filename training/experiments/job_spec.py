"""What a run's process has to know: FOLDER/job.json, made from the rows of the database, and this worker's devices.

Devices are asked for without torch: the process that asks stays small.
"""

import os
import re
import shutil
import socket
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils.text import slugify

from classifier.models import ModelVersion
from training.datasets.ingredients import ingredients_of
from training.experiments.configs import config_for_run
from training.experiments.named_models import ModelGone, runs_named, runs_needed, versions_named
from training.ml.artifact.export import EIGHT_BITS, STORED
from training.ml.mixture.licences import Ingredient, licence_class_of, sources_of
from training.ml.recipes.registry import recipe as recipe_named
from training.models import Dataset, Evaluation, Experiment, RunStatus, Sweep, TestSuite

NO_DEVICE = ("", "-1", "none", "void")
TEXT_COLUMN = "text"  # of the files of every frozen dataset
BASELINES = ("majority", "tfidf")


@dataclass(frozen=True)
class Devices:
    """`name` is unique to the devices, on every host: one run at a time; `gpus` is 0 for the processor."""

    name: str
    gpus: int

    @property
    def processes(self) -> int:
        return max(self.gpus, 1)


def worker_devices() -> Devices:
    """Return the GPUs that CUDA_VISIBLE_DEVICES leaves to this worker, all for one run; else the processor."""
    host = socket.gethostname()
    present = _gpus()
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        chosen = [part.strip() for part in visible.split(",")]
        if chosen[0].lower() in NO_DEVICE:
            present = []
        elif present:
            present = [part for part in chosen if part]
    if not present:
        return Devices(f"{host} cpu"[-200:], 0)
    return Devices(f"{host} gpu {','.join(present)}"[-200:], len(present))


@cache
def _gpus() -> list[str]:
    """Return the numbers of the NVIDIA GPUs of this machine."""
    command = shutil.which("nvidia-smi")
    if command is None:
        return []
    try:
        listed = subprocess.run([command, "-L"], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.SubprocessError):
        return []
    return re.findall(r"^GPU (\d+):", listed.stdout, re.MULTILINE)


class CannotStart(Exception):
    """The run can never start as it is; the message says what to do."""


def job_for(experiment: Experiment, devices: Devices) -> dict[str, Any]:
    """Return the content of job.json. Raises CannotStart when rows or teacher are gone."""
    dataset = experiment.dataset
    if dataset.deleted_at is not None:
        raise CannotStart(f"Its dataset {dataset} was deleted: clone the run with another one.")
    data = {"text_column": TEXT_COLUMN}
    for split in ("train", "validation"):
        if not dataset.file(split).is_file():
            raise CannotStart(
                f"The {split} rows of the dataset {dataset} are gone from the disk: make it again, clone the run."
            )
        data[split] = str(dataset.file(split))
    try:
        config = config_for_run(experiment, start=start_of(experiment), data=data)
    except ModelGone as error:
        raise CannotStart(str(error)) from None
    credit = " ".join(part for part in (dataset.attribution, _credit(experiment)) if part)
    return {
        "recipe": experiment.recipe,
        "config": config,
        "artifact": {
            "name": f"{slugify(experiment.name)[:60] or 'run'}-{experiment.pk}",
            "license": "Apache-2.0",
            "attribution": credit or "Trained on data of this installation.",
            "sources": [one.to_dict() for one in learned_from(experiment)],
            **_stored_like_start(experiment),
        },
        "languages": None if experiment.sweep_id else languages_job(experiment),
        "evaluation": None
        if experiment.sweep_id
        else evaluation_job(training=dataset, quick=experiment.quick_measurement),
        "trial": _trial(experiment.sweep) if experiment.sweep else None,
        "devices": devices.processes,
    }


def languages_job(experiment: Experiment) -> dict[str, Any] | None:
    """Return what is to be measured by language, before and after; None for a run that has no languages to keep.

    That is a run that adds a language, or starts from a version that names several. Each dataset of the run gives its
    test rows, and the site's test set does.
    """
    start, dataset = experiment.base_version, experiment.dataset
    if start is None or not (experiment.language or len(_named_languages(start)) > 1):
        return None
    parts = Dataset.objects.in_bulk([part["dataset"] for part in dataset.parts if "dataset" in part])
    rows = [parts[part["dataset"]] for part in dataset.parts if part.get("dataset") in parts] or [dataset]
    rows.sort(
        key=lambda part: part.statistics.get("language") != experiment.language
    )  # of equal texts, the first counts
    test_set = rows_to_measure_on()
    tested = rows if test_set is None or test_set in rows else [*rows, test_set]
    return {
        "added": experiment.language,
        "start": str(start.path),
        "version": start.version,
        "known": start.languages,
        "experimental": start.experimental_languages,
        "allowed_loss": settings.GATE_MAX_ROC_AUC_LOSS,
        "test": [_rows_in_language(part, "test") for part in tested if part.file("test").is_file()],
        "validation": [
            _rows_in_language(part, "validation") for part in rows if part.file("validation").is_file()
        ],
        "learned": [_rows_in_language(dataset, "train")],
    }


def _named_languages(version: ModelVersion) -> list[str]:
    """Return all languages that a manifest names."""
    declared = version.manifest.get("languages")
    return [*(declared if isinstance(declared, list) else []), *version.experimental_languages]


def _rows_in_language(dataset: Dataset, split: str) -> dict[str, Any]:
    return {
        **_source(dataset, split),
        "language": str(dataset.statistics.get("language") or ""),
        "name": dataset.name,
    }


def _stored_like_start(experiment: Experiment) -> dict[str, Any]:
    """Return how a model of its start's shape is stored: in 8-bit rows where the start is, with its vocabulary."""
    start = experiment.base_version
    if start is None or recipe_named(experiment.recipe).needs != "base":
        return {}
    vocabulary = start.manifest.get("vocabulary")
    return {
        **({"eight_bits": True} if start.manifest.get(STORED) == EIGHT_BITS else {}),
        **({"vocabulary": vocabulary} if isinstance(vocabulary, dict) else {}),
    }


def _trial(sweep: Sweep) -> dict[str, Any]:
    """Return how a trial of a sweep is measured: only as far as the sweep's objectives ask."""
    return {"speed": any(objective["metric"] == "latency_ms" for objective in sweep.objectives)}


def start_of(experiment: Experiment) -> str | None:
    """Return where the start of the run lies; None when the configuration names it. Raises CannotStart."""
    teacher, version = experiment.teacher, experiment.base_version
    if teacher is not None:
        if teacher.status != RunStatus.SUCCEEDED or not (teacher.path / "run.json").is_file():
            raise CannotStart(
                f"The folder of its teacher {teacher} is gone: clone the run with another teacher."
            )
        return str(teacher.path)
    if version is not None:
        if not version.path.is_dir():
            raise CannotStart(f"The files of {version} are gone: clone the run with another start.")
        return str(version.path)
    return None


def teacher_verdict(experiment: Experiment) -> tuple[str, str]:
    """Return ("ready", ""), ("wait", why) or ("never", a sentence that says what to do).

    Beside the teacher, or the model that a blend starts from, the runs count that the configuration names.
    """
    waits = ""
    for run in runs_needed(experiment):
        if run.deleted_at is not None:
            return "never", f"Its teacher {run} was deleted: clone the run with another teacher."
        if run.status in (RunStatus.FAILED, RunStatus.CANCELLED):
            verb = "failed" if run.status == RunStatus.FAILED else "was cancelled"
            return "never", f"Its teacher {run} {verb}: resume the teacher, then this run."
        if run.status != RunStatus.SUCCEEDED and not waits:
            waits = f"It waits for its teacher {run}."
    return ("wait", waits) if waits else ("ready", "")


def rows_to_measure_on(fallback: Dataset | None = None) -> Dataset | None:
    """Return the dataset whose test rows measure every version; `fallback` where none is chosen; None without rows."""
    for dataset in (Dataset.objects.test_set(), fallback):
        if dataset is not None and dataset.deleted_at is None and dataset.file("test").is_file():
            return dataset
    return None


def fingerprint_of_rows(dataset: Dataset, report: dict[str, Any] | None = None) -> str:
    """Return the fingerprint of the test rows: the dataset's own, else that of the report."""
    return str(dataset.fingerprints.get("test") or (report or {}).get("fingerprint") or "")


def evaluation_job(
    *,
    training: Dataset | None,
    version: ModelVersion | None = None,
    on: Dataset | None = None,
    quick: bool = False,
) -> dict[str, Any] | None:
    """Return what is to be measured beside the model itself; None when there are no test rows.

    `version` is the registered version that is measured, which is then not compared with itself; `on` is measured on
    instead of the test set. `quick` leaves out what takes long: baselines, label errors, shipped suites, and a version
    in production that was not measured on these rows.
    """
    test = rows_to_measure_on(training) if on is None else on
    if test is None:
        return None
    fingerprint = fingerprint_of_rows(test)
    train = None
    wanted: list[str] = []
    if training is not None and not quick and training.file("train").is_file():
        train = _source(training, "train")
        known = Evaluation.objects.filter(
            fingerprint=fingerprint, trained_on=training.fingerprints.get("train", ""), baseline__in=BASELINES
        )
        wanted = [name for name in BASELINES if name not in set(known.values_list("baseline", flat=True))]
    active = _active(fingerprint, version)
    if quick and active is not None and active["scores"] is None:
        active = None
    return {
        "test": _source(test, "test"),
        "dataset": test.pk,
        "train": train,
        "baselines_wanted": wanted,
        "active": active,
        "quick": quick,
        "suites": list(
            TestSuite.objects.filter(retired_at__isnull=True).values("id", "name", "kind", "label", "cases")
        ),
        "languages": list(settings.MODEL_LANGUAGES),
        "seed": 0,
    }


def _source(dataset: Dataset, split: str) -> dict[str, Any]:
    return {"path": str(dataset.file(split)), "text_column": TEXT_COLUMN, "labels": list(dataset.labels)}


def _active(fingerprint: str, measured: ModelVersion | None) -> dict[str, Any] | None:
    active = ModelVersion.objects.active()
    if active is None or active == measured or not active.path.is_dir():
        return None
    known = Evaluation.objects.filter(model_version=active, fingerprint=fingerprint).first()
    scores = known.scores_path if known is not None and known.scores else None
    return {
        "artifact": str(active.path),
        "version": active.version,
        "scores": str(scores) if scores is not None and scores.is_file() else None,
    }


def _credit(experiment: Experiment) -> str:
    """Return the attributions of the models that the run is made of; what is made of them carries them too."""
    version = experiment.base_version or (experiment.teacher.model_version if experiment.teacher else None)
    versions = [version] if version is not None else []
    versions += versions_named(experiment.recipe, experiment.config)
    if versions:
        credits = (str(one.manifest.get("attribution") or "") for one in versions)
        return " ".join(dict.fromkeys(credit for credit in credits if credit))
    base = str(experiment.config.get("base") or "")
    return f"Fine-tuned from {Path(base).name if base.startswith('/') else base}." if base else ""


def learned_from(experiment: Experiment) -> list[Ingredient]:
    """Return what the run's model learns from: its dataset, and what the runs and versions that it is made of did.

    Those are its teacher, the version it starts from, and the models that its configuration names. A version that a run
    of this site has made counts as that run; of another one that does not name its sources, its own licence counts.
    """
    listed: dict[str, Ingredient] = {}
    _learned_from(experiment, listed, set())
    return list(listed.values())


def _learned_from(experiment: Experiment, listed: dict[str, Ingredient], seen: set[int]) -> None:
    if experiment.pk in seen:
        return
    seen.add(experiment.pk)
    for one in ingredients_of(experiment.dataset):
        listed.setdefault(one.name, one)
    versions = versions_named(experiment.recipe, experiment.config)
    versions += [experiment.base_version] if experiment.base_version is not None else []
    runs = Experiment.objects.filter(
        Q(pk__in=runs_named(experiment.recipe, experiment.config))
        | Q(pk=experiment.teacher_id)
        | Q(model_version__in=versions)
    ).select_related("dataset")
    for run in runs.order_by("pk"):
        _learned_from(run, listed, seen)
    made_here = {run.model_version_id for run in runs}
    for version in versions:
        if version.pk not in made_here:
            for one in sources_of(version.manifest) or [_of_version(version)]:
                listed.setdefault(one.name, one)


def _of_version(version: ModelVersion) -> Ingredient:
    """Return a version that does not name its sources as one, under the licence that it came with."""
    licence = str(version.manifest.get("license") or "")
    attribution = str(version.manifest.get("attribution") or "")
    return Ingredient(
        version.version, licence=licence, licence_class=licence_class_of(licence), attribution=attribution
    )


def runs_root() -> Path:
    """Return the folder of all runs, made where it is not there."""
    root = Path(settings.RUNS_DIR)
    root.mkdir(parents=True, exist_ok=True)
    return root
