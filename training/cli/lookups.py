"""Find the rows that a command names, and show them."""

from typing import Any

from classifier.models import ModelVersion
from training.cli.base import row_named
from training.models import Dataset, Experiment, Sweep, TestSuite


def experiment_of(named: str) -> Experiment:
    return row_named(Experiment.objects.visible().select_related("dataset"), "experiment", named)


def dataset_of(named: str) -> Dataset:
    return row_named(Dataset.objects.usable(), "dataset", named, "name")


def version_of(named: str) -> ModelVersion:
    return row_named(ModelVersion.objects.all(), "model version", named, "version")


def sweep_of(named: str) -> Sweep:
    return row_named(Sweep.objects.filter(deleted_at__isnull=True), "sweep", named, "name")


def suite_of(named: str) -> TestSuite:
    return row_named(TestSuite.objects.all(), "test suite", named, "name")


def started_from(teacher: str | None, base_version: str | None = None) -> dict[str, Any]:
    """Find the teacher and the base version that a command names, as the services take them."""
    named: dict[str, Any] = {}
    if teacher:
        named["teacher"] = experiment_of(teacher)
    if base_version:
        named["base_version"] = version_of(base_version)
    return named


def experiment_fields(run: Experiment) -> dict[str, Any]:
    return {
        "id": run.pk,
        "name": run.name,
        "recipe": run.recipe,
        "status": run.status,
        "dataset": run.dataset.name,
        "teacher": run.teacher_id,
        "base_version": run.base_version_id,
        "language": run.language,
        "model_version": str(run.model_version) if run.model_version else None,
        "progress": run.progress,
        "failure_reason": run.failure_reason,
        "created_at": run.created_at,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
    }


def experiment_line(run: Experiment) -> str:
    return f"{run.pk:>6}  {run.status:<9}  {run.recipe:<12}  {run.name}"


def dataset_fields(dataset: Dataset) -> dict[str, Any]:
    return {
        "id": dataset.pk,
        "name": dataset.name,
        "kind": dataset.kind,
        "origin": dataset.origin,
        "state": dataset.state,
        "problem": dataset.statistics.get("problem", "") if dataset.state == "failed" else "",
        "labels": dataset.labels,
        "rows": dataset.rows,
        "fingerprints": dataset.fingerprints,
        "is_test_set": dataset.is_test_set,
        "created_at": dataset.created_at,
    }


def dataset_line(dataset: Dataset) -> str:
    mark = "test set" if dataset.is_test_set else ""
    return f"{dataset.pk:>6}  {dataset.state:<7}  {dataset.total_rows():>9,} rows  {mark:<8}  {dataset.name}"


def sweep_fields(sweep: Sweep) -> dict[str, Any]:
    return {
        "id": sweep.pk,
        "name": sweep.name,
        "recipe": sweep.recipe,
        "status": sweep.status,
        "objectives": sweep.objectives,
        "trials_wanted": sweep.trials_wanted,
        "trials": len(sweep.analysis.get("trials", [])),
        "best": sweep.analysis.get("best"),
        "best_experiment": sweep.best_experiment_id,
        "failure_reason": sweep.failure_reason,
    }


def version_fields(version: ModelVersion) -> dict[str, Any]:
    return {
        "id": version.pk,
        "version": version.version,
        "status": version.status,
        "is_shadow": version.is_shadow,
        "slots": [slot.language for slot in version.slots.all()],
        "labels": version.labels,
        "thresholds": version.thresholds,
        "created_at": version.created_at,
        "activated_at": version.activated_at,
    }
