"""The verbs of experiments: start, clone, cancel, resume; each checked first, queued, and announced after commit."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify

from classifier.core.permissions import require_permission
from classifier.models import ModelVersion, User
from toxicsite.lib.jobs import enqueue_on_commit
from toxicsite.lib.lifecycle import IllegalTransition, LostRace, transition
from training.core.errors import ConfigRejected, NotAllowedNow
from training.experiments.configs import check_dataset, check_teacher, config_whole, merged, nested
from training.experiments.run_events import tell_ended
from training.models import RUN_TRANSITIONS, Dataset, Experiment, RunStatus, Sweep

RUN_TASK = "training.run"
MAY_RUN = "training.run_experiment"
LONGEST_NAME = 150
TRIGGERS = ("person", "schedule", "drift", "sweep", "plan", "import")
CHANGEABLE = ("name", "notes", "config", "dataset", "teacher", "base_version")
ASKED_TO_STOP = "asked to stop"


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
) -> Experiment:
    """Queue a run. `config` holds differences, nested or dotted, to the recipe's defaults or the preset's.

    With a `teacher` that has not succeeded yet it waits for it. Raises PermissionDenied or ConfigRejected.
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
        config = {name: value for name, value in config.items() if name not in ("teacher", "base")}
    return experiment_create(
        name=changes.get("name") or f"{experiment.name[: LONGEST_NAME - 7]} (copy)",
        recipe=experiment.recipe,
        config=config,
        dataset=dataset,
        teacher=teacher,
        base_version=base_version,
        notes=changes.get("notes", experiment.notes),
        cloned_from=experiment,
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
    """The name as it is stored. Raises ConfigRejected."""
    name = " ".join(name.split())
    if not name:
        raise ConfigRejected("name", "Give the run a name.")
    if len(name) > LONGEST_NAME:
        raise ConfigRejected("name", f"At most {LONGEST_NAME} characters.")
    if not name.isprintable():
        raise ConfigRejected("name", "The name holds a character that cannot be shown.")
    return name


def give_folder(experiment: Experiment) -> None:
    """Name the run's folder; whoever runs it makes it."""
    experiment.directory = f"{experiment.pk}-{slugify(experiment.name)[:60] or 'run'}"
    experiment.save(update_fields=["directory"])
