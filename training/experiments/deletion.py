"""Deleting a run with its folder and the candidate that came of it, unless somebody still needs them."""

import shutil
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import ProtectedError
from django.utils import timezone

from classifier.core.permissions import require_permission
from classifier.models import ModelVersion, ModelVersionStatus, User
from training.core.errors import NotAllowedNow
from training.experiments.services import MAY_RUN
from training.models import OVER, Experiment, MetricPoint, RunStatus


def experiment_delete(*, experiment: Experiment, by: User | None) -> None:
    """Remove a run that is over: its curves, its folder and its candidate version. The row stays for the history.

    Raises PermissionDenied, or NotAllowedNow when it runs, is the teacher of a run that is not over, or its version
    was in production, made predictions, is the shadow, or is what another run starts from.
    """
    require_permission(by, MAY_RUN)
    with transaction.atomic():
        row = Experiment.objects.select_for_update().get(pk=experiment.pk)
        if row.deleted_at is not None:
            return
        if row.status == RunStatus.RUNNING:
            raise NotAllowedNow("The run is going on; cancel it first.")
        if row.status == RunStatus.QUEUED:
            raise NotAllowedNow("The run is queued; cancel it first.")
        _refuse_for_students(row)
        version = row.model_version
        if version is not None:
            _refuse_for_version(version)
        places = [Path(settings.RUNS_DIR) / row.directory] if row.directory else []
        Experiment.objects.filter(pk=row.pk).update(
            deleted_at=timezone.now(), model_version=None, directory="", log=""
        )
        MetricPoint.objects.filter(experiment=row).delete()
        row.history.create(old=row.status, new=row.status, actor=by, reason="deleted")
        if version is not None and not Experiment.objects.filter(model_version=version).exists():
            places.append(version.path)
            try:
                version.delete()
            except ProtectedError:
                raise NotAllowedNow(f"Another run starts from {version}; delete that one first.") from None
        transaction.on_commit(lambda: _remove(places))
    experiment.refresh_from_db()


def _refuse_for_students(row: Experiment) -> None:
    waiting = Experiment.objects.visible().filter(teacher=row).exclude(status__in=OVER).first()
    if waiting is not None:
        raise NotAllowedNow(f"It is the teacher of {waiting}, which is not over; cancel that run first.")


def _refuse_for_version(version: ModelVersion) -> None:
    if version.status == ModelVersionStatus.ACTIVE:
        raise NotAllowedNow(f"Its version {version} is in production; activate another one first.")
    if version.is_shadow:
        raise NotAllowedNow(f"Its version {version} scores live traffic as the shadow; end that first.")
    if version.status == ModelVersionStatus.RETIRED or version.history.exists():
        raise NotAllowedNow(f"Its version {version} was in production and stays for the history.")
    if version.predictions.exists() or version.shadow_predictions.exists():
        raise NotAllowedNow(f"Its version {version} has made predictions and stays for the history.")


def _remove(places: list[Path]) -> None:
    """Take folders away; what is left over after a kill belongs to no run and does no harm."""
    roots = {Path(settings.RUNS_DIR).resolve(), Path(settings.MODELS_DIR).resolve()}
    for place in places:
        if place.resolve().parent in roots:
            shutil.rmtree(place, ignore_errors=True)
