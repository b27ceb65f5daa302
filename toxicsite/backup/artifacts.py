"""What the database expects to lie in the folders of artifacts, and does not."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings

from classifier.model_versions.model_files import files_damage, files_restore
from classifier.models import ModelVersion, Transfer


def folder_of(name: str) -> Path:
    """Return the folder of models, datasets, runs or transfers."""
    return Path(getattr(settings, f"{name.upper()}_DIR"))


def artifacts_missing() -> list[str]:
    """Return a sentence for each folder or file that a row names and that is not there; contents are not read."""
    return [*_models(), *_datasets(), *_runs(), *_transfers()]


def models_make_again() -> list[str]:
    """Make damaged or missing copies of shipped models again; return the versions that this was done for."""
    return [
        str(version)
        for version in ModelVersion.objects.all()
        if files_damage(version) and files_restore(version)
    ]


def _models() -> Iterator[str]:
    for version in ModelVersion.objects.order_by("pk"):
        if not version.path.is_dir():
            yield f"The folder of the model {version} ({version.get_status_display().lower()}) is missing."


def _datasets() -> Iterator[str]:
    for dataset in (
        _training_rows("Dataset").exclude(directory="").filter(deleted_at__isnull=True).order_by("pk")
    ):
        if not dataset.path.is_dir():
            yield f"The rows of the dataset “{dataset.name}” are missing."


def _runs() -> Iterator[str]:
    for run in (
        _training_rows("Experiment").exclude(directory="").filter(deleted_at__isnull=True).order_by("pk")
    ):
        if not run.path.is_dir():
            yield f"The folder of the experiment “{run.name}” is missing."
    root = folder_of("runs")
    for scores in (
        _training_rows("Evaluation").exclude(scores="").order_by("pk").values_list("scores", flat=True)
    ):
        if not (root / scores).is_file():
            yield f"The scores of an evaluation ({scores}) are missing."


def _training_rows(model: str) -> Any:
    """Return the rows of a model of training by its name: doctor uses this, and tests of classifier use doctor."""
    return apps.get_model("training", model)._default_manager.all()


def _transfers() -> Iterator[str]:
    waiting = Transfer.objects.filter(kind=Transfer.Kind.IMPORT, status__in=["queued", "running"])
    root = folder_of("transfers")
    for transfer in waiting.exclude(file="").order_by("pk"):
        if not (root / transfer.file).is_file():
            yield f"The file of import {transfer.pk}, which is not done, is missing."
