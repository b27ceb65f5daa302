"""The verbs of sweeps: start, cancel, go on with more trials, delete, train the best in full.

None of them needs Optuna: they write what is wanted, and `sweep_step`, on the training queue, does it.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

from django.db import transaction
from django.utils import timezone

from classifier.core.permissions import require_permission
from classifier.models import ModelVersion, User
from toxicsite.lib.jobs import enqueue_on_commit
from toxicsite.lib.lifecycle import IllegalTransition, LostRace, transition
from toxicsite.lib.upsert import try_insert
from training.core.errors import ConfigRejected, NotAllowedNow
from training.experiments.configs import check_dataset, check_teacher, config_whole, nested, rejected
from training.experiments.services import MAY_RUN, checked_name, experiment_cancel, experiment_create
from training.ml.config import ConfigError, dotted
from training.ml.search.objectives import parse_objectives
from training.ml.search.space import SpaceError, grid_size, parse_space
from training.ml.search.study import SweepPlan, checked_plan
from training.models import SWEEP_TRANSITIONS, Dataset, Experiment, RunStatus, Sweep
from training.sweeps.selectors import full_config, plan_of

SWEEP_TASK = "training.sweep"
MOST_TRIALS, MOST_AT_ONCE = 1000, 16


def sweep_create(
    *,
    name: str,
    recipe: str,
    config: Mapping[str, Any],
    dataset: Dataset,
    space: Any,
    objectives: Any,
    sampler: str = "tpe",
    pruner: str = "median",
    trials: int = 20,
    teacher: Experiment | None = None,
    base_version: ModelVersion | None = None,
    by: User | None,
    seed: int = 13,
    train_best: bool = False,
    full: Mapping[str, Any] | None = None,
    at_once: int = 1,
) -> Sweep:
    """Queue a search. `config` holds differences to the recipe's defaults that every trial shares.

    `full` are differences that go over `config` when the best values are trained in full (for instance all rows where
    trials take few), `train_best` starts that run when the search is over. `objectives` is [{"metric": "f1"}, …],
    `space` as in training.ml.search.space. Raises PermissionDenied or ConfigRejected naming the field.
    """
    require_permission(by, MAY_RUN)
    name = checked_name(name)
    if Sweep.objects.filter(name=name).exists():
        raise ConfigRejected("name", "There is a sweep of this name; choose another.")
    if not 1 <= trials <= MOST_TRIALS:
        raise ConfigRejected("trials", f"Between 1 and {MOST_TRIALS}.")
    if not 1 <= at_once <= MOST_AT_ONCE:
        raise ConfigRejected("at_once", f"Between 1 and {MOST_AT_ONCE}.")
    check_dataset(dataset)
    check_teacher(teacher, base_version)
    whole = config_whole(
        recipe=recipe, differences=config, dataset=dataset, teacher=teacher, base_version=base_version
    )
    labels = whole["data"]["labels"]
    try:
        dimensions = parse_space(recipe, space)
        plan = checked_plan(
            SweepPlan(dimensions, parse_objectives(objectives, labels), sampler, pruner, trials, seed)
        )
    except SpaceError as error:
        raise ConfigRejected(error.field, error.message) from None
    except ConfigError as error:
        raise rejected(error) from None
    for dimension in dimensions:
        if dimension.name in dotted(nested(config)):
            raise ConfigRejected(dimension.name, "It is searched; leave it out of the fixed values.")
    config_whole(  # to report a mistake now and not in the last run
        recipe=recipe,
        differences={**dotted(nested(config)), **(full or {})},
        dataset=dataset,
        teacher=teacher,
        base_version=base_version,
    )
    sweep = Sweep(
        name=name,
        recipe=recipe,
        config=nested(config),
        dataset=dataset,
        teacher=teacher,
        base_version=base_version,
        space={dimension.name: dimension.to_dict() for dimension in dimensions},
        objectives=[objective.to_dict() for objective in plan.objectives],
        sampler=sampler,
        pruner=pruner,
        trials_wanted=plan.trials,
        seed=seed,
        study_name=f"sweep-{uuid4().hex}",
        options={"train_best": train_best, "at_once": at_once, "full": dotted(full or {})},
        created_by=by,
    )
    with transaction.atomic():
        if not try_insert(sweep):
            raise ConfigRejected("name", "There is a sweep of this name; choose another.")
        enqueue_on_commit(SWEEP_TASK, sweep_id=sweep.pk)
    return sweep


def sweep_cancel(*, sweep: Sweep, by: User | None) -> None:
    """Stop the search: trials that wait or run are cancelled, those that are done stay.

    Raises PermissionDenied or NotAllowedNow (it is over already).
    """
    require_permission(by, MAY_RUN)
    with transaction.atomic():
        row = Sweep.objects.select_for_update().get(pk=sweep.pk)
        if row.is_over:
            raise NotAllowedNow(f"The sweep is {row.status} already.")
        active = active_trials(row)
        if row.status == RunStatus.QUEUED and not active:
            transition(
                row,
                to=RunStatus.CANCELLED,
                allowed=SWEEP_TRANSITIONS,
                by=by,
                reason="cancelled before it started",
                finished_at=timezone.now(),
            )
        elif row.cancel_requested_at is None:
            Sweep.objects.filter(pk=row.pk).update(cancel_requested_at=timezone.now())
            row.history.create(old=row.status, new=row.status, actor=by, reason="asked to stop")
    cancel_trials(active, by=by)
    enqueue_on_commit(SWEEP_TASK, sweep_id=sweep.pk)
    sweep.refresh_from_db()


def sweep_resume(*, sweep: Sweep, trials: int, by: User | None) -> None:
    """Go on with `trials` more trials, which learn from all earlier ones. Raises PermissionDenied, NotAllowedNow or
    ConfigRejected."""
    require_permission(by, MAY_RUN)
    if not 1 <= trials <= MOST_TRIALS:
        raise ConfigRejected("trials", f"Between 1 and {MOST_TRIALS}.")
    if sweep.deleted_at is not None:
        raise NotAllowedNow("The sweep was deleted.")
    done = sum(1 for trial in sweep.analysis.get("trials", []) if trial["state"] != "running")
    wanted = done + trials
    if sweep.sampler == "grid":
        size = grid_size(plan_of(sweep).dimensions)
        if done >= size:
            raise NotAllowedNow(f"All {size} cells of the grid were tried; start a sweep with a wider space.")
        wanted = min(wanted, size)
    try:
        with transaction.atomic():
            transition(
                sweep,
                to=RunStatus.QUEUED,
                allowed=SWEEP_TRANSITIONS,
                by=by,
                reason=f"{wanted - done} more trials",
                trials_wanted=wanted,
                finished_at=None,
                cancel_requested_at=None,
                failure_reason="",
            )
            enqueue_on_commit(SWEEP_TASK, sweep_id=sweep.pk)
    except (IllegalTransition, LostRace):
        sweep.refresh_from_db()
        raise NotAllowedNow(
            f"The sweep is {sweep.status}; more trials can be added once it is over."
        ) from None


def sweep_delete(*, sweep: Sweep, by: User | None) -> None:
    """Take a sweep out of the lists and forget its study; its runs stay until they are deleted themselves.

    Raises PermissionDenied or NotAllowedNow (it is not over).
    """
    require_permission(by, MAY_RUN)
    with transaction.atomic():
        row = Sweep.objects.select_for_update().get(pk=sweep.pk)
        if not row.is_over:
            raise NotAllowedNow("The sweep is not over; cancel it first.")
        if row.deleted_at is None:
            row.deleted_at = timezone.now()
            row.name = f"{row.name[:120]} (deleted {row.pk})"  # the name is free again
            row.save(update_fields=["deleted_at", "name"])
            enqueue_on_commit(SWEEP_TASK, sweep_id=sweep.pk)
    sweep.refresh_from_db()


def sweep_train_best(*, sweep: Sweep, by: User | None, number: int | None = None) -> Experiment:
    """Queue a normal run, measured and registered in full, with the values of the best trial (or of trial `number`).

    Raises PermissionDenied, NotAllowedNow (no trial has finished) or ConfigRejected.
    """
    require_permission(by, MAY_RUN)
    wanted = sweep.analysis.get("best") if number is None else number
    trial = next((t for t in sweep.analysis.get("trials", []) if t["number"] == wanted), None)
    if trial is None or trial["state"] != "complete":
        raise NotAllowedNow("No such trial has finished; choose one that has.")
    return experiment_create(
        name=f"{sweep.name[:120]}, trial {wanted} in full",
        recipe=sweep.recipe,
        config=full_config(sweep, trial),
        dataset=sweep.dataset,
        teacher=sweep.teacher,
        base_version=sweep.base_version,
        notes=f"The values of trial {wanted} of the sweep “{sweep.name}”.",
        trigger="sweep",
        by=by,
    )


def active_trials(sweep: Sweep) -> list[Experiment]:
    """Return the trials' runs that wait or run."""
    return list(
        sweep.experiments.filter(status__in=(RunStatus.QUEUED, RunStatus.RUNNING)).order_by("trial_number")
    )


def cancel_trials(runs: Sequence[Experiment], *, by: User | None) -> None:
    for run in runs:
        try:
            experiment_cancel(experiment=run, by=by)
        except NotAllowedNow:  # it has ended in the meantime
            continue
