"""What comes of a finished run: a candidate version, its evaluation, those of the baselines, and provenance."""

import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from classifier.model_versions.services import model_version_register
from classifier.models import ModelVersion
from toxicsite.lib.lifecycle import transition
from toxicsite.lib.upsert import update_or_insert
from training.experiments.follower import log_tail, own_row, plain
from training.experiments.job_spec import fingerprint_of_rows
from training.experiments.services import tell_ended
from training.models import (
    RUN_TRANSITIONS,
    Dataset,
    Evaluation,
    Experiment,
    RunStatus,
    TestSuite,
    TestSuiteResult,
)


def run_register(*, experiment: Experiment) -> None:
    """Register the artifact as a candidate and bring the run to `succeeded`, with all that was measured.

    A trial of a sweep is not registered: the run of the best values is.
    May be repeated after a kill at any instant: the same artifact is the same version, and the rest is one
    transaction. Raises ArtifactRejected, OSError, or LostRun when the run is no longer ours.
    """
    folder = experiment.path
    card = read_json(folder / "run.json") or {}
    trial = experiment.sweep_id is not None
    version = None if trial else model_version_register(directory=folder / "artifact")
    report = read_json(folder / "evaluation.json")
    with transaction.atomic():
        row = own_row(experiment)
        problem = (
            evaluations_record(folder=folder, version=version, report=report, experiment=row)
            if version
            else ""
        )
        result = {name: value for name, value in card.items() if name != "provenance"}
        if problem:
            result["evaluation_problem"] = problem
        if (languages := read_json(folder / "languages.json")) is not None:
            result["languages"] = languages
        transition(
            row,
            to=RunStatus.SUCCEEDED,
            allowed=RUN_TRANSITIONS,
            reason=f"registered {version}"[:500] if version else "the trial is done",
            result=plain(result),
            provenance=plain(provenance(row, card, version)),
            model_version=version,
            finished_at=Now(),
            log=plain(log_tail(folder / "log.txt")),
        )
        tell_ended(row, version)


def evaluations_record(
    *, folder: Path, version: ModelVersion, report: dict[str, Any] | None, experiment: Experiment | None
) -> str:
    """Keep what a job in `folder` measured; return why there is no evaluation, or "". Inside a transaction."""
    job = read_json(folder / "job.json") or {}
    plan = job.get("evaluation")
    if not plan:
        return (
            "It was not measured: choose a dataset with test rows as the test set, then evaluate the version."
        )
    if not report or "problem" in report:
        return str((report or {}).get("problem") or "It was not measured.")
    dataset = Dataset.objects.get(pk=plan["dataset"])
    fingerprint = fingerprint_of_rows(dataset, report)
    _keep(version, report, dataset, fingerprint, folder / "scores.npy", experiment)
    active = read_json(folder / "active.json")
    if active is not None:
        measured = ModelVersion.objects.filter(version=active["version"]).first()
        if measured is not None:
            _keep(measured, active, dataset, fingerprint, folder / "active-scores.npy", None)
    for name, baseline in (read_json(folder / "baselines.json") or {}).items():
        if experiment is not None:
            _keep_baseline(name, baseline, dataset, fingerprint, experiment)
    return ""


def provenance(experiment: Experiment, card: dict[str, Any], version: ModelVersion | None) -> dict[str, Any]:
    """Return what the run's card tells, and what only the database knows."""
    teacher = experiment.teacher.model_version if experiment.teacher else experiment.base_version
    dataset = experiment.dataset
    return {
        **card.get("provenance", {}),
        "experiment": experiment.pk,
        "dataset": {"id": dataset.pk, "name": dataset.name, "fingerprints": dataset.fingerprints},
        "teacher_version": teacher.version if teacher else None,
        "teacher_experiment": experiment.teacher_id,
        "worker": experiment.worker,
        "device": experiment.device,
        "attempts": experiment.attempts,
        "version": version.version if version else None,
    }


def read_json(path: Path) -> dict[str, Any] | None:
    """Return the JSON object in a file, None where there is none."""
    try:
        value = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def _keep(
    version: ModelVersion,
    report: dict[str, Any],
    dataset: Dataset,
    fingerprint: str,
    scores: Path,
    experiment: Experiment | None,
) -> None:
    fields: dict[str, Any] = {"report": plain(report), "dataset": dataset, "scores": _relative(scores)}
    if experiment is not None:
        fields["experiment"] = experiment
    update_or_insert(
        Evaluation.objects.all(), model_version=version, fingerprint=fingerprint, baseline="", defaults=fields
    )
    known = set(TestSuite.objects.values_list("pk", flat=True))
    for suite in report.get("suites") or []:
        if suite.get("id") in known:
            update_or_insert(
                TestSuiteResult.objects.all(),
                suite_id=suite["id"],
                model_version=version,
                defaults={"report": plain(suite)},
            )


def _keep_baseline(
    name: str, report: dict[str, Any], dataset: Dataset, fingerprint: str, experiment: Experiment
) -> None:
    trained_on = str(experiment.dataset.fingerprints.get("train", ""))
    Dataset.objects.select_for_update().get(pk=dataset.pk)  # two devices may end at the same moment
    known = Evaluation.objects.filter(baseline=name, fingerprint=fingerprint, trained_on=trained_on)
    if not known.exists():
        Evaluation.objects.create(
            baseline=name,
            fingerprint=fingerprint,
            trained_on=trained_on,
            dataset=dataset,
            experiment=experiment,
            report=plain(report),
        )


def _relative(path: Path) -> str:
    return str(path.relative_to(settings.RUNS_DIR)) if path.is_file() else ""
