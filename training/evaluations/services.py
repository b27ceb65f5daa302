"""Measuring a registered version on the frozen test rows, outside of any run: the starter, or an imported one."""

import logging
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from classifier.core.permissions import require_permission
from classifier.models import ModelVersion, User
from toxicsite.lib.broker import NoBroker
from toxicsite.lib.files import write_json
from toxicsite.lib.jobs import enqueue_now, enqueue_on_commit
from training.core.errors import NotAllowedNow
from training.experiments.job_spec import evaluation_job, rows_to_measure_on, runs_root
from training.experiments.registration import evaluations_record, read_json
from training.experiments.runner import start_job
from training.experiments.services import MAY_RUN
from training.ml.job.failures import DONE
from training.models import Dataset, DatasetKind

EVALUATE_TASK = "training.evaluate"
FOLDER = "evaluations"
WANTED = "wanted.json"
BESIDE = "@"  # no version has it in its name
TICK_SECONDS = 1.0

logger = logging.getLogger(__name__)


def evaluation_start(
    *, model_version: ModelVersion, by: User | None, on: Dataset | None = None, quick: bool = False
) -> None:
    """Queue the measuring of a version on the test set, or on the test rows of known answers (`on`).

    A `quick` measurement leaves out what takes long; the gate then finds less to check.
    A known evaluation on the same rows is replaced by a fresh one. Raises PermissionDenied or NotAllowedNow (there are
    no such rows, or the version's files are gone).
    """
    require_permission(by, MAY_RUN)
    if on is not None:
        if on.kind != DatasetKind.GOLDEN:
            raise NotAllowedNow(
                "Make it the test set; only known answers are measured on beside the test set."
            )
        if on.deleted_at is not None or not on.file("test").is_file():
            raise NotAllowedNow(f"The test rows of “{on}” are gone.")
        on = None if on.is_test_set else on
    if on is None and rows_to_measure_on(None) is None:
        raise NotAllowedNow("There is no test set: choose a dataset with test rows as the test set first.")
    if not model_version.path.is_dir():
        raise NotAllowedNow(f"The files of {model_version} are gone; it cannot be measured any more.")
    folder = evaluation_folder(model_version, on)
    folder.mkdir(parents=True, exist_ok=True)
    write_json(
        folder / WANTED, {"by": by.pk if by else None, "quick": quick}
    )  # if the queue loses the message, the sweep finds this
    enqueue_on_commit(EVALUATE_TASK, model_version_id=model_version.pk, **_named(on))


def evaluation_state(model_version: ModelVersion, on: Dataset | None = None) -> dict[str, Any] | None:
    """Return {"state": "queued" | "failed", "message"} of an evaluation under way; None when there is none."""
    folder = evaluation_folder(model_version, on)
    if (folder / WANTED).is_file():
        return {"state": "queued", "message": "It is being measured, or waits for the training worker."}
    if (error := read_json(folder / "error.json")) is not None:
        return {"state": "failed", "message": str(error.get("message", ""))}
    return None


def evaluation_run(
    *,
    model_version_id: int,
    dataset_id: int | None = None,
    shutdown_requested: Callable[[], bool] = lambda: False,
) -> bool:
    """Measure a version that somebody asked for, in a process of its own; return whether it was done.

    On the test set, or on the dataset `dataset_id`.
    """
    version = ModelVersion.objects.filter(pk=model_version_id).first()
    on = Dataset.objects.usable().filter(pk=dataset_id).first() if dataset_id is not None else None
    if version is None or (dataset_id is not None and on is None):
        return False
    folder = evaluation_folder(version, on)
    if not (folder / WANTED).is_file():
        return False
    quick = bool((read_json(folder / WANTED) or {}).get("quick"))
    for name in ("evaluation.json", "error.json", "progress.jsonl", "log.txt"):
        (folder / name).unlink(missing_ok=True)
    plan = evaluation_job(training=None, version=version, on=on, quick=quick)
    if plan is None:
        (folder / WANTED).unlink(missing_ok=True)
        return False
    job = {"recipe": None, "artifact_folder": str(version.path), "evaluation": plan, "devices": 1}
    write_json(folder / "job.json", job)
    process = start_job(folder)
    left = False
    while process.poll() is None:
        try:
            process.wait(TICK_SECONDS)
        except subprocess.TimeoutExpired:
            if shutdown_requested():
                left = True
                process.kill()
    if left:
        return False  # still wanted: the sweep announces it again
    if process.returncode == DONE:
        with transaction.atomic():
            evaluations_record(
                folder=folder, version=version, report=read_json(folder / "evaluation.json"), experiment=None
            )
    else:
        logger.error("The evaluation of %s failed; see %s", version, folder / "log.txt")
        if not (folder / "error.json").is_file():
            sentence = "Its process was killed, most likely because memory ran out; start it again."
            write_json(folder / "error.json", {"kind": "killed", "message": sentence})
    (folder / WANTED).unlink(missing_ok=True)
    return process.returncode == DONE


def evaluations_announce() -> None:
    """Announce requested evaluations again: a message may have been lost."""
    for wanted in sorted(Path(settings.RUNS_DIR).glob(f"{FOLDER}/*/{WANTED}")):
        name, beside, dataset_id = wanted.parent.name.partition(BESIDE)
        version = ModelVersion.objects.filter(version=name).first()
        on = Dataset.objects.usable().filter(pk=int(dataset_id)).first() if beside else None
        if version is None or (beside and on is None):
            shutil.rmtree(wanted.parent, ignore_errors=True)
            continue
        try:
            enqueue_now(EVALUATE_TASK, model_version_id=version.pk, **_named(on))
        except NoBroker:
            return


def evaluation_folder(model_version: ModelVersion, on: Dataset | None = None) -> Path:
    """Return the folder where a version is measured (on the test set, or `on` another one) and its scores are kept."""
    beside = f"{BESIDE}{on.pk}" if on is not None else ""
    return runs_root() / FOLDER / f"{model_version.version}{beside}"


def _named(on: Dataset | None) -> dict[str, int]:
    return {"dataset_id": on.pk} if on is not None else {}
