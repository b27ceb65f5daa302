"""The verbs of experiments: start one or a whole plan, clone, cancel, resume, delete.

Each is checked first, queued, and announced after commit; the end of a run is an event of the transaction that wrote
it.
"""

import logging
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import ProtectedError
from django.utils import timezone
from django.utils.text import slugify

from classifier.core.events import EXPERIMENT_FINISHED, emit
from classifier.core.permissions import require_permission
from classifier.models import ModelVersion, ModelVersionStatus, User
from toxicsite.lib.broker import NoBroker
from toxicsite.lib.jobs import enqueue_now, enqueue_on_commit
from toxicsite.lib.lifecycle import IllegalTransition, LostRace, transition
from training.core.errors import ConfigRejected, NotAllowedNow
from training.experiments.configs import (
    STARTS,
    check_dataset,
    check_teacher,
    config_whole,
    merged,
    nested,
    rejected,
    shipped_name,
)
from training.experiments.job_spec import teacher_verdict
from training.experiments.named_models import runs_named, with_numbers
from training.ml.config import ConfigError, read_plan
from training.models import OVER, RUN_TRANSITIONS, Dataset, Experiment, MetricPoint, RunStatus, Sweep

RUN_TASK = "training.run"
MAY_RUN = "training.run_experiment"
LONGEST_NAME = 150
TRIGGERS = ("person", "schedule", "drift", "sweep", "plan", "import")
CHANGEABLE = ("name", "notes", "config", "dataset", "teacher", "base_version", "quick_measurement")
ASKED_TO_STOP = "asked to stop"
RINGS_AT_ONCE = 5

logger = logging.getLogger(__name__)


def experiment_create(
    *,
    name: str,
    recipe: str,
    config: Mapping[str, Any],
    dataset: Dataset,
    by: User | None,
    preset: str = "",
    teacher: Experiment | None = None,
    base_version: ModelVersion | None = None,
    notes: str = "",
    trigger: str = "person",
    sweep: Sweep | None = None,
    trial_number: int | None = None,
    cloned_from: Experiment | None = None,
    language: str = "",
    quick_measurement: bool = False,
) -> Experiment:
    """Queue a run. `config` holds differences, nested or dotted, to the recipe's defaults or the preset's.

    `quick_measurement` leaves out of its evaluation what takes long. With a `teacher` that has not
    succeeded yet it waits for it. `language` is the base language that the run adds to `base_version`: the version that
    it makes is measured by language beside that one. Raises PermissionDenied or ConfigRejected.
    """
    require_permission(by, MAY_RUN)
    name = checked_name(name)
    if trigger not in TRIGGERS:
        raise ConfigRejected("trigger", f"This must be one of {', '.join(TRIGGERS)}.")
    check_dataset(dataset)
    check_teacher(teacher, base_version)
    whole = config_whole(
        recipe=recipe,
        differences=config,
        dataset=dataset,
        preset=preset,
        teacher=teacher,
        base_version=base_version,
    )
    with transaction.atomic():
        experiment = Experiment.objects.create(
            name=name,
            notes=notes.strip(),
            recipe=recipe,
            config=whole,
            dataset=dataset,
            teacher=teacher,
            base_version=base_version,
            cloned_from=cloned_from,
            sweep=sweep,
            trial_number=trial_number,
            trigger=trigger,
            language=language,
            quick_measurement=quick_measurement,
            created_by=by,
        )
        give_folder(experiment)
        enqueue_on_commit(RUN_TASK, experiment_id=experiment.pk)
    return experiment


def experiment_clone(*, experiment: Experiment, changes: Mapping[str, Any], by: User | None) -> Experiment:
    """Queue a run like `experiment`, with `changes` to its name, notes, config (differences), dataset or start.

    A changed teacher replaces a base version and the other way round. Raises PermissionDenied or ConfigRejected.
    """
    for name in changes:
        if name not in CHANGEABLE:
            raise ConfigRejected(name, f"A clone changes {', '.join(CHANGEABLE)} and nothing else.")
    differences = nested(changes.get("config") or {})
    config = merged(experiment.config, differences)
    dataset = changes.get("dataset") or experiment.dataset
    if dataset != experiment.dataset and "labels" not in differences.get("data", {}):
        config = {**config, "data": {k: v for k, v in config["data"].items() if k != "labels"}}
    teacher, base_version = experiment.teacher, experiment.base_version
    if changes.get("teacher") or changes.get("base_version"):
        teacher, base_version = changes.get("teacher"), changes.get("base_version")
        config = {name: value for name, value in config.items() if name not in STARTS}
    return experiment_create(
        name=changes.get("name") or f"{experiment.name[: LONGEST_NAME - 7]} (copy)",
        recipe=experiment.recipe,
        config=config,
        dataset=dataset,
        teacher=teacher,
        base_version=base_version,
        notes=changes.get("notes", experiment.notes),
        cloned_from=experiment,
        language=experiment.language if base_version is not None else "",
        quick_measurement=changes.get("quick_measurement", experiment.quick_measurement),
        by=by,
    )


def experiment_cancel(*, experiment: Experiment, by: User | None) -> None:
    """Cancel a queued run at once; ask a running one to stop, which takes seconds and keeps its checkpoint.

    Raises PermissionDenied or NotAllowedNow (it is over already).
    """
    require_permission(by, MAY_RUN)
    with transaction.atomic():
        row = Experiment.objects.select_for_update().get(pk=experiment.pk)
        if row.status == RunStatus.QUEUED:
            transition(
                row,
                to=RunStatus.CANCELLED,
                allowed=RUN_TRANSITIONS,
                by=by,
                reason="cancelled before it started",
                finished_at=timezone.now(),
            )
            tell_ended(row)
        elif row.status == RunStatus.RUNNING:
            if row.cancel_requested_at is None:
                Experiment.objects.filter(pk=row.pk).update(cancel_requested_at=timezone.now())
                row.history.create(old=row.status, new=row.status, actor=by, reason=ASKED_TO_STOP)
        else:
            raise NotAllowedNow(
                f"The run is {row.status} already; only a queued or running one is cancelled."
            )
    experiment.refresh_from_db()


def experiment_resume(*, experiment: Experiment, by: User | None) -> None:
    """Queue a failed or cancelled run again; it goes on from its checkpoint where there is one.

    Raises PermissionDenied or NotAllowedNow.
    """
    require_permission(by, MAY_RUN)
    if experiment.deleted_at is not None:
        raise NotAllowedNow("The run was deleted; start a new one like it.")
    if experiment.sweep_id is not None and experiment.sweep is not None and experiment.sweep.finished_at:
        raise NotAllowedNow("The run is a trial of a sweep that is over; clone it to train it again.")
    try:
        with transaction.atomic():
            transition(
                experiment,
                to=RunStatus.QUEUED,
                allowed=RUN_TRANSITIONS,
                by=by,
                reason="resumed",
                attempts=0,
                finished_at=None,
                heartbeat_at=None,
                cancel_requested_at=None,
                failure_reason="",
            )
            enqueue_on_commit(RUN_TASK, experiment_id=experiment.pk)
    except (IllegalTransition, LostRace):
        experiment.refresh_from_db()
        raise NotAllowedNow(
            f"The run is {experiment.status}; only a failed or cancelled one is resumed."
        ) from None


def checked_name(name: str) -> str:
    """Return the name as it is stored. Raises ConfigRejected."""
    name = " ".join(name.split())
    if not name:
        raise ConfigRejected("name", "Give the run a name.")
    if len(name) > LONGEST_NAME:
        raise ConfigRejected("name", f"At most {LONGEST_NAME} characters.")
    if not name.isprintable():
        raise ConfigRejected("name", "The name holds a character that cannot be shown.")
    return name


def give_folder(experiment: Experiment) -> None:
    """Name the run's folder; its worker makes it."""
    experiment.directory = f"{experiment.pk}-{slugify(experiment.name)[:60] or 'run'}"
    experiment.save(update_fields=["directory"])


def plan_start(*, plan: str, dataset: Dataset, by: User | None) -> list[Experiment]:
    """Queue every run of a shipped plan on `dataset`, all or none; students wait for their teachers.

    Raises PermissionDenied or ConfigRejected.
    """
    require_permission(by, MAY_RUN)
    shipped_name(plan, "plan")
    try:
        planned = read_plan(plan)
    except ConfigError as error:
        raise rejected(error) from None
    made: dict[str, Experiment] = {}
    with transaction.atomic():
        for run in planned.runs:
            made[run.name] = experiment_create(
                name=run.name,
                recipe=run.recipe,
                preset=run.preset,
                config=with_numbers(run.recipe, run.config, made),
                teacher=made[run.teacher] if run.teacher else None,
                dataset=dataset,
                notes=f"From the plan {planned.title}.",
                trigger="plan",
                by=by,
            )
    return list(made.values())


def tell_ended(experiment: Experiment, version: ModelVersion | None = None) -> None:
    """Emit that a run has ended, if it has; trials of a sweep are left out, the run of the best values is not."""
    if not experiment.is_over or experiment.sweep_id is not None:
        return
    emit(
        EXPERIMENT_FINISHED,
        {
            "experiment": experiment.pk,
            "name": experiment.name,
            "status": str(experiment.status),
            "model_version": version.pk if version is not None else None,
        },
    )


def announce_queued() -> None:
    """Announce the oldest queued runs that could start now, or can never start."""
    queued = Experiment.objects.queued().select_related("teacher").order_by("id")
    ready = [row.pk for row in queued if teacher_verdict(row)[0] != "wait"][:RINGS_AT_ONCE]
    try:
        for pk in ready:
            enqueue_now(RUN_TASK, experiment_id=pk)
    except NoBroker:
        logger.warning("Redis does not answer; the next sweep announces queued runs")


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
        folders = [Path(settings.RUNS_DIR) / row.directory] if row.directory else []
        Experiment.objects.filter(pk=row.pk).update(
            deleted_at=timezone.now(), model_version=None, directory="", log=""
        )
        MetricPoint.objects.filter(experiment=row).delete()
        row.history.create(old=row.status, new=row.status, actor=by, reason="deleted")
        if version is not None and not Experiment.objects.filter(model_version=version).exists():
            folders.append(version.path)
            try:
                version.delete()
            except ProtectedError:
                raise NotAllowedNow(f"Another run starts from {version}; delete that one first.") from None
        transaction.on_commit(lambda: _remove(folders))
    experiment.refresh_from_db()


def _refuse_for_students(row: Experiment) -> None:
    unfinished = Experiment.objects.visible().exclude(status__in=OVER)
    naming = (run for run in unfinished if row.pk in runs_named(run.recipe, run.config))
    waiting = unfinished.filter(teacher=row).first() or next(naming, None)
    if waiting is not None:
        raise NotAllowedNow(f"It is the teacher of {waiting}, which is not over; cancel that run first.")


def _refuse_for_version(version: ModelVersion) -> None:
    if version.status == ModelVersionStatus.ACTIVE:
        raise NotAllowedNow(f"Its version {version} is in production; activate another one first.")
    if slots := list(version.slots.values_list("language", flat=True)):
        raise NotAllowedNow(
            f"Its version {version} is in production for {', '.join(slots)}; empty those slots first."
        )
    if version.is_shadow or version.shadow_slots.exists():
        raise NotAllowedNow(f"Its version {version} scores live traffic as the shadow; end that first.")
    if version.status == ModelVersionStatus.RETIRED or version.history.exists():
        raise NotAllowedNow(f"Its version {version} was in production and stays for the history.")
    if version.predictions.exists() or version.shadow_predictions.exists():
        raise NotAllowedNow(f"Its version {version} has made predictions and stays for the history.")


def _remove(folders: list[Path]) -> None:
    """Take folders away; what is left over after a kill belongs to no run and does no harm."""
    roots = {Path(settings.RUNS_DIR).resolve(), Path(settings.MODELS_DIR).resolve()}
    for folder in folders:
        if folder.resolve().parent in roots:
            shutil.rmtree(folder, ignore_errors=True)
